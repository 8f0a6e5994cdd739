"""Scores by outcome: above the line those who had it, below those who did not."""

from __future__ import annotations

from markupsafe import Markup

from dashboards.charts.calibration import density
from dashboards.charts.svg import element, joined
from monitors.views import Scores

WIDTH, HALF, LEFT, TOP, FOOT = 300, 62, 6, 14, 20
HEIGHT = TOP + 2 * HALF + FOOT


def outcomes(scores: Scores, *, title: str, said: str, threshold: float | None) -> Markup:
    """Areas are equal: each side holds all the people of that outcome."""
    above, below = (density(s, scores.edges) for s in (scores.positives, scores.negatives))
    top = max([*above, *below]) or 1.0
    middle = TOP + HALF

    def x(score: float) -> float:
        return LEFT + (WIDTH - 2 * LEFT) * score

    parts = [element("title", title), element("desc", said)]
    for place, (up, down) in enumerate(zip(above, below, strict=True)):
        left, right = x(scores.edges[place]), x(scores.edges[place + 1])
        spot = {"x": left, "width": max(right - left - 1, 0.5)}
        rise, fall = HALF * up / top, HALF * down / top
        held = f"{scores.positives[place] * 100:.0f} of every 100 with the outcome"
        rest = f"{scores.negatives[place] * 100:.0f} of every 100 without"
        of = f"score {scores.edges[place]:g} to {scores.edges[place + 1]:g}"
        pair = [
            element("title", f"{of}: {held}, {rest}"),
            element("rect", **spot, y=middle - rise, height=rise, class_="with"),
            element("rect", **spot, y=middle, height=fall, class_="without"),
        ]
        parts.append(element("g", joined(pair)))
    parts.append(element("line", x1=x(0), x2=x(1), y1=middle, y2=middle, class_="target"))
    if threshold is not None:
        at = x(threshold)
        parts.append(element("line", x1=at, x2=at, y1=TOP, y2=TOP + 2 * HALF, class_="shown"))
    parts.append(element("text", "had the outcome", x=x(1), y=TOP - 3, class_="tick end"))
    parts.append(element("text", "did not", x=x(1), y=TOP + 2 * HALF + 1, class_="tick end"))
    parts += [
        element("text", f"{tick:g}", x=x(tick), y=HEIGHT - 4, class_=f"tick {side}")
        for tick, side in ((0.0, ""), (0.5, "middle"), (1.0, "end"))
    ]
    return element(
        "svg", joined(parts), class_="chart panel", width=WIDTH, height=HEIGHT, role="img",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
    )  # fmt: skip
