"""A heat map: a strip of squares for each subject, one a window, by verdict's colour and mark."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from dashboards.charts.svg import element, joined, shape
from monitors.audit import Verdict

CELL, GAP = 26, 3
APART = 3  # squares between two dates, so that they do not touch


def strip(
    verdicts: Sequence[Verdict | None],
    *,
    title: str,
    said: Sequence[str],
    shown: int | None = None,
) -> Markup:
    """One subject's windows, oldest first; None is a window in which it was not measured.

    `said` is what each square tells when pointed at; `shown` marks the window being read.
    """
    parts = [element("title", title), element("desc", "; ".join(said))]
    size = CELL - GAP
    if shown is not None:
        parts.append(element("rect", x=shown * CELL, y=0, width=CELL, height=CELL, class_="column"))
    for place, verdict in enumerate(verdicts):
        left = place * CELL + GAP / 2
        kind = f"cell {verdict or 'absent'}"
        box = element("rect", x=left, y=GAP / 2, width=size, height=size, rx=3, class_=kind)
        square = [element("title", said[place]), box]
        if verdict is not None and verdict is not Verdict.WITHIN:
            square.append(shape(verdict, f"{left + size / 2:g}", f"{CELL / 2:g}"))
        parts.append(element("g", joined(square)))
    return _drawn(joined(parts), len(verdicts), CELL, role="img")


def axis(dates: Sequence[str]) -> Markup:
    """The dates above or below the strips: the last, and as many before it as do not touch."""
    places = sorted(range(len(dates) - 1, -1, -APART))
    labels = joined(
        element("text", dates[place], x=(place + 0.5) * CELL, y=13, class_="tick middle") for place in places
    )
    return _drawn(labels, len(dates), 18)


def _drawn(content: Markup, windows: int, height: int, **more: object) -> Markup:
    width = windows * CELL
    return element("svg", content, class_="chart strip", width=width, height=height, **more)
