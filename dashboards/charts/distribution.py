"""Named bars: each category's share now, against a mark of the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.svg import element, joined, percentage, shape
from monitors.audit import Verdict
from monitors.words.figures import percent

ROW, LABEL, END = 26, 0.36, 0.84  # a row's height; where bars begin and end


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin: its label, its share now (None where withheld) and in the reference."""

    label: str
    now: float | None
    reference: float | None


def distribution(bars: Sequence[Bar], *, title: str, description: str) -> Markup:
    """A row a bin, in order, so that long names fit. A withheld bin says so, never an empty bar."""
    top = max([s for b in bars for s in (b.now, b.reference) if s is not None] or [1.0]) or 1.0

    def far(share: float) -> float:
        return (END - LABEL) * share / top

    parts = [element("title", title), element("desc", description)]
    for place, bar in enumerate(bars):
        y = ROW * place
        said = f"{bar.label}: {percent(bar.now)} now, {percent(bar.reference)} in the reference"
        name = bar.label if len(bar.label) <= 24 else f"{bar.label[:23]}…"
        drawn = [
            element("title", said if bar.now is not None else f"{bar.label}: withheld"),
            element("text", name, x=percentage(LABEL - 0.02), y=y + 17, class_="label end"),
        ]
        if bar.now is None:
            drawn.append(shape(Verdict.WITHHELD, percentage(LABEL + 0.02), f"{y + 13}"))
        else:
            box = {"x": percentage(LABEL), "width": percentage(max(far(bar.now), 0.002))}
            drawn.append(element("rect", **box, y=y + 5, height=16, class_="bar"))
            figure = f"{bar.now * 100:.0f}" if bar.now else "0"
            drawn.append(element("text", figure, x="100%", y=y + 17, class_="label end"))
        if bar.reference is not None:
            at = percentage(LABEL + far(bar.reference))
            drawn.append(element("line", x1=at, x2=at, y1=y + 2, y2=y + 24, class_="outline"))
        parts.append(element("g", joined(drawn)))
    high = ROW * max(len(bars), 1) + 4
    return element("svg", joined(parts), class_="chart bars", width="100%", height=high, role="img")
