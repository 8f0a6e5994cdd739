"""A glance at a model: what its last audits come to, kept in the ledger so that no page reads them all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from statistics import median
from sys import intern
from typing import Any
from zoneinfo import ZoneInfo

from monitors import calendar
from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.errors import LedgerError
from monitors.ledger import Ledger, Recorded
from monitors.oncall import changed
from monitors.release import RULES, releases
from monitors.window import Window, moment, utc
from monitors.worst import SEVERITIES, excess, running, worst_first

FORM = 3  # of what is kept; another number makes every glance anew
WINDOWS = 12  # how far back it looks
STANDING = 12  # findings kept for /metrics
SITES = 200  # sites kept by name
AT_ONCE = 50  # glances read together
FAMILIES = ("quality", "drift", "performance", "fairness", "oversight", "text")


@dataclass(frozen=True, slots=True)
class Cell:
    """One family of one model: its worst verdict, and how many findings share it."""

    verdict: Verdict
    count: int


@dataclass(frozen=True, slots=True)
class Spread:
    """One family of one model in three numbers, over what each of its checks last said.

    Attributes:
        beyond: how many checks are beyond their margin.
        worst: how far the worst one is from its target, in margins; None where no value is shown.
        median: the same of the middle one of those that have a value and a margin.
    """

    beyond: int
    worst: float | None
    median: float | None


@dataclass(frozen=True, slots=True)
class Stands:
    """What the last audit that held a check said of it.

    Attributes:
        finding, window, digest, entry: what it said, of which window, in which audit.
        windows, since: for how many windows in a row it has been beyond, and since which one's start.
    """

    finding: Finding
    window: Window
    digest: str
    entry: int
    windows: int = 0
    since: datetime | None = None

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "finding": self.finding.payload(),
            "window": str(self.window),
            "digest": self.digest,
            "entry": self.entry,
            "windows": self.windows,
            "since": utc(self.since) if self.since else None,
        }

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Stands:
        """Back from plain values."""
        since = payload["since"]
        return cls(
            Finding.read(payload["finding"]), Window.parse(payload["window"]), intern(payload["digest"]),
            payload["entry"], payload["windows"], moment(since) if since else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glance:
    """What the last audits of a model say, whatever the time is.

    Attributes:
        window, version, rows, verdict, counts, digest: of the last audit.
        at, entry: when and as which entry of the ledger that was written.
        changed: what Rounds saw change between the window before and the last, in words.
        awaiting: when the oldest window without outcomes ended; None where each has its own.
        cells: by family.
        worst: the finding to see first, `series` its last values.
        standing: findings worth a series in /metrics.
        families: the spread of each family's checks.
        groups: rows of each group whose volume is shown, by attribute, the fewest first.
        sites: the sites that may be shown, by name; none in a glance kept before sites were.
        sites_left: how many more there are; those named are the largest.
    """

    window: Window
    version: str
    rows: int | None
    verdict: Verdict
    counts: Mapping[str, int]
    digest: str
    at: datetime
    entry: int
    changed: str
    awaiting: datetime | None
    cells: Mapping[str, Cell]
    worst: Finding | None
    series: tuple[float | None, ...]
    standing: tuple[Stands, ...]
    families: Mapping[str, Spread]
    groups: tuple[tuple[str, str, int], ...] = ()
    sites: tuple[str, ...] = ()
    sites_left: int = 0

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return {
            **{name: getattr(self, name) for name in ("version", "rows", "digest", "entry", "changed")},
            "window": str(self.window),
            "verdict": str(self.verdict),
            "counts": dict(self.counts),
            "at": utc(self.at),
            "awaiting": utc(self.awaiting) if self.awaiting else None,
            "cells": {family: asdict(cell) for family, cell in self.cells.items()},
            "worst": self.worst.payload() if self.worst else None,
            "series": list(self.series),
            "standing": [each.payload() for each in self.standing],
            "families": {family: asdict(spread) for family, spread in self.families.items()},
            "groups": [list(each) for each in self.groups],
            "sites": list(self.sites),
            "sites_left": self.sites_left,
        }

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Glance:
        """Back from plain values; what it says twice is held in memory once."""
        stands = tuple(Stands.read(each) for each in payload["standing"])
        worst = Finding.read(payload["worst"]) if payload["worst"] else None
        return cls(
            **{name: payload[name] for name in ("version", "rows", "digest", "entry", "changed")},
            counts={intern(verdict): n for verdict, n in payload["counts"].items()},
            window=Window.parse(payload["window"]),
            verdict=Verdict(payload["verdict"]),
            at=moment(payload["at"]),
            awaiting=moment(payload["awaiting"]) if payload["awaiting"] else None,
            cells={f: Cell(Verdict(c["verdict"]), c["count"]) for f, c in payload["cells"].items()},
            worst=next((each.finding for each in stands if each.finding == worst), worst),
            series=tuple(payload["series"]),
            standing=stands,
            families={family: Spread(**held) for family, held in payload["families"].items()},
            groups=tuple((attribute, group, n) for attribute, group, n in payload["groups"]),
            sites=tuple(intern(site) for site in payload.get("sites", ())),
            sites_left=payload.get("sites_left", 0),
        )


def keep(ledger: Ledger, model: str, site: str | None = None) -> Glance | None:
    """Work out a model's glance from its last audits and keep it; None where it has no audit.

    `site` is the column its file names as the site.
    """
    seen = ledger.newest("audit", model).get(model)
    if seen is None:
        return None
    if found := ledger.get("glance", _key(model, seen)):
        return Glance.read(found.body)
    recorded = releases(ledger, model, last=WINDOWS)
    planned = (
        calendar.said(calendar.kept(ledger, model), recorded[-1].audit, ZoneInfo("UTC")) if recorded else ""
    )
    made = glance(recorded, ledger.awaiting(model), planned, site)
    if made is not None:
        with contextlib.suppress(LedgerError):  # another worker kept it in the same moment
            window = str(made.window)  # by which a retention rule knows how old it is
            ledger.append("glance", _key(model, seen), made.payload(), model=model, window=window)
    return made


def kept(ledger: Ledger, newest: Mapping[str, int]) -> Iterator[tuple[str, Glance]]:
    """The glances that are kept of models, given the number of each one's last audit."""
    # A few at a time: the bodies of five hundred, as they are read, take ten times their place.
    models = tuple(newest)
    for start in range(0, len(models), AT_ONCE):
        for entry in ledger.latest("glance", models[start : start + AT_ONCE]):
            if entry.key == _key(model := str(entry.model), newest[model]):
                yield model, Glance.read(entry.body)


def _key(model: str, seen: int) -> str:
    return f"{model}|{seen}|{RULES}|{FORM}"


def glance(
    recorded: Sequence[Recorded], awaiting: datetime | None, planned: str = "", site: str | None = None
) -> Glance | None:
    """Reduce a model's last audits, oldest first; None where there is none.

    Args:
        recorded: the last windows, as people may see them.
        awaiting: when the oldest of its windows ended whose outcomes are not counted.
        planned: what the change calendar says of the last one.
        site: the column that names the site; None where the model has none.
    """
    if not recorded:
        return None
    audits = [r.audit for r in recorded]
    last = audits[-1]
    judged = worst_first(f for f in last.findings if f.severity != "info")
    worst = judged[0] if judged else None
    known = changed(last, audits[-2] if len(audits) > 1 else None)
    named, left = sites(audits, site)
    return Glance(
        window=last.window,
        version=last.version,
        rows=last.rows,
        verdict=last.worst,
        counts=last.counts(),
        digest=recorded[-1].digest,
        at=recorded[-1].at,
        entry=recorded[-1].seq,
        changed=f"{known}; planned: {planned}" if planned else known,
        awaiting=awaiting,
        cells=cells(last),
        worst=worst,
        series=tuple(_value(audit, worst) for audit in audits) if worst else (),
        standing=tuple(standing(recorded)[:STANDING]),
        families=families(recorded),
        groups=tuple(volumes(last)[:STANDING]),
        sites=named,
        sites_left=left,
    )


def _value(audit: Audit, like: Finding) -> float | None:
    held = audit.finding(like.key)
    return held.value if held else None


def volumes(audit: Audit) -> list[tuple[str, str, int]]:
    """How many rows each group sent, where that is measured and may be shown, the fewest first."""
    found = [
        (f.n or 0, f.subject, f.group)
        for f in audit.findings
        if f.metric == "scored_share" and f.group is not None and f.n is not None
        and f.verdict is not Verdict.WITHHELD
    ]  # fmt: skip
    return [(attribute, group, n) for n, attribute, group in sorted(found)]


def sites(audits: Sequence[Audit], attribute: str | None) -> tuple[tuple[str, ...], int]:
    """The sites that audits, as people may see them, tell of; and how many more there are.

    A site counts as it was last told, so one that fell silent, or grew too small to show, stays while
    an audit before says that it was there. One that none shows is not named, nor counted as left.

    Args:
        audits: oldest first.
        attribute: the column that names the site; None where there is none.
    """
    told: dict[str, int] = {}
    for audit in audits:
        shown = (f for f in audit.findings if f.subject == attribute and f.verdict is not Verdict.WITHHELD)
        # What is pooled has a name of its own, and is no site.
        counts = [(f.n or 0, f.group) for f in shown if f.group is not None and not f.holds]
        told |= {site: n for n, site in sorted(counts) if n}  # of a site's measures the one of most people
    largest = sorted(told, key=lambda site: (-told[site], site))
    return tuple(sorted(largest[:SITES])), max(0, len(largest) - SITES)


def cells(audit: Audit) -> dict[str, Cell]:
    """Each family's worst verdict with its count, findings that are only shown left out."""
    found: dict[str, Cell] = {}
    for family in FAMILIES:
        counts = audit.counts(family)
        worst = next((v for v in WORST_FIRST if counts[v]), None)
        if worst is not None:
            found[family] = Cell(worst, counts[worst])
    return found


def families(recorded: Sequence[Recorded]) -> dict[str, Spread]:
    """The spread of each family, what may not be shown and what is only shown left out."""
    said = [each.finding for each in last_words(recorded)]
    found: dict[str, Spread] = {}
    for family in FAMILIES:
        shown = worst_first(f for f in said if f.family == family and f.verdict is not Verdict.WITHHELD)
        far = [excess(f) for f in shown if f.value is not None and f.margin]
        if shown:
            beyond = sum(f.verdict is Verdict.BEYOND for f in shown)
            found[family] = Spread(beyond, far[0] if far else None, median(far) if far else None)
    return found


def last_words(recorded: Sequence[Recorded]) -> list[Stands]:
    """Of each check what the last audit that held it said, those only shown left out.

    Outcomes reach a window long after it closed, so what they say stands in an older audit than
    what the feed says. A check that a later audit of the same stage no longer holds, under
    another configuration, was taken out of the plan and says nothing.
    """
    found: dict[tuple[str, str, str | None], Stands] = {}
    later: set[tuple[str, str]] = set()
    for each in reversed(recorded):
        audit = each.audit
        gone = any(stage == audit.stage and config != audit.config for stage, config in later)
        for finding in audit.findings:
            if finding.severity != "info" and finding.key not in found and not gone:
                found[finding.key] = Stands(finding, audit.window, each.digest, each.seq)
        later.add((audit.stage, audit.config))
    return list(found.values())


def standing(recorded: Sequence[Recorded]) -> list[Stands]:
    """The findings that speak for a model, those who have to act soonest first.

    The worst that still stands of each severity and family, then the worst of each family. A
    window that cannot tell does not end what stood before it. Withheld findings never speak.
    """
    audits = [r.audit for r in recorded]
    said = {each.finding.key: each for each in last_words(recorded)}
    acted: dict[tuple[str, str], Stands] = {}
    family: dict[str, Stands] = {}
    for finding in worst_first(each.finding for each in said.values()):
        if finding.verdict is Verdict.WITHHELD:
            continue
        if (finding.severity, finding.family) in acted and finding.family in family:
            continue
        found = running(audits, finding.key)
        held = replace(said[finding.key], windows=found.windows, since=found.since)
        if held.windows:
            acted.setdefault((finding.severity, finding.family), held)
        family.setdefault(finding.family, held)
    first = sorted(acted.values(), key=lambda held: SEVERITIES.index(held.finding.severity))
    return [*first, *(held for held in family.values() if held not in first)]
