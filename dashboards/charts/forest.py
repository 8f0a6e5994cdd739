"""A forest plot: one row a group, its gap with interval, and the margin behind all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.svg import Scale, element, joined, percentage, shape
from monitors.audit import Verdict
from monitors.words.figures import signed

ROW, AXIS = 34, 24
OVER = 9  # bands reach over the row, so that they meet where a long name makes it taller
WORDS = {
    Verdict.WITHIN: "within",
    Verdict.BEYOND: "beyond",
    Verdict.DIFFERENT: "different, size unclear",
    Verdict.CANNOT_TELL: "cannot tell",
    Verdict.WITHHELD: "withheld",
    Verdict.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Arm:
    """One group of the plot: what it is called, its counts, its gap and how that was judged."""

    attribute: str
    group: str
    verdict: Verdict
    n: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """A second quantity of the same groups, drawn to the right on a scale of its own."""

    heading: str
    arms: Sequence[Arm]
    margin: float | None
    written: Callable[[float | None], str]
    ticked: Callable[[float], str]

    def of(self, arm: Arm) -> Arm | None:
        """The same group's."""
        fits = (a for a in self.arms if (a.attribute, a.group) == (arm.attribute, arm.group))
        return next(fits, None)


def forest(
    arms: Sequence[Arm],
    *,
    caption: str,
    margin: float | None,
    zero: float = 0.0,
    written: Callable[[float | None], str] = signed,
    ticked: Callable[[float], str] = signed,
    counted: str = "n",
    heading: str = "Gap",
    beside: Beside | None = None,
) -> Markup:
    """A table whose plot column is drawn: the figures stay text, and stretch with the page."""
    reach = _reach(arms, zero, margin)
    scale = Scale(zero - reach, zero + reach)
    columns = [
        ("Group", "group"),
        (counted, "figure"),
        (f"{heading} and interval", "plot"),
        (heading, "figure"),
    ]
    axes = [_axis(scale, ticked)]
    other = None
    if beside:
        far = _reach(beside.arms, 0.0, beside.margin)
        other = Scale(-far, far)
        columns += [(beside.heading, "plot second"), ("Loss", "figure")]
        axes.append(_axis(other, beside.ticked))
    firsts = {arm.attribute: arm for arm in reversed(arms)}.values()
    rows = []
    for arm in arms:
        drawn = _drawn(arm, scale, margin, zero, written, "", heading if beside else None)
        cells = [_label(arm), cell("–" if arm.n is None else f"{arm.n:,}", "figure", counted), *drawn]
        if beside and other:
            second = beside.of(arm)
            cells += (
                _drawn(second, other, beside.margin, 0.0, beside.written, " second", "Loss")
                if second
                else [cell("", "plot second"), cell("–", "figure", "Loss")]
            )
        rows.append(element("tr", joined(cells), class_="first" if arm in firsts else None, role="row"))
    spare = element("td", "", class_="spare")
    feet = [spare, spare]
    for axis, kind, name in zip(axes, ("plot", "plot second"), (heading, "Loss"), strict=False):
        told = element("span", name, class_="label") if other else ""
        feet += [element("td", axis, class_=kind), element("td", told, class_="spare")]
    return laid(caption, columns, rows, feet, "forest")


def laid(
    caption: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Markup],
    feet: Sequence[Markup],
    kind: str,
) -> Markup:
    """The table round drawn rows; its roles are said, since on a phone a row is no row of cells."""
    heads = joined(_head(name, at) for name, at in columns)
    return element(
        "table",
        joined(
            [
                element("caption", caption),
                element("thead", element("tr", heads, role="row"), role="rowgroup"),
                element("tbody", joined(rows), role="rowgroup"),
                element("tfoot", element("tr", joined(feet), class_="axis", aria_hidden="true")),
            ]
        ),
        class_=kind,
        role="table",
    )


def _head(name: str, kind: str) -> Markup:
    return element("th", name, class_=kind, scope="col", role="columnheader")


def cell(content: Markup | str, kind: str, name: str | None = None) -> Markup:
    """A cell, and what stands before it on a phone, where no heading is above it."""
    return element("td", content, class_=kind, role="cell", data_label=name)


def _reach(arms: Sequence[Arm], zero: float, margin: float | None) -> float:
    # What was told shows whole. An interval that cannot tell must not flatten the others: past
    # the usual it gets an arrow.
    told: list[float] = [1.8 * margin] if margin else []
    every: list[float] = []
    for arm in arms:
        ends = [abs(v - zero) for v in (arm.value, arm.low, arm.high) if v is not None]
        every += ends
        told += [] if arm.verdict is Verdict.CANNOT_TELL else ends
    usual = sorted(every)[: max(1, len(every) * 3 // 4)]
    return 1.1 * max([*told, *usual], default=0.0) or 1.0


def _label(arm: Arm) -> Markup:
    named = [element("span", arm.attribute, class_="attribute"), Markup(" "), element("b", arm.group)]
    return element("th", joined(named), scope="row", class_="group", role="rowheader")


def _drawn(
    arm: Arm,
    scale: Scale,
    margin: float | None,
    zero: float,
    written: Callable[[float | None], str],
    kind: str,
    name: str | None,
) -> list[Markup]:
    value = written(arm.value) if arm.value is not None else "–"
    told = joined([element("span", value), element("span", f", {WORDS[arm.verdict]}", class_="unseen")])
    return [
        cell(_plot(arm, scale, margin, zero), f"plot{kind}"),
        cell(told, f"figure gap {arm.verdict}", name),
    ]


def _plot(arm: Arm, scale: Scale, margin: float | None, zero: float) -> Markup:
    middle = ROW / 2
    parts = [_band(scale, margin, zero)]
    at = percentage(scale.share(zero))
    parts.append(element("line", x1=at, x2=at, y1=-OVER, y2=ROW + OVER, class_="zero"))
    if arm.value is None:
        # At the edge and in words: a mark on the line would look like a gap of zero.
        parts.append(shape(arm.verdict, "2%", f"{middle:g}"))
        word = element("text", WORDS[arm.verdict], x=12, y=4, class_="tick")
        parts.append(element("svg", word, x="2%", y=middle, overflow="visible"))
    else:
        if arm.low is not None and arm.high is not None:
            ends = {"x1": percentage(scale.share(arm.low)), "x2": percentage(scale.share(arm.high))}
            parts.append(element("line", **ends, y1=middle, y2=middle, class_=f"whisker {arm.verdict}"))
            parts += [_arrow(middle, -1, arm.verdict)] if arm.low < scale.low else []
            parts += [_arrow(middle, 1, arm.verdict)] if arm.high > scale.high else []
        parts.append(shape(arm.verdict, percentage(scale.share(arm.value)), f"{middle:g}"))
    return element(
        "svg", joined(parts), class_="chart", width="100%", height=ROW, aria_hidden="true", focusable="false"
    )


def _band(scale: Scale, margin: float | None, zero: float) -> Markup:
    if margin is None:
        return Markup("")
    left, right = scale.share(zero - margin), scale.share(zero + margin)
    return element(
        "rect",
        x=percentage(left),
        width=percentage(right - left),
        y=-OVER,
        height=ROW + 2 * OVER,
        class_="allowed",
    )


def _arrow(middle: float, way: int, verdict: Verdict) -> Markup:
    tip = element("path", d="M6 0 0 -4V4Z" if way > 0 else "M-6 0 0 -4V4Z", class_=f"tip {verdict}")
    inside = "98.5%" if way > 0 else "1.5%"
    return element("svg", tip, x=inside, y=middle, overflow="visible")


def _axis(scale: Scale, ticked: Callable[[float], str]) -> Markup:
    ticks = scale.ticks(4)
    always = {ticks[0], 0.0, ticks[-1]}  # the others make way on a phone
    marks = joined(
        element(
            "text", ticked(tick), x=percentage(scale.share(tick)), y=15,
            class_="tick middle" if tick in always else "tick middle minor",
        )
        for tick in ticks
    )  # fmt: skip
    return element("svg", marks, class_="chart", width="100%", height=AXIS)
