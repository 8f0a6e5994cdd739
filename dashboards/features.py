"""From audits to what the feature page draws: distances over time, related columns, a distribution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import correlation

from dashboards.charts.distribution import Bar
from monitors.audit import Audit, Finding, Verdict
from monitors.views import Overlaid
from monitors.words.figures import percent
from monitors.words.names import WHOLE
from monitors.worst import worst_first

NAMES = {
    "missing": "missing",
    "below": "below the range",
    "above": "above the range",
    "other": "rare, or no number",
    "unseen": "never seen before",
}
RELATED, FEWEST = 5, 4  # columns listed, and windows it takes to say that two move together


def columns(audit: Audit) -> list[str]:
    """The columns of which something was measured, worst first; the score among them."""
    held = worst_first(f for f in audit.findings if f.group is None and f.family in ("quality", "drift"))
    return [name for name in dict.fromkeys(f.subject for f in held) if name not in WHOLE or name == "score"]


def of_column(audit: Audit, column: str) -> list[Finding]:
    """Everything measured of one column, worst first; shown ones after those that are judged."""
    held = worst_first(f for f in audit.findings if f.subject == column and f.group is None)
    return sorted(held, key=lambda f: f.severity == "info")


def by_group(audit: Audit, column: str) -> list[Finding]:
    """What was measured of the column in groups or at sites."""
    counted = ("quality", "drift")  # an attribute may bear a column's name; its gaps are not the column's
    return [f for f in audit.findings if f.subject == column and f.group is not None and f.family in counted]


def bars(shown: Overlaid) -> tuple[list[Bar], list[Bar]]:
    """The bins, and beside them what is in none: each a bar of its own."""
    pairs = zip(shown.labels, shown.now, shown.reference, strict=True)
    places = [Bar(NAMES[name], *pair) for name, pair in shown.places.items() if any(pair) or None in pair]
    return [Bar(*held) for held in pairs], places


def said(shown: Overlaid, column: str) -> str:
    """The picture in one sentence: what is in no bin, or else the bin that moved most."""
    for name, (now, then) in shown.places.items():
        if now is not None and then is not None and max(now, then) >= 0.05 and abs(now - then) >= 0.05:
            before = f"in the reference, {then * 100:.0f}"
            return f"{column}: {NAMES[name]} for {now * 100:.0f} of every 100; {before}."
    moved = [
        (now - then, label, now, then)
        for label, now, then in zip(shown.labels, shown.now, shown.reference, strict=True)
    ]
    if not moved:
        return f"{column}: nothing could be set beside the reference."
    _, label, now, then = max(moved, key=lambda held: abs(held[0]))
    if abs(now - then) < 0.03:
        return f"{column}: every part holds about as many of every 100 as in the reference."
    return f"{column}: {label} now holds {percent(now)} of rows; in the reference, {percent(then)}."


@dataclass(frozen=True, slots=True)
class Related:
    """A column whose distances rise and fall with another's; `together` is their rank correlation."""

    column: str
    together: float
    verdict: Verdict | None


def related(history: Sequence[Audit], shown: Audit, column: str) -> list[Related]:
    """The columns that moved in the same windows, most alike first; [] with too few windows to say."""
    lines = dict(_lines(history))
    mine = lines.pop(column, None)
    if mine is None:
        return []
    found = []
    for other, line in lines.items():
        pairs = [(a, b) for a, b in zip(mine, line, strict=True) if a is not None and b is not None]
        if len(pairs) < FEWEST:
            continue
        ranks = [_ranked(side) for side in zip(*pairs, strict=True)]
        if (alike := correlation(ranks[0], ranks[1])) >= 0.5:
            held = next((f for f in of_column(shown, other) if f.family == "drift"), None)
            found.append(Related(other, alike, held.verdict if held else None))
    return sorted(found, key=lambda r: (-r.together, r.column))[:RELATED]


def _ranked(values: Sequence[float]) -> list[int]:
    """The place of each value when all are put in order; of equal ones the first comes first."""
    places = [0] * len(values)
    for place, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        places[i] = place
    return places


def _lines(history: Sequence[Audit]) -> Iterator[tuple[str, list[float | None]]]:
    """Each column's judged distance over the windows."""
    held: dict[str, list[float | None]] = {}
    for at, audit in enumerate(history):
        for f in audit.findings:
            if f.family == "drift" and f.group is None and f.severity != "info":
                held.setdefault(f.subject, [None] * len(history))[at] = f.value
    yield from held.items()
