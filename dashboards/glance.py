"""A glance at a model: what its last audits come to, small enough to keep for every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboards.names import FAMILIES
from dashboards.words import sentence
from dashboards.worst import SEVERITIES, running, worst_first
from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.ledger import Recorded
from monitors.window import Window

WINDOWS = 12  # how far back it looks
STANDING = 12  # findings kept for /metrics


@dataclass(frozen=True, slots=True)
class Cell:
    """One family of one model: its worst verdict, and how many findings share it."""

    verdict: Verdict
    count: int


@dataclass(frozen=True, slots=True)
class Glance:
    """What the last audits of a model say, whatever the time is.

    Attributes:
        window, version, rows, verdict, counts: of the last audit.
        at: when that was written.
        cells: by family.
        worst: the finding to see first, `told` the same in words, `series` its last values.
        standing: findings worth a series in /metrics, each with its windows in a row beyond.
    """

    window: Window
    version: str
    rows: int | None
    verdict: Verdict
    counts: Mapping[str, int]
    at: datetime
    cells: Mapping[str, Cell]
    worst: Finding | None
    told: str
    series: tuple[float | None, ...]
    standing: tuple[tuple[Finding, int], ...]


def glance(recorded: Sequence[Recorded], who: str) -> Glance | None:
    """Reduce a model's last audits, oldest first; None where there is none."""
    if not recorded:
        return None
    audits = [r.audit for r in recorded]
    last = audits[-1]
    judged = worst_first(f for f in last.findings if f.severity != "info")
    worst = judged[0] if judged else None
    return Glance(
        window=last.window,
        version=last.version,
        rows=last.rows,
        verdict=last.worst,
        counts=last.counts(),
        at=recorded[-1].at,
        cells=cells(last),
        worst=worst,
        told=sentence(worst, who) if worst else "",
        series=tuple(_value(audit, worst) for audit in audits) if worst else (),
        standing=tuple(standing(audits, judged)[:STANDING]),
    )


def _value(audit: Audit, like: Finding) -> float | None:
    return next((f.value for f in audit.findings if f.key == like.key), None)


def cells(audit: Audit) -> dict[str, Cell]:
    """Each family's worst verdict with its count, findings that are only shown left out."""
    found: dict[str, Cell] = {}
    for family in FAMILIES:
        counts = audit.counts(family)
        worst = next((v for v in WORST_FIRST if counts[v]), None)
        if worst is not None:
            found[family] = Cell(worst, counts[worst])
    return found


def standing(audits: Sequence[Audit], judged: Sequence[Finding]) -> list[tuple[Finding, int]]:
    """The findings that speak for a model, those who have to act soonest first.

    The worst that still stands of each severity and family, then the worst of each family. A
    window that cannot tell does not end what stood before it. Withheld findings never speak.
    """
    acted: dict[tuple[str, str], tuple[Finding, int]] = {}
    family: dict[str, tuple[Finding, int]] = {}
    for finding in judged:
        if finding.verdict is Verdict.WITHHELD:
            continue
        if (finding.severity, finding.family) in acted and finding.family in family:
            continue
        held = finding, running(audits, finding.key).windows
        if held[1]:
            acted.setdefault((finding.severity, finding.family), held)
        family.setdefault(finding.family, held)
    first = sorted(acted.values(), key=lambda held: SEVERITIES.index(held[0].severity))
    return [*first, *(held for held in family.values() if held not in first)]
