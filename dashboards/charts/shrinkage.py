"""A shrinkage plot: one row a group, its own rate, the pooled one, and the way between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.forest import cell, laid
from dashboards.charts.svg import Scale, element, joined, percentage
from monitors.words.figures import percent

ROW, AXIS, TIP = 34, 24, 4
FIGURES = ("By itself", "Pooled", "Drawn")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One group: its own rate, the pooled one with its interval, how far it was drawn, and on how many.

    Without figures it is withheld, or nobody could be measured, as `why` says.
    """

    group: str
    n: int | None = None
    own: float | None = None
    pooled: float | None = None
    low: float | None = None
    high: float | None = None
    drawn: float | None = None
    why: str = "cannot tell"


def shrinkage(
    groups: Sequence[Drawn],
    *,
    caption: str,
    counted: str = "n",
    written: Callable[[float | None], str] = percent,
) -> Markup:
    """A table whose plot column is drawn; every figure of the plot stands in it as text."""
    ends = [v for g in groups for v in (g.own, g.pooled, g.low, g.high) if v is not None]
    scale = Scale(max(0.0, min(ends, default=0.0) - 0.02), min(1.0, max(ends, default=1.0) + 0.02))
    figures = [(name, "figure") for name in FIGURES]
    heads = [("Group", "group"), (counted, "figure"), ("By itself (ring) to pooled (dot)", "plot"), *figures]
    rows = [_row(group, scale, written, counted) for group in groups]
    spare = element("td", "", class_="spare")
    feet = [spare, spare, element("td", _axis(scale, written), class_="plot"), spare, spare, spare]
    return laid(caption, heads, rows, feet, "forest shrinkage")


def _row(group: Drawn, scale: Scale, written: Callable[[float | None], str], counted: str) -> Markup:
    n = "–" if group.n is None else f"{group.n:,}"
    figures = [group.why, "–", "–"]
    if group.pooled is not None and group.own is not None:
        figures = [written(group.own), written(group.pooled), percent(group.drawn)]
    cells = [
        element("th", group.group, scope="row", class_="group", role="rowheader"),
        cell(n, "figure", counted),
        cell(_plot(group, scale), "plot" if group.pooled is not None else "plot bare"),
        *(cell(said, "figure", name) for name, said in zip(FIGURES, figures, strict=True)),
    ]
    return element("tr", joined(cells), role="row")


def _plot(group: Drawn, scale: Scale) -> Markup:
    middle, parts = ROW / 2, []
    if group.pooled is not None and group.own is not None:
        own, pooled = (percentage(scale.share(value)) for value in (group.own, group.pooled))
        if group.low is not None and group.high is not None:
            ends = {"x1": percentage(scale.share(group.low)), "x2": percentage(scale.share(group.high))}
            parts.append(element("line", **ends, y1=middle, y2=middle, class_="whisker cannot_tell"))
        parts.append(element("line", x1=own, x2=pooled, y1=middle - 6, y2=middle, class_="way"))
        parts.append(element("circle", cx=own, cy=middle - 6, r=TIP, class_="own"))
        parts.append(element("circle", cx=pooled, cy=middle, r=TIP + 1, class_="pooled"))
    return element(
        "svg", joined(parts), class_="chart", width="100%", height=ROW, aria_hidden="true", focusable="false"
    )


def _axis(scale: Scale, written: Callable[[float | None], str]) -> Markup:
    marks = joined(
        element("text", written(tick), x=percentage(scale.share(tick)), y=15, class_="tick middle")
        for tick in scale.ticks(4)
    )
    return element("svg", marks, class_="chart", width="100%", height=AXIS)
