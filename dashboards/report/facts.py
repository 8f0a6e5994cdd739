"""Facts: one assessed period, asked for as the report's tables and sentences need it.

Figures are rounded here and only here, after withholding; one decimal in tables, none in sentences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from monitors.assessed import Assessed
from monitors.audit import Finding, Verdict
from monitors.cells import UNKNOWN
from monitors.checks import threshold
from monitors.few import JOIN
from monitors.governance.audit_plan import Family
from monitors.governance.registration import Registered
from monitors.interval import difference
from monitors.metric import Estimate
from monitors.views import ByGroup, by_group
from monitors.words.figures import MINUS, date
from monitors.words.names import measure as named
from monitors.worst import worst_first

NOTHING = "–"
VERDICTS: Mapping[Verdict, str] = {
    Verdict.WITHIN: "Within the agreed margin",
    Verdict.BEYOND: "Beyond the agreed margin",
    Verdict.DIFFERENT: "Different, size unclear",
    Verdict.CANNOT_TELL: "Cannot tell",
    Verdict.WITHHELD: "Withheld (too few people)",
    Verdict.FAILED: "Could not be computed",
}
# What a committee is asked about first, with the question in the words of the ward.
QUESTIONS: Mapping[str, str] = {
    "true_positive_rate": "Are people who go on to have the outcome found as often?",
    "false_positive_rate": "Are people who do not have it flagged as often?",
    "positive_predictive_value": "Does a flag mean the same?",
    "selection_rate": "Are people flagged as often?",
    "observed_expected_ratio": "Is the risk right on average?",
    "auroc": "Are people ranked as well?",
    "miscalibration_loss": "Does the score itself miss people?",
    "net_benefit_over_default": "Is the tool better than no tool?",
}
LOSS: Mapping[str, str] = {
    "true_positive_rate": "miscalibration_loss",
    "false_positive_rate": "miscalibration_loss_false_positive",
    "selection_rate": "miscalibration_loss_selection",
}
SHARE = "share of rows"


@dataclass(frozen=True)
class Facts:
    """An assessed period by measure, attribute and group.

    `plan` is the approved one whose period holds this one; None where there is none.
    """

    assessed: Assessed
    plan: Registered | None = None

    @property
    def shareable(self) -> bool:
        """Whether it may leave the committee."""
        return self.assessed.edition == "shareable"

    @cached_property
    def _found(self) -> dict[tuple[str, str, str | None], Finding]:
        return {f.key: f for f in self.assessed.shown.findings}

    def find(self, metric: str, subject: str = "model", group: str | None = None) -> Finding | None:
        """One finding, as readers may see it."""
        return self._found.get((metric, subject, group))

    def own(self, metric: str, subject: str = "model", group: str | None = None) -> Estimate | None:
        """What a group, or everyone, has itself; None where it may not be shown."""
        held = self.assessed.values.get((metric, subject, group))
        return held if held is not None and held.value is not None else None

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """What people are grouped by, as registered; intersections not among them."""
        return tuple(a.name for a in self.assessed.config.columns.sensitive if len(a.columns) == 1)

    @cached_property
    def intersections(self) -> tuple[str, ...]:
        """Registered combinations."""
        return tuple(a.name for a in self.assessed.config.columns.sensitive if len(a.columns) > 1)

    def groups(self, attribute: str) -> tuple[str, ...]:
        """The groups of an attribute that are counted here, those unknown last."""
        cube = self.assessed.profile.cubes.get(attribute)
        return cube.groups if cube is not None else ()

    @cached_property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Every (attribute, group), in the registered order: an order by value could tell of one hidden."""
        return tuple((a, g) for a in self.attributes for g in self.groups(a))

    @cached_property
    def judged(self) -> tuple[Finding, ...]:
        """The registered family: every gap with a margin that goes to the committee."""
        return tuple(
            f
            for f in self.assessed.shown.findings
            if f.group is not None and f.margin is not None and f.severity == "committee" and f.slow is None
        )

    def family(self, finding: Finding) -> Family:
        """Which family a comparison is of; what no approved plan asked beforehand is exploratory."""
        asked = self.plan.plan.asks(finding) if self.plan is not None else None
        return asked.family if asked is not None else "exploratory"

    @cached_property
    def registered(self) -> tuple[Finding, ...]:
        """The comparisons that were asked for beforehand, the primary family first."""
        return tuple(f for name in ("primary", "secondary") for f in self.judged if self.family(f) == name)

    @cached_property
    def besides(self) -> tuple[Finding, ...]:
        """The comparisons that nobody asked for beforehand."""
        return tuple(f for f in self.judged if self.family(f) == "exploratory")

    def of(self, metric: str, *, crossed: bool = True) -> list[Finding]:
        """The registered findings of one measure; without intersections where `crossed` is off."""
        return [f for f in self.judged if f.metric == metric and (crossed or JOIN not in f.subject)]

    @cached_property
    def questions(self) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
        """The questions that were asked, each with its findings, the worst first."""
        asked = ((m, tuple(worst_first(self.of(m)))) for m in QUESTIONS)
        return tuple((m, found) for m, found in asked if found)

    @cached_property
    def threshold(self) -> float | None:
        """The risk from which people are flagged."""
        return threshold(self.assessed.config)

    def views(self, attribute: str) -> ByGroup | None:
        """How scores and outcomes go together, as readers may see it."""
        held = self.assessed
        if held.again:
            return None
        parts = held.parts if self.shareable else ()
        return by_group(held.profile, held.shown, attribute, self.threshold, parts)

    def size(self, attribute: str, group: str | None) -> int | None:
        """How many of a group have a decision; None where that may not be told."""
        where = (attribute, group) if group is not None else ("model", None)
        found = self.find("selection_rate", *where) or self.find("observed_expected_ratio", *where)
        return found.n if found else None

    def labelled(self, attribute: str, group: str | None) -> tuple[int, int] | None:
        """(people of known outcome, of whom had it); None where that may not be told."""
        where = (attribute, group) if group is not None else ("model", None)
        found = self.find("observed_expected_ratio", *where) or self.find("auroc", *where)
        if found is not None and found.n is not None and found.events is not None:
            return found.n, found.events
        had, without = self.find("true_positive_rate", *where), self.find("false_positive_rate", *where)
        if had and without and had.n is not None and without.n is not None:
            return had.n + without.n, had.n
        return None

    def prevalence(self, attribute: str, group: str | None) -> float | None:
        """The share who had the outcome."""
        held = self.labelled(attribute, group)
        return held[1] / held[0] if held and held[0] else None

    def cell(
        self, metric: str, attribute: str, group: str | None, *, digits: int = 1, scale: float = 100.0
    ) -> str:
        """A group's own value with its 95 % interval, for a table; words where there is no number."""
        where = (attribute, group) if group is not None else ("model", None)
        found, own = self.find(metric, *where), self.own(metric, *where)
        if found is None:
            return "not measured"
        if found.verdict is Verdict.WITHHELD:
            return self.hidden
        if found.verdict is Verdict.FAILED:
            return "not computed"
        if found.grade == "C" and self.shareable:
            return "cannot tell"
        if own is None:
            level = found.level if group is not None and found.level is not None else found.value
            return NOTHING if level is None else figure(level * scale, digits)
        return spanned(own, digits=digits, scale=scale)

    @property
    def hidden(self) -> str:
        """How a withheld figure is written: in what may be shared, both kinds alike."""
        return "withheld" if self.shareable else "<11"

    def recalibrated(self, metric: str, attribute: str, group: str) -> float | None:
        """What a group would have if its score were recalibrated: its own less what miscalibration makes."""
        found, loss = self.find(metric, attribute, group), self.find(LOSS.get(metric, ""), attribute, group)
        level = found.level if found else None
        if found is None or loss is None or level is None or loss.value is None:
            return None
        return min(1.0, max(0.0, level - loss.value)) if found.verdict is not Verdict.WITHHELD else None

    def miscalibrated(self, finding: Finding) -> tuple[float, float, float] | None:
        """The part of a gap that goes away once every group's risk is put right, with its limits.

        It is the group's own loss less that of the comparator, which is the others' losses weighed by
        their people. None where one of them is not told.
        """
        own = self._loss(finding.metric, finding.subject, finding.group)
        others = [g for g in self.groups(finding.subject) if g != finding.group]
        if finding.against != "rest":
            others = [str(finding.against)]
        held = [self._loss(finding.metric, finding.subject, group) for group in others]
        if own is None or not held or None in held:
            return None
        told = [loss for loss in held if loss is not None]
        whole = sum(n for _, _, _, n in told)
        value = sum(v * n for v, _, _, n in told) / whole
        down, up = (math.hypot(*((loss[i] - loss[0]) * loss[3] / whole for loss in told)) for i in (1, 2))
        low, high = difference(own[0], own[1], own[2], value, value - down, value + up)
        return own[0] - value, low, high

    def _loss(self, metric: str, attribute: str, group: str | None) -> tuple[float, float, float, int] | None:
        found, loss = self.find(metric, attribute, group), self.find(LOSS.get(metric, ""), attribute, group)
        if found is None or not found.n or loss is None:
            return None
        if loss.value is None or loss.low is None or loss.high is None:
            return None
        return loss.value, loss.low, loss.high, found.n

    def plain(self, finding: Finding) -> tuple[float, float] | None:
        """The gap's own 95 % limits, not widened for the others looked at."""
        here = self.own(finding.metric, finding.subject, finding.group)
        if here is None or finding.baseline is None or here.low is None or here.high is None:
            return None
        other = self._rest(finding)
        if other is None:
            return None
        return difference(here.value or 0.0, here.low, here.high, finding.baseline, *other)

    def _rest(self, finding: Finding) -> tuple[float, float] | None:
        from monitors.interval import wilson  # a share's own interval, of the counts that are shown

        if finding.baseline is None or finding.reference_n is None or not finding.unit.startswith("share"):
            return None
        return wilson(finding.baseline * finding.reference_n, finding.reference_n)

    def affected(self, finding: Finding) -> tuple[str, float, float, float] | None:
        """Whom the gap touches: (what becomes of them, people per 1,000 of the group, from, to).

        None where there is no number, or it is not one of people.
        """
        among = self._among(finding)
        if among is None or finding.value is None or finding.low is None or finding.high is None:
            return None
        what, of = among
        ends = sorted(value * of * 1000 for value in (finding.low, finding.high))
        return what, finding.value * of * 1000, ends[0], ends[1]

    def _among(self, finding: Finding) -> tuple[str, float] | None:
        place = finding.subject, finding.group
        had = self.prevalence(*place)
        if finding.metric == "selection_rate":
            return "flagged", 1.0
        if finding.metric in ("true_positive_rate", "miscalibration_loss") and had is not None:
            return "missed", -had
        if finding.metric == "false_positive_rate" and had is not None:
            return "flagged without need", 1 - had
        if finding.metric == "positive_predictive_value":
            flagged = self.find("selection_rate", *place)
            if flagged is not None and flagged.level is not None:
                return "flagged without need", -flagged.level
        if finding.metric == "observed_expected_ratio" and had is not None and finding.level:
            return "not foreseen", had / finding.level
        if finding.metric == "net_benefit_over_default":
            return "rightly flagged, net", 1.0
        return None

    def people(self, finding: Finding) -> str:
        """That, for a table."""
        held = self.affected(finding)
        if finding.verdict is Verdict.WITHHELD:
            return self.hidden
        if held is None:
            return NOTHING
        what, value, low, high = held
        return f"{whole(value)} {what} ({whole(low)} to {whole(high)})"


def figure(value: float, digits: int = 1) -> str:
    """A number for a table, with a true minus.

    >>> figure(-3.14159, 2)
    '−3.14'
    """
    shown = f"{value:,.{digits}f}"
    return (
        shown.lstrip("-").replace("-", MINUS)
        if float(shown.replace(",", "")) == 0
        else shown.replace("-", MINUS)
    )


def whole(value: float) -> str:
    """People, with a sign: more or fewer than the others.

    >>> whole(31.6), whole(-0.2)
    ('+32', '0')
    """
    shown = f"{value:+,.0f}"
    return "0" if shown in ("+0", "-0") else shown.replace("-", MINUS)


def spanned(own: Estimate, *, digits: int = 1, scale: float = 100.0) -> str:
    """A value with its interval."""
    value = figure((own.value or 0.0) * scale, digits)
    if own.low is None or own.high is None:
        return value
    return f"{value} ({figure(own.low * scale, digits)} to {figure(own.high * scale, digits)})"


def gap(finding: Finding, value: float | None, *, digits: int | None = None) -> str:
    """A gap: in points for shares, as it is for others; its sign shown."""
    if value is None:
        return NOTHING
    share = finding.unit.startswith("share")
    places = digits if digits is not None else (1 if share else 2)
    shown = figure(value * 100 if share else value, places)
    return shown if shown.startswith(MINUS) or float(shown.replace(",", "")) == 0 else f"+{shown}"


def within(finding: Finding, low: float | None, high: float | None) -> str:
    """A gap's limits."""
    return NOTHING if low is None or high is None else f"{gap(finding, low)} to {gap(finding, high)}"


def margin(finding: Finding) -> str:
    """A margin in the measure's own terms."""
    if finding.margin is None:
        return NOTHING
    if finding.unit.startswith("share") or finding.metric in LOSS.values():
        return f"{finding.margin * 100:g} points"
    return figure(finding.margin, 2).rstrip("0").rstrip(".")


def group_name(attribute: str, group: str | None) -> str:
    """A group as it is called in a sentence.

    >>> group_name("sex", "female"), group_name("age", "Unknown"), group_name("race", None)
    ('sex female', 'age not recorded', 'everyone')
    """
    if group is None:
        return "everyone"
    return f"{attribute} not recorded" if group == UNKNOWN else f"{attribute} {group}"


def measure(name: str) -> str:
    """A measure's name in the report."""
    return _NAMES.get(name) or named(name)


_NAMES = {
    "missed_per_1000": "Missed",
    "scaled_brier": "Scaled Brier",
    "true_positive_rate": "Found (sensitivity)",
    "false_positive_rate": "False alarms",
    "positive_predictive_value": "Flags that were right",
    "selection_rate": "Flagged",
    "observed_expected_ratio": "Observed over expected",
    "auroc": "Ranking (AUROC)",
    "miscalibration_loss": "Missed by miscalibration",
    "miscalibration_loss_false_positive": "False alarms by miscalibration",
    "miscalibration_loss_selection": "Flags by miscalibration",
    "miscalibration_loss_net_benefit": "Net benefit lost by miscalibration",
    "net_benefit_over_default": "Net benefit over no tool",
    "calibration_near_threshold": "Calibration near the threshold",
}


def dates(facts: Facts) -> str:
    """The period in words.

    The end is the first day that no longer counts, so the day before it is named.
    """
    from datetime import timedelta

    window = facts.assessed.window
    return f"{date(window.start)} to {date(window.end - timedelta(seconds=1))}"
