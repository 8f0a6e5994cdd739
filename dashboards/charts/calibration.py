"""A calibration panel: what was predicted against what happened, with the scores underneath."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from dashboards.charts.svg import element, joined
from monitors.views import Scores

SIDE, LEFT, TOP, FOOT = 190, 34, 8, 40
WIDTH, HEIGHT = LEFT + SIDE + 12, TOP + SIDE + FOOT + 20


def calibration(scores: Scores, *, title: str, said: str, threshold: float | None) -> Markup:
    """One square panel: the diagonal is where predictions come true."""

    def x(share: float) -> float:
        return LEFT + SIDE * share

    def y(share: float) -> float:
        return TOP + SIDE * (1 - share)

    parts = [element("title", title), element("desc", said)]
    for tick in (0.0, 0.5, 1.0):
        parts.append(element("line", x1=x(0), x2=x(1), y1=y(tick), y2=y(tick), class_="grid"))
        parts.append(element("text", f"{tick * 100:g}", x=LEFT - 6, y=y(tick) + 4, class_="tick end"))
        parts.append(element("text", f"{tick * 100:g}", x=x(tick), y=HEIGHT - 5, class_="tick middle"))
    parts.append(element("line", x1=x(0), x2=x(1), y1=y(0), y2=y(1), class_="target"))
    if threshold is not None:
        at = x(threshold)
        parts.append(element("line", x1=at, x2=at, y1=TOP, y2=TOP + SIDE + FOOT, class_="shown"))
    points = []
    for place, predicted in enumerate(scores.predicted):
        observed, low, high = scores.observed[place], scores.low[place], scores.high[place]
        if predicted is None or observed is None or low is None or high is None:
            continue
        points.append(f"{x(predicted):.1f},{y(observed):.1f}")
        told = f"predicted {predicted * 100:.0f}, happened {observed * 100:.0f} of every 100"
        mark = [
            element("title", f"{told} ({low * 100:.0f} to {high * 100:.0f})"),
            element("line", x1=x(predicted), x2=x(predicted), y1=y(low), y2=y(high), class_="whisker"),
            element("circle", cx=x(predicted), cy=y(observed), r=3.6, class_="dot"),
        ]
        parts.append(element("g", joined(mark)))
    parts.insert(2, element("polyline", points=" ".join(points), class_="line faint"))
    parts += _histogram(scores, x)
    return element(
        "svg", joined(parts), class_="chart panel", width=WIDTH, height=HEIGHT, role="img",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
    )  # fmt: skip


def _histogram(scores: Scores, x: object) -> list[Markup]:
    base = TOP + SIDE + FOOT
    among = scores.prevalence
    mixed = [p * among + n * (1 - among) for p, n in zip(scores.positives, scores.negatives, strict=True)]
    dense = density(mixed, scores.edges)
    top = max(dense) or 1.0
    drawn = []
    for place, height in enumerate(dense):
        left = LEFT + SIDE * scores.edges[place]
        width = SIDE * (scores.edges[place + 1] - scores.edges[place])
        tall = (FOOT - 8) * height / top
        drawn.append(
            element("rect", x=left, width=max(width - 1, 0.5), y=base - tall, height=tall, class_="bar")
        )
    return drawn


def density(shares: Sequence[float], edges: Sequence[float]) -> list[float]:
    """Shares over the width of their bins, so that a wide bin does not look like many people.

    >>> density([0.5, 0.5], [0.0, 0.25, 1.0])
    [2.0, 0.6666666666666666]
    """
    return [share / max(b - a, 1e-12) for share, a, b in zip(shares, edges, edges[1:], strict=False)]
