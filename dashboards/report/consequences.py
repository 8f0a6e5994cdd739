"""Consequences: what each option would do to people, per 1,000 scored, from figures that are shown.

Another threshold is read off the drawn bands of scores, whose shares are told to two digits: so it is
told to the nearest ten people. Nothing here is worked out from a count that is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.report.facts import LOSS, Facts
from monitors.audit import Finding
from monitors.views import Scores

AWAY = 0.1  # how far from the threshold in use another one is tried


@dataclass(frozen=True, slots=True)
class Effect:
    """People per 1,000 scored: flagged, with the outcome and not flagged, flagged without it."""

    flagged: float
    missed: float
    alarms: float

    def benefit(self, had: float, weight: float) -> float:
        """People rightly flagged per 1,000, each false alarm costing `weight` of one."""
        return had * 1000 - self.missed - self.alarms * weight


@dataclass(frozen=True, slots=True)
class Option:
    """Something the committee may decide, with its effect on everyone (None) and on each group."""

    name: str
    changes: str
    effects: Mapping[tuple[str, str] | None, Effect]
    work: str
    agree: str
    reversible: str
    evidence: str
    coarse: bool = False


def options(facts: Facts) -> tuple[Option, ...]:
    """What may be decided: always going on, turning it off, and what lies between where it can be worked out."""
    places: list[tuple[str, str] | None] = [None, *facts.places]
    now = {place: effect for place in places if (effect := _now(facts, place))}
    off = {
        place: Effect(0.0, had * 1000, 0.0)
        for place in places
        if (had := facts.prevalence(*(place or ("", None)))) is not None
    }
    found = [
        Option("Do nothing", "Use goes on as it is.", now, "none", "nobody", "–", "measured in this period"),
        Option(
            "Turn it off", "Nobody is flagged; people find out by other means.", off,
            "tell the wards; name what replaces it", "executive sponsor, clinical owner", "yes", "measured, if nobody else would find them",
        ),
    ]  # fmt: skip
    if mended := _recalibrated(facts, now):
        found.append(
            Option(
                "Recalibrate by group", "The same threshold on a risk put right for each group; only groups listed in table 8b.", mended,
                "vendor or data science; then silent running", "clinical owner, ethics or equity lead", "yes", "estimated from this period's counts",
            )
        )  # fmt: skip
    found += _thresholds(facts)
    return tuple(found)


def weight(facts: Facts) -> float | None:
    """What a false alarm costs, in people rightly flagged, by the threshold in use."""
    at = facts.threshold
    return at / (1 - at) if at is not None else None


def _now(facts: Facts, place: tuple[str, str] | None) -> Effect | None:
    attribute, group = place or ("", None)
    where = ("model", None) if place is None else place
    flagged, missed, alarms = (
        _level(facts.find(m, *where)) for m in ("selection_rate", "missed_per_1000", "false_positive_rate")
    )
    had = facts.prevalence(attribute, group)
    if flagged is None or missed is None or alarms is None or had is None:
        return None
    return Effect(flagged * 1000, missed, alarms * (1 - had) * 1000)


def _level(finding: Finding | None) -> float | None:
    if finding is None:
        return None
    return finding.value if finding.group is None else finding.level


def _recalibrated(
    facts: Facts, now: Mapping[tuple[str, str] | None, Effect]
) -> dict[tuple[str, str] | None, Effect]:
    found: dict[tuple[str, str] | None, Effect] = {}
    for place in facts.places:
        held = [facts.find(name, *place) for name in LOSS.values()]
        caught, alarms, flags = (f.value if f else None for f in held)
        had, before = facts.prevalence(*place), now.get(place)
        if None in (caught, alarms, flags, had) or before is None:
            continue
        found[place] = Effect(
            max(before.flagged - (flags or 0) * 1000, 0.0),
            max(before.missed + (caught or 0) * (had or 0) * 1000, 0.0),
            max(before.alarms - (alarms or 0) * (1 - (had or 0)) * 1000, 0.0),
        )
    return found


def _thresholds(facts: Facts) -> list[Option]:
    at = facts.threshold
    if at is None:
        return []
    whole = facts.views("")
    by = {attribute: facts.views(attribute) for attribute in facts.attributes}
    if whole is None:
        return []
    found = []
    for name, wanted in (("Lower the threshold", at - AWAY), ("Raise the threshold", at + AWAY)):
        edge = min(whole.shown[0].edges[1:-1], key=lambda e: abs(e - wanted), default=at)
        if abs(edge - at) < AWAY / 2 or (edge < at) != (wanted < at):
            continue
        effects: dict[tuple[str, str] | None, Effect] = {None: _from(whole.shown[0], edge)}
        for attribute, views in by.items():
            for scores in views.shown if views else ():
                if scores.group and edge in scores.edges:
                    effects[attribute, scores.group] = _from(scores, edge)
        found.append(
            Option(
                name, f"People are flagged from {edge * 100:.0f} % on, not from {at * 100:.0f} %.", effects,
                "one setting; retrain staff on what a flag means", "clinical owner, ethics or equity lead", "yes",
                "measured on the same people, to the nearest ten per 1,000", coarse=True,
            )
        )  # fmt: skip
    return found


def _from(scores: Scores, edge: float) -> Effect:
    place = scores.edges.index(edge)
    had = scores.prevalence
    caught, alarms = sum(scores.positives[place:]) * had, sum(scores.negatives[place:]) * (1 - had)
    tens = [round(share * 100) * 10.0 for share in (caught + alarms, had - caught, alarms)]
    return Effect(tens[0], max(tens[1], 0.0), tens[2])
