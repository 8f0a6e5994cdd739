"""A decision curve: what flagging by the score is worth at each threshold, beside all and nobody."""

from __future__ import annotations

from markupsafe import Markup

from dashboards.charts.svg import Scale, element, joined
from monitors.views import Scores
from monitors.words.figures import MINUS

WIDTH, HEIGHT, LEFT, TOP, FOOT, RIGHT = 300, 176, 34, 12, 22, 8


def decision(scores: Scores, *, title: str, said: str, threshold: float | None) -> Markup:
    """Net benefit per 100 people; the higher line is the better rule at that threshold."""
    curve = scores.net_benefit()
    best = max([0.02, *(v for _, *values in curve for v in values)])
    scale = Scale(-0.35 * best, 1.1 * best)
    plot = HEIGHT - TOP - FOOT

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at

    def y(value: float) -> float:
        return TOP + plot * (1 - scale.share(value))

    parts = [element("title", title), element("desc", said)]
    for tick in scale.ticks(3):
        shown = f"{tick * 100:.3g}".replace("-", MINUS)
        parts.append(element("line", x1=x(0), x2=x(1), y1=y(tick), y2=y(tick), class_="grid"))
        parts.append(element("text", shown, x=LEFT - 6, y=y(tick) + 4, class_="tick end"))
    parts.append(element("line", x1=x(0), x2=x(1), y1=y(0), y2=y(0), class_="target"))
    if threshold is not None:
        at = x(threshold)
        parts.append(element("line", x1=at, x2=at, y1=TOP, y2=TOP + plot, class_="shown"))
    for column, kind in ((2, "line everyone"), (1, "line")):
        kept = [point for point in curve if point[column] >= scale.low]
        drawn = " ".join(f"{x(point[0]):.1f},{y(point[column]):.1f}" for point in kept)
        parts.append(element("polyline", points=drawn, class_=kind))
    for at_threshold, value, _ in curve:
        if value >= scale.low:
            told = f"threshold {at_threshold * 100:.0f} %: {value * 100:.1f} per 100".replace("-", MINUS)
            dot = element("circle", cx=x(at_threshold), cy=y(value), r=2.6, class_="dot")
            parts.append(element("g", joined([element("title", told), dot])))
    parts += [
        element("text", f"{tick * 100:g} %", x=x(tick), y=HEIGHT - 5, class_=f"tick {side}")
        for tick, side in ((0.0, "middle"), (0.5, "middle"), (1.0, "end"))
    ]
    return element(
        "svg", joined(parts), class_="chart panel", width=WIDTH, height=HEIGHT, role="img",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
    )  # fmt: skip
