"""A timeline: one measure over its windows, with interval, margin and what chance alone gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from dashboards.charts.svg import Scale, element, joined, percentage, shape
from monitors.audit import Verdict
from monitors.words.figures import day, number

HEIGHT, TOP, BOTTOM = 132, 10, 22
LEFT, RIGHT = 0.14, 0.035  # room for the labels of the scale, and for the last mark


@dataclass(frozen=True, slots=True)
class Point:
    """One window of a timeline; without a value it stands on the base line as its verdict's mark."""

    at: datetime
    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A line down the chart at a moment something changed; `short` stands beside it, `said` is read out."""

    at: datetime
    short: str
    said: str
    kind: str = "turn"


def timeline(
    points: Sequence[Point],
    *,
    title: str,
    description: str,
    band: tuple[float, float] | None = None,
    target: float | None = None,
    shown: datetime | None = None,
    marks: Sequence[Mark] = (),
    written: Callable[[float], str] = number,
) -> Markup:
    """Draw points oldest first, what changed between them as lines.

    `band` is what the margin allows, `shown` the window being read.
    """
    ends = [v for p in points for v in (p.value, p.low, p.high, p.chance)]
    scale = Scale.around([*ends, *(band or ()), target])
    first, last = points[0].at.timestamp(), points[-1].at.timestamp()
    plot = HEIGHT - TOP - BOTTOM

    def across(at: datetime) -> float:
        share = (at.timestamp() - first) / (last - first) if last > first else 0.5
        return LEFT + (1 - LEFT - RIGHT) * share

    def y(value: float) -> float:
        return TOP + plot * (1 - scale.share(value))

    parts = [element("title", title), element("desc", description)]
    if band:
        top, bottom = y(band[1]), y(band[0])
        parts.append(element("rect", x=0, y=top, width="100%", height=max(bottom - top, 1), class_="allowed"))
    for tick in scale.ticks(3):
        parts.append(element("line", x1=0, x2="100%", y1=y(tick), y2=y(tick), class_="grid"))
        parts.append(element("text", written(tick), x=0, y=y(tick) - 3, class_="tick"))
    if target is not None:
        parts.append(element("line", x1=0, x2="100%", y1=y(target), y2=y(target), class_="target"))
    within = (mark for mark in marks if first <= mark.at.timestamp() <= last)
    parts += [_mark(mark, across(mark.at), place) for place, mark in enumerate(within)]
    chance = [(across(p.at), y(p.chance)) for p in points if p.chance is not None]
    parts += _line([chance], "chance")
    parts += _line(_runs(points, across, y), "line")
    parts += [_point(p, percentage(across(p.at)), y, p.at == shown) for p in points]
    base = HEIGHT - 5
    parts.append(element("text", day(points[0].at), x=percentage(LEFT - 0.02), y=base, class_="tick"))
    if len(points) > 1:
        parts.append(element("text", day(points[-1].at), x="100%", y=base, class_="tick end"))
    return element("svg", joined(parts), class_="chart timeline", width="100%", height=HEIGHT, role="img")


def _mark(mark: Mark, x: float, place: int) -> Markup:
    line = element("line", x1=percentage(x), x2=percentage(x), y1=TOP, y2=HEIGHT - BOTTOM, class_=mark.kind)
    # Words of neighbours stand on two lines, and near the right edge to the left of theirs.
    ends = x > 0.7
    at = percentage(x - 0.006 if ends else x + 0.006)
    word = element(
        "text", mark.short, x=at, y=TOP + 8 + 11 * (place % 2), class_=f"tick{' end' if ends else ''}"
    )
    said = element("title", f"{day(mark.at)}: {mark.said}")
    return element("g", joined((said, line, word)), class_="mark-line")


def _runs(
    points: Sequence[Point], across: Callable[[datetime], float], y: Callable[[float], float]
) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append((across(point.at), y(point.value)))
    return runs


def _line(runs: list[list[tuple[float, float]]], kind: str) -> list[Markup]:
    # A box of its own that stretches sideways only, so that text and marks beside it do not.
    drawn = [
        element("polyline", points=" ".join(f"{x * 100:.2f},{y:.1f}" for x, y in run), class_=kind)
        for run in runs
        if len(run) > 1
    ]
    box = {"viewBox": f"0 0 100 {HEIGHT}", "preserveAspectRatio": "none"}
    return [element("svg", joined(drawn), width="100%", height=HEIGHT, **box)] if drawn else []


def _point(point: Point, x: str, y: Callable[[float], float], shown: bool) -> Markup:
    parts = [element("title", point.said or f"{day(point.at)}: {number(point.value)}")]
    at = HEIGHT - BOTTOM - 2.0 if point.value is None else y(point.value)
    if shown:
        parts.append(element("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="shown"))
    if point.low is not None and point.high is not None:
        whisker = f"whisker {point.verdict}"
        parts.append(element("line", x1=x, x2=x, y1=y(point.low), y2=y(point.high), class_=whisker))
    parts.append(shape(point.verdict, x, f"{at:.1f}"))
    return element("g", joined(parts))
