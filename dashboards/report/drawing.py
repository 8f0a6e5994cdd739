"""Drawing: the report's figures as SVG that is the same on screen and on paper.

Every colour stands in the element itself, so that the PDF needs no style sheet, and the marks differ
by shape and tone, so that a grey copy reads as well. Classes let the HTML page turn them dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.svg import Scale, element, joined
from monitors.audit import Verdict

INK, SOFT, LINE, BAND, PAPER = "#17212b", "#4d5966", "#c6ccd3", "#e3e6ea", "#ffffff"
FONT = "Inter, sans-serif"
WIDTH, ROW, HEAD, FOOT = 680, 21, 22, 34


@dataclass(frozen=True, slots=True)
class Arm:
    """One row of an interval plot. `mark` is a second value: after recalibration."""

    label: str
    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None
    mark: float | None = None
    band: tuple[float, float] | None = None
    first: bool = False
    note: str = ""


def words(said: str, x: float, y: float, *, size: float = 11, anchor: str = "start", bold: bool = False,
          soft: bool = False) -> Markup:  # fmt: skip
    """A line of text."""
    return element(
        "text", said, x=x, y=y, font_size=size, font_family=FONT, text_anchor=anchor,
        font_weight=600 if bold else 400, fill=SOFT if soft else INK, class_="soft-ink" if soft else "ink",
    )  # fmt: skip


def line(x1: float, y1: float, x2: float, y2: float, *, colour: str = LINE, width: float = 1.0,
         dashes: str | None = None, kind: str = "rule") -> Markup:  # fmt: skip
    """A stroke."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_width=width,
                   stroke_dasharray=dashes, class_=kind)  # fmt: skip


def box(x: float, y: float, width: float, height: float, *, fill: str = BAND, stroke: str | None = None,
        kind: str = "band") -> Markup:  # fmt: skip
    """A rectangle."""
    return element("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), fill=fill,
                   stroke=stroke, class_=kind)  # fmt: skip


def dot(x: float, y: float, verdict: Verdict) -> Markup:
    """A value's mark: its shape and its filling say the verdict without any colour."""
    common = {"stroke": INK, "stroke_width": 1.3, "class_": "mark"}
    if verdict is Verdict.BEYOND:
        return element(
            "path", d=f"M{x:.1f} {y - 5:.1f}l5 9h-10z", **{**common, "fill": INK, "class_": "mark full"}
        )
    if verdict is Verdict.DIFFERENT:
        return element(
            "path", d=f"M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z", **{**common, "fill": SOFT, "class_": "mark half"}
        )
    if verdict is Verdict.WITHIN:
        return element("circle", cx=x, cy=y, r=3.6, **{**common, "fill": INK, "class_": "mark full"})
    return element("circle", cx=x, cy=y, r=3.6, **{**common, "fill": PAPER, "class_": "mark hollow"})


def hollow(x: float, y: float) -> Markup:
    """A diamond: the value after recalibration."""
    return element("path", d=f"M{x:.1f} {y - 5:.1f}l4 5-4 5-4-5z", fill=PAPER, stroke=INK, stroke_width=1.2,
                   class_="mark hollow")  # fmt: skip


def picture(parts: Sequence[Markup], width: float, height: float, title: str, said: str) -> str:
    """A whole SVG with its title and description."""
    inside = joined([element("title", title), element("desc", said), *parts])
    return str(
        element(
            "svg", inside, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}",
            width=f"{width:g}", height=f"{height:g}", role="img", class_="figure",
        )
    )  # fmt: skip


def intervals(
    panels: Sequence[tuple[str, Sequence[Arm], float | None]],
    *,
    title: str,
    said: str,
    ticked: object,
    label: float = 178,
    keys: Sequence[str] = (),
) -> str:
    """Panels side by side over the same rows: (heading, rows, where a line stands), each on its own scale."""
    write = ticked if callable(ticked) else str
    rows = panels[0][1]
    each = (WIDTH - label) / len(panels)
    height = HEAD + ROW * len(rows) + FOOT + (14 if keys else 0)
    parts: list[Markup] = []
    for at, arm in enumerate(rows):
        y = HEAD + ROW * at
        if arm.first and at:
            parts.append(line(0, y, WIDTH, y))
        parts.append(words(arm.label, 0, y + ROW / 2 + 4, soft=arm.verdict is Verdict.CANNOT_TELL))
    for place, (heading, arms, zero) in enumerate(panels):
        left, span = label + each * place + 8, each - 22
        scale = _scale(arms, zero)

        def x(value: float, left: float = left, span: float = span, scale: Scale = scale) -> float:
            return left + span * scale.share(value)

        parts.append(words(heading, left, 13, bold=True))
        foot = HEAD + ROW * len(arms)
        for at, arm in enumerate(arms):
            if arm.band is not None:
                low, high = x(arm.band[0]), x(arm.band[1])
                parts.append(box(low, HEAD + ROW * at, high - low, ROW))
        if zero is not None:
            parts.append(line(x(zero), HEAD, x(zero), foot, colour=SOFT))
        for tick in scale.ticks(4):
            parts.append(line(x(tick), foot, x(tick), foot + 4, colour=SOFT))
            parts.append(words(write(tick), x(tick), foot + 16, size=9.5, anchor="middle", soft=True))
        for at, arm in enumerate(arms):
            parts += _row(arm, x, HEAD + ROW * at + ROW / 2, left, span)
    if keys:
        parts.append(words("; ".join(keys), 0, height - 3, size=9.5, soft=True))
    return picture(parts, WIDTH, height, title, said)


def _scale(arms: Sequence[Arm], zero: float | None) -> Scale:
    told = [v for a in arms for v in (a.value, a.low, a.high, a.mark, *(a.band or ()))]
    return Scale.around([*told, zero], pad=0.05)


def _row(arm: Arm, x: object, y: float, left: float, span: float) -> list[Markup]:
    at = x if callable(x) else float
    if arm.value is None:
        said = arm.note or "withheld"
        hatched = [line(left + 4 * i, y + 4, left + 4 * i + 5, y - 4) for i in range(3)]
        return [*hatched, words(said, left + 20, y + 4, size=9.5, soft=True)]
    grey = arm.verdict in (Verdict.CANNOT_TELL, Verdict.FAILED)
    parts = []
    if arm.low is not None and arm.high is not None:
        parts.append(
            line(at(arm.low), y, at(arm.high), y, colour=SOFT if grey else INK, width=1.6,
                 dashes="4 3" if grey else None, kind="soft-stroke" if grey else "stroke")
        )  # fmt: skip
    if arm.mark is not None:
        parts.append(hollow(at(arm.mark), y))
    return [*parts, dot(at(arm.value), y, arm.verdict)]


def bars(rows: Sequence[tuple[str, Sequence[tuple[str, float]]]], *, title: str, said: str) -> str:
    """Groups of horizontal bars, each labelled with its share of the first: who drops out on the way."""
    label, high = 178, 14
    height = sum(10 + high * len(steps) for _, steps in rows) + 6
    parts: list[Markup] = []
    y = 4.0
    for name, steps in rows:
        parts.append(words(name, 0, y + 11, bold=True))
        for place, (step, share) in enumerate(steps):
            wide = (WIDTH - label - 190) * share
            parts.append(
                box(
                    label + 120, y + 2, wide, high - 4, fill=(INK, SOFT, "#8b96a3")[min(place, 2)], kind="bar"
                )
            )
            parts.append(words(step, label + 114, y + 11, size=9.5, anchor="end", soft=True))
            parts.append(words(f"{share * 100:.0f} %", label + 126 + wide, y + 11, size=9.5, soft=True))
            y += high
        y += 10
    return picture(parts, WIDTH, height, title, said)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a panel: points in shares of each axis, with limits where there are any; steps as bars."""

    points: Sequence[tuple[float, float]]
    limits: Sequence[tuple[float, float]] = ()
    name: str = ""
    dashes: str | None = None
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One small plot. `bars` stand underneath: (from, to, share of the tallest)."""

    heading: str
    curves: Sequence[Curve]
    bars: Sequence[tuple[float, float, float]] = ()
    diagonal: bool = False
    threshold: float | None = None
    bottom: str = "0"
    top: str = "100"
    zero: float | None = None


def panels(held: Sequence[Panel], *, title: str, said: str, across: str, up: str, columns: int = 4) -> str:
    """Small plots on the same axes, side by side."""
    wide, gap, side, under = WIDTH / columns, 26, WIDTH / columns - 40, 26
    rows = -(-len(held) // columns)
    deep = 22 + side * 0.86 + (under if any(p.bars for p in held) else 0) + 34
    parts: list[Markup] = []
    for place, panel in enumerate(held):
        left, top = (place % columns) * wide + gap, (place // columns) * deep + 22
        parts += _panel(panel, left, top, side, side * 0.86, under if panel.bars else 0)
    parts.append(words(f"Across: {across}. Up: {up}.", 0, deep * rows + 8, size=9.5, soft=True))
    return picture(parts, WIDTH, deep * rows + 14, title, said)


def _panel(panel: Panel, left: float, top: float, side: float, tall: float, under: float) -> list[Markup]:
    def x(share: float) -> float:
        return left + side * share

    def y(share: float) -> float:
        return top + tall * (1 - min(1.0, max(0.0, share)))

    parts = [
        words(
            panel.heading,
            left,
            top - 8,
            size=min(10.5, 1.75 * (side + 30) / max(len(panel.heading), 1)),
            bold=True,
        ),
        box(left, top, side, tall, fill="none", stroke=LINE, kind="frame"),
    ]
    parts.append(words(panel.top, left - 4, top + 8, size=8.5, anchor="end", soft=True))
    parts.append(words(panel.bottom, left - 4, top + tall, size=8.5, anchor="end", soft=True))
    base = top + tall + under
    for share, said in ((0.0, "0"), (0.5, "50"), (1.0, "100")):
        parts.append(words(said, x(share), base + 11, size=8.5, anchor="middle", soft=True))
    if panel.diagonal:
        parts.append(line(x(0), y(0), x(1), y(1), colour=SOFT, dashes="1 2"))
    if panel.zero is not None:
        parts.append(line(x(0), y(panel.zero), x(1), y(panel.zero), colour=SOFT, dashes="1 2"))
    if panel.threshold is not None:
        parts.append(line(x(panel.threshold), top, x(panel.threshold), base, colour=SOFT, dashes="4 2"))
    for curve in panel.curves:
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in curve.points)
        parts.append(element("polyline", points=path, fill="none", stroke=INK, stroke_width=1.4,
                             stroke_dasharray=curve.dashes, class_="stroke"))  # fmt: skip
        for (a, b), (low, high) in zip(curve.points, curve.limits, strict=False):
            parts.append(line(x(a), y(low), x(a), y(high), colour=INK, kind="stroke"))
            parts.append(element("circle", cx=x(a), cy=y(b), r=2.2, fill=INK, class_="mark full"))
        if curve.name:
            a, b = curve.points[-1]
            parts.append(
                words(curve.name, min(x(a), left + side) - 2, y(b) - 4, size=8.5, anchor="end", soft=True)
            )
    for start, end, share in panel.bars:
        high = (under - 6) * share
        parts.append(box(x(start), base - high, x(end) - x(start) - 0.6, high, fill="#8b96a3", kind="bar"))
    return parts


def trend(rows: Sequence[tuple[str, Sequence[Arm]]], *, title: str, said: str, ticked: object) -> str:
    """A measure in window after window: one strip a measure, points with intervals, the band behind."""
    write = ticked if callable(ticked) else str
    label, deep = 178.0, 74.0
    many = max(len(points) for _, points in rows)
    step = (WIDTH - label - 60) / max(many - 1, 1)
    parts: list[Markup] = []
    for at, (name, points) in enumerate(rows):
        top = at * (deep + 16) + 4
        scale = _scale(points, None)

        def y(value: float, top: float = top, scale: Scale = scale) -> float:
            return top + deep * (1 - scale.share(value))

        parts.append(words(name, 0, top + deep / 2, bold=True))
        for place, arm in enumerate(points):
            x = label + 34 + step * place
            if arm.band:
                low, high = y(arm.band[0]), y(arm.band[1])
                parts.append(box(x - step / 2, high, step, low - high))
        parts += [
            words(write(tick), label + 4, y(tick) + 3, size=8.5, anchor="end", soft=True)
            for tick in scale.ticks(3)
        ]
        for place, arm in enumerate(points):
            x = label + 34 + step * place
            if at == len(rows) - 1:
                parts.append(words(arm.label, x, top + deep + 12, size=8.5, anchor="middle", soft=True))
            if arm.value is None:
                continue
            if arm.low is not None and arm.high is not None:
                parts.append(line(x, y(arm.low), x, y(arm.high), colour=INK, kind="stroke"))
            parts.append(dot(x, y(arm.value), arm.verdict))
    return picture(parts, WIDTH, len(rows) * (deep + 16) + 10, title, said)
