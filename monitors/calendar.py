"""The change calendar: upgrades, go-lives and seasons that references, thresholds and alerts respect.

What stood in configs/calendar.yaml at a run is kept in the ledger for each model, so that pages say
the same as the audits beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from monitors.audit import Audit
from monitors.canonical import digest
from monitors.columns import Strict
from monitors.config import Moment
from monitors.ledger import Ledger
from monitors.turns import Turn
from monitors.window import Window, moment, utc

KIND = "calendar"
_ZONES = (ZoneInfo("Etc/GMT+12"), ZoneInfo("Etc/GMT-14"))


class Planned(Strict):
    """One change or season, of all models or of those named."""

    what: str = Field(min_length=1, max_length=80, description="In a few words, such as `EHR upgrade`.")
    start: Moment = Field(alias="from", description="When it begins.")
    end: Moment = Field(alias="to", description="When it is over.")
    effect: Literal["annotate", "exclude"] = Field(
        "annotate",
        description="`annotate` says so on charts and in alerts; `exclude` also leaves that time out of "
        "references and thresholds, and nobody is called for a window that it touches.",
    )
    models: tuple[str, ...] = Field((), description="Of which models; of all if not given.")

    @model_validator(mode="after")
    def _in_order(self) -> Planned:
        try:
            # Read in the first and in the last zone of all, so that no model's own can be beyond it.
            lasting = all(moment(self.start, zone) < moment(self.end, zone) for zone in _ZONES)
        except ValueError as error:
            raise ValueError(f"from, to: {error}") from None
        if not lasting:
            raise ValueError(f"must end after it begins (from {self.start} to {self.end})")
        return self

    def window(self, zone: ZoneInfo) -> Window:
        """When, a local time without an offset being the model's own."""
        return Window(moment(self.start, zone), moment(self.end, zone))


class Calendar(Strict):
    """configs/calendar.yaml: what is known to change, and when.

    >>> from monitors.window import moment
    >>> flu = {"what": "flu season", "from": "2026-01-01", "to": "2026-02-01", "effect": "exclude"}
    >>> held = Calendar.model_validate({"changes": [flu]})
    >>> period = Window(moment("2026-01-20"), moment("2026-03-01"))
    >>> [str(window) for window in held.excluded("sepsis", period, ZoneInfo("UTC"))]
    ['2026-01-20T00:00:00Z/2026-02-01T00:00:00Z']
    """

    changes: tuple[Planned, ...] = ()

    def touching(self, model: str, period: Window, zone: ZoneInfo) -> list[Planned]:
        """What is planned of a model in a period, in order."""
        found = [p for p in self.changes if not p.models or model in p.models]
        return sorted(
            (p for p in found if p.window(zone).overlaps(period)), key=lambda p: (p.window(zone), p.what)
        )

    def excluded(self, model: str, period: Window, zone: ZoneInfo) -> list[Window]:
        """The parts of a period that are left out, in order, none overlapping another."""
        parts: list[Window] = []
        for planned in self.touching(model, period, zone):
            if planned.effect != "exclude":
                continue
            whole = planned.window(zone)
            part = Window(max(whole.start, period.start), min(whole.end, period.end))
            if parts and part.start <= parts[-1].end:
                parts[-1] = Window(parts[-1].start, max(parts[-1].end, part.end))
            else:
                parts.append(part)
        return parts

    def of(self, model: str) -> Calendar:
        """What concerns one model."""
        return Calendar(changes=tuple(p for p in self.changes if not p.models or model in p.models))


def quietened(audit: Audit, calendar: Calendar, zone: ZoneInfo) -> Audit:
    """The audit as it was judged; of a window that is left out, every finding is shown and calls nobody."""
    names = [p.what for p in calendar.touching(audit.model, audit.window, zone) if p.effect == "exclude"]
    if not names:
        return audit
    said = f"{', '.join(names)}: this window is left out by the calendar, and calls nobody."
    return audit.with_findings(
        tuple(
            replace(f, severity="info", caution=said if f.caution is None else f"{f.caution} {said}")
            for f in audit.findings
        )
    )


def said(calendar: Calendar, audit: Audit, zone: ZoneInfo) -> str:
    """What was planned in an audit's window, for an alert; empty where nothing was."""
    return ", ".join(p.what for p in calendar.touching(audit.model, audit.window, zone))


def keep(ledger: Ledger, model: str, calendar: Calendar, zone: ZoneInfo) -> None:
    """Write down what the calendar says of a model, in UTC, where that is not what it said last."""
    told = [
        planned.model_copy(update={"start": utc(when.start), "end": utc(when.end)})
        for planned in calendar.of(model).changes
        for when in (planned.window(zone),)
    ]
    body = {"changes": [planned.model_dump(mode="json", by_alias=True) for planned in told]}
    entries = ledger.entries(KIND, model=model)
    last = max(entries, key=lambda entry: entry.seq) if entries else None
    if (last.digest if last else digest({"changes": []})) != digest(body):
        ledger.append(KIND, f"{model}|{len(entries) + 1}|{digest(body)[7:19]}", body, model=model)


def kept(ledger: Ledger, model: str) -> Calendar:
    """What the calendar said of a model at its last run."""
    entry = next(ledger.latest(KIND, [model]), None)
    return Calendar.model_validate(entry.body) if entry else Calendar()


def outside(window: Window, parts: Sequence[Window]) -> bool:
    """Whether a window touches none of the parts that are left out."""
    return not any(window.overlaps(part) for part in parts)


def turned(calendar: Calendar, model: str, windows: Sequence[Window], zone: ZoneInfo) -> list[Turn]:
    """Each change as a line in a chart, at the first window that it touches."""
    found = []
    for planned in calendar.of(model).changes:
        when = planned.window(zone)
        at = next((window for window in windows if window.overlaps(when)), None)
        if at is not None:
            left = "; this time is left out of references and alerts" if planned.effect == "exclude" else ""
            words = f"{planned.what}, {planned.start} to {planned.end}{left}"
            found.append(Turn(at, "planned", planned.what, words))
    return found
