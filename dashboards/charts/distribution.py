"""Distribution bars: the shares of one column now, against an outline of the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.svg import element, joined, percentage, shape
from dashboards.figures import percent
from monitors.audit import Verdict

HEIGHT, FOOT = 132, 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin: its label, its share now (None where withheld) and in the reference."""

    label: str
    now: float | None
    reference: float | None


def distribution(bars: Sequence[Bar], *, title: str, description: str) -> Markup:
    """Draw the bins in order. A withheld bin is hatched, never an empty bar."""
    top = max([s for b in bars for s in (b.now, b.reference) if s is not None] or [1.0]) or 1.0
    plot = HEIGHT - FOOT - 8
    step = 1 / max(len(bars), 1)

    def tall(share: float) -> float:
        return plot * share / top

    parts = [element("title", title), element("desc", description)]
    for place, bar in enumerate(bars):
        left, width = percentage(step * (place + 0.12)), percentage(step * 0.76)
        said = f"{bar.label}: {percent(bar.now)} now, {percent(bar.reference)} in the reference"
        drawn = [element("title", said if bar.now is not None else f"{bar.label}: withheld")]
        if bar.now is not None:
            high = tall(bar.now)
            drawn.append(
                element("rect", x=left, width=width, y=HEIGHT - FOOT - high, height=high, class_="bar")
            )
        else:
            middle = percentage(step * (place + 0.5))
            drawn.append(shape(Verdict.WITHHELD, middle, f"{HEIGHT - FOOT - 8}"))
        if bar.reference is not None:
            at = HEIGHT - FOOT - tall(bar.reference)
            ends = {"x1": percentage(step * place), "x2": percentage(step * (place + 1))}
            drawn.append(element("line", **ends, y1=at, y2=at, class_="outline"))
        parts.append(element("g", joined(drawn)))
    for place in {0, len(bars) - 1} if bars else set():
        side = "tick" if place == 0 else "tick end"
        at_edge = "0" if place == 0 else "100%"
        parts.append(element("text", bars[place].label, x=at_edge, y=HEIGHT - 5, class_=side))
    return element("svg", joined(parts), class_="chart bars", width="100%", height=HEIGHT, role="img")
