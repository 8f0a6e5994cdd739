"""Section 5: how well it works overall, beside what was declared of it and what it did in the reference."""

from __future__ import annotations

from dashboards.report import drawing
from dashboards.report.drawing import Curve, Panel
from dashboards.report.facts import NOTHING, VERDICTS, Facts, measure, spanned
from dashboards.report.model import Block, Column, Figure, Section, Table, Text
from monitors.audit import Verdict

# Measure: how many of what it is written in, and with how many decimals.
CORE = (
    ("auroc", 1.0, 3), ("observed_expected_ratio", 1.0, 2), ("calibration_slope", 1.0, 2), ("scaled_brier", 100.0, 1),
    ("selection_rate", 100.0, 1), ("true_positive_rate", 100.0, 1), ("false_positive_rate", 100.0, 1),
    ("positive_predictive_value", 100.0, 1), ("negative_predictive_value", 100.0, 1), ("missed_per_1000", 1.0, 0),
    ("net_benefit", 1000.0, 0),
)  # fmt: skip


def section(facts: Facts) -> Section:
    """The core set with intervals, and the score's spread and worth."""
    rows = []
    for metric, scale, digits in CORE:
        found = facts.find(metric)
        if found is None:
            continue
        before = facts.assessed.before.get((metric, "model", None))
        was = spanned(before, digits=digits, scale=scale) if before and before.value is not None else NOTHING
        unit = "per 1,000" if metric in ("net_benefit", "missed_per_1000") else "%" if scale == 100 else ""
        name = f"{measure(metric)}{', ' + unit if unit else ''}"
        said = VERDICTS[found.verdict] if found.margin is not None else "shown only"
        rows.append(
            (name, facts.cell(metric, "", None, digits=digits, scale=scale), was, "not declared", said)
        )
    table = Table(
        id="core", number="", title="The core set",
        columns=(
            Column(title="Measure", width=1.5), Column(title="This period (95 % interval)", kind="number", width=1.4),
            Column(title="Reference (95 % interval)", kind="number", width=1.4),
            Column(title="Vendor-reported", kind="number"), Column(title="Verdict", kind="verdict", width=1.3),
        ),
        rows=tuple(rows),
    )  # fmt: skip
    blocks: list[Block] = [table]
    held = facts.views("")
    if held is not None:
        blocks += _figures(facts)
    else:
        blocks.append(
            Text(paragraphs=("Too few people, or too few of one outcome, to draw how scores lie.",))
        )
    judged = facts.find("auroc")
    if judged is not None and judged.verdict is Verdict.CANNOT_TELL:
        blocks.append(
            Text(paragraphs=("Whether it ranks people as well as it did cannot be told from this period.",))
        )
    return Section(number="5", id="overall", title="How well it works overall", blocks=tuple(blocks))


def _figures(facts: Facts) -> list[Block]:
    held = facts.views("")
    if held is None:
        return []
    scores = held.shown[0]
    middle = [(a + b) / 2 for a, b in zip(scores.edges, scores.edges[1:], strict=False)]
    spread = []
    for name, shares in (("with the outcome", scores.positives), ("without it", scores.negatives)):
        top = max(
            s / (b - a) for s, a, b in zip((*scores.positives, *scores.negatives), scores.edges[:-1] * 2, scores.edges[1:] * 2, strict=False)
        )  # fmt: skip
        bars = tuple(
            (a, b, share / (b - a) / top)
            for share, a, b in zip(shares, scores.edges, scores.edges[1:], strict=False)
        )
        spread.append(
            Panel(
                f"People {name}",
                (Curve(tuple((m, h) for m, (_, _, h) in zip(middle, bars, strict=True))),),
                threshold=held.threshold,
                top="",
                bottom="",
            )
        )
    said = _spread_said(scores.positives, scores.negatives, scores.edges, held.threshold)
    figure = Figure(
        id="f7", number="7", title="How scores lie, by outcome", reading=said, alt=f"Two curves. {said}",
        svg=drawing.panels(spread, title="Scores by outcome", said=said, across="predicted risk, %", up="people, share of the tallest", columns=3),
    )  # fmt: skip
    net = scores.net_benefit()
    top = max(0.05, *(max(v, e) for _, v, e in net))
    bottom = -0.1 * top

    def up(value: float) -> float:
        return (value - bottom) / (top - bottom)

    curves = (
        Curve(tuple((t, up(v)) for t, v, _ in net), name="the tool"),
        Curve(tuple((t, up(e)) for t, _, e in net if e >= bottom), name="everyone", dashes="4 3"),
    )
    worth = _worth_said(net, held.threshold)
    decision = Figure(
        id="f8", number="8", title="What flagging by the score is worth", reading=worth, alt=f"Decision curve. {worth}",
        svg=drawing.panels(
            (Panel("Decision curve, everyone", curves, threshold=held.threshold, top=f"{top * 1000:.0f}", bottom=f"{bottom * 1000:.0f}", zero=up(0.0)),),
            title="Decision curve", said=worth, across="threshold, %", up="people rightly flagged per 1,000, net of false alarms", columns=3,
        ),
    )  # fmt: skip
    return [figure, decision]


def _spread_said(
    positives: tuple[float, ...], negatives: tuple[float, ...], edges: tuple[float, ...], at: float | None
) -> str:
    place = min(range(1, len(edges) - 1), key=lambda i: abs(edges[i] - (0.5 if at is None else at)))
    had, had_not = sum(positives[place:]) * 100, sum(negatives[place:]) * 100
    return (
        f"Of every 100 people with the outcome, {had:.0f} had a score of {edges[place]:.2g} or more; "
        f"of every 100 without it, {had_not:.0f}."
    )


def _worth_said(net: list[tuple[float, float, float]], at: float | None) -> str:
    threshold, value, everyone = min(net[1:], key=lambda held: abs(held[0] - (0.5 if at is None else at)))
    other = max(everyone, 0.0)
    rule = "flagging everyone" if everyone > 0 else "flagging nobody"
    better = "more" if value > other + 0.0005 else "no more"
    return (
        f"At a threshold near {threshold * 100:.0f} % the tool is worth {value * 1000:.0f} people rightly flagged "
        f"per 1,000, net of false alarms: {better} than {rule} ({other * 1000:.0f})."
    )
