"""A sparkline: the last windows of one measure as a word-sized line, with its margin."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from dashboards.charts.svg import Scale, element, joined
from monitors.audit import Verdict

WIDTH, HEIGHT, ROOM = 96, 24, 4


def sparkline(
    values: Sequence[float | None],
    *,
    title: str,
    margin: float | None = None,
    verdict: Verdict = Verdict.WITHIN,
) -> Markup:
    """Oldest first; a window without a value is a gap in the line, never a zero."""
    scale = Scale.around([*values, margin], pad=0.0)
    across = (WIDTH - 2 * ROOM) / max(len(values) - 1, 1)

    def x(place: int) -> float:
        return ROOM + across * place if len(values) > 1 else WIDTH / 2

    def y(value: float) -> float:
        return HEIGHT - ROOM - (HEIGHT - 2 * ROOM) * scale.share(value)

    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{x(place):.1f},{y(value):.1f}")
    parts = [element("title", title)]
    if margin is not None:
        at = y(margin)
        parts.append(element("line", x1=0, x2=WIDTH, y1=at, y2=at, class_="limit"))
    parts += [element("polyline", points=" ".join(run), class_="line") for run in runs if run]
    if values and (last := values[-1]) is not None:
        parts.append(element("circle", cx=x(len(values) - 1), cy=y(last), r=2.5, class_="last"))
    return element(
        "svg",
        joined(parts),
        class_=f"sparkline {verdict}",
        width=WIDTH,
        height=HEIGHT,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )
