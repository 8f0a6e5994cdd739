"""Section 6: how well it works for each group."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.report import drawing
from dashboards.report.drawing import Arm, Curve, Panel
from dashboards.report.facts import NOTHING, VERDICTS, Facts, figure
from dashboards.report.model import Block, Column, Figure, Section, Table, Text
from monitors.audit import WORST_FIRST, Verdict
from monitors.views import Scores

GRADES = {"A": "A", "B": "B (rough)", "C": "C (too rough)", None: NOTHING}


def section(facts: Facts) -> Section:
    """Tables 3a and 3b, the calibration panels and the forest."""
    blocks: list[Block] = [_decisions(facts), _risks(facts), _forest(facts), *_calibration(facts)]
    return Section(number="6", id="groups", title="How well it works for each group", blocks=tuple(blocks))


def _decisions(facts: Facts) -> Table:
    rows = []
    for attribute, group in facts.places:
        where = (attribute, group)
        n, held = facts.size(*where), facts.labelled(*where)
        flagged = facts.find("selection_rate", *where)
        told = flagged is not None and flagged.events is not None
        rows.append(
            (
                f"{attribute} {group}",
                f"{n:,}" if n is not None else facts.hidden,
                f"{held[1]:,}" if held else facts.hidden,
                f"{flagged.events:,}" if told and flagged is not None else facts.hidden,
                facts.cell("selection_rate", *where),
                facts.cell("true_positive_rate", *where),
                _again(facts, "true_positive_rate", *where),
                facts.cell("missed_per_1000", *where, digits=0, scale=1.0),
                facts.cell("false_positive_rate", *where),
                _again(facts, "false_positive_rate", *where),
                facts.cell("positive_predictive_value", *where),
                facts.cell("negative_predictive_value", *where),
                _grade(facts, ("true_positive_rate", "false_positive_rate"), *where),
                _verdict(facts, ("true_positive_rate", "false_positive_rate", "positive_predictive_value", "selection_rate"), *where),
            )
        )  # fmt: skip
    titles = (
        ("Group", "text", 1.8), ("n", "number", 0.65), ("Events", "number", 0.7), ("Flagged n", "number", 0.75),
        ("Flagged %", "number", 1.15), ("Caught: TPR %", "number", 1.15), ("TPR % if recalibrated", "number", 0.95),
        ("Missed: FNR, people per 1,000 scored", "number", 1.15), ("False alarms: FPR %", "number", 1.15),
        ("FPR % if recalibrated", "number", 0.95), ("PPV %", "number", 1.15), ("NPV %", "number", 1.15),
        ("Precision grade", "text", 0.8), ("Verdict (worst of the four gaps)", "verdict", 1.75),
    )  # fmt: skip
    return Table(
        id="t3a", number="3a", title="Decisions at the threshold in use",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows), wide=True,
        note=(
            "In brackets the 95 % interval. Recalibrated: what the same threshold would do if the score's risk were "
            "put right for this group. A dash there: the difference stands for too few people to tell."
        ),
    )  # fmt: skip


def _risks(facts: Facts) -> Table:
    rows = []
    for attribute, group in facts.places:
        where = (attribute, group)
        n, held = facts.size(*where), facts.labelled(*where)
        ratio = facts.find("observed_expected_ratio", *where)
        observed = f"{held[1] / held[0] * 100:.1f}" if held else facts.hidden
        mean = NOTHING
        if held and ratio is not None and ratio.level:
            mean = f"{held[1] / held[0] / ratio.level * 100:.1f}"
        rows.append(
            (
                f"{attribute} {group}",
                f"{n:,}" if n is not None else facts.hidden,
                f"{held[1]:,}" if held else facts.hidden,
                mean,
                observed,
                facts.cell("observed_expected_ratio", *where, digits=2, scale=1.0),
                facts.cell("calibration_slope", *where, digits=2, scale=1.0),
                facts.cell("auroc", *where, digits=2, scale=1.0),
                facts.cell("scaled_brier", *where),
                facts.cell("net_benefit", *where, digits=0, scale=1000.0),
                _grade(facts, ("observed_expected_ratio", "auroc"), *where),
                _verdict(facts, ("observed_expected_ratio", "auroc", "net_benefit_over_default"), *where),
            )
        )
    at = f"{facts.threshold * 100:g} %" if facts.threshold else "the threshold"
    titles = (
        ("Group", "text", 1.8), ("n", "number", 0.65), ("Events", "number", 0.7), ("Mean predicted %", "number", 0.9),
        ("Observed %", "number", 0.85), ("O/E", "number", 1.25), ("Calibration slope", "number", 1.25), ("AUROC", "number", 1.25),
        ("Scaled Brier %", "number", 1.2), (f"Net benefit per 1,000 at {at}", "number", 1.2), ("Precision grade", "text", 0.85),
        ("Verdict (worst of the gaps)", "verdict", 1.75),
    )  # fmt: skip
    return Table(
        id="t3b", number="3b", title="Quality of the risk estimate",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows), wide=True,
        note="O/E above 1: more had the outcome than was predicted. Slope 1 and O/E 1 are right. AUROC .5 is chance.",
    )  # fmt: skip


def _again(facts: Facts, metric: str, attribute: str, group: str) -> str:
    found = facts.find(metric, attribute, group)
    if found is not None and found.verdict is Verdict.WITHHELD:
        return facts.hidden
    held = facts.recalibrated(metric, attribute, group)
    return NOTHING if held is None else figure(held * 100)


def _grade(facts: Facts, metrics: Sequence[str], attribute: str, group: str) -> str:
    found = [facts.find(m, attribute, group) for m in metrics]
    held = [f.grade for f in found if f is not None and f.grade is not None]
    return GRADES[max(held, default=None)]


def _verdict(facts: Facts, metrics: Sequence[str], attribute: str, group: str) -> str:
    found = [facts.find(m, attribute, group) for m in metrics]
    said = {f.verdict for f in found if f is not None and f.margin is not None}
    worst = next((v for v in WORST_FIRST if v in said), None)
    return VERDICTS[worst] if worst else "not judged"


def _forest(facts: Facts) -> Figure:
    panels = []
    for metric, heading, scale in (
        ("true_positive_rate", "Caught, %", 100.0),
        ("false_positive_rate", "False alarms, %", 100.0),
        ("observed_expected_ratio", "Observed over expected", 1.0),
    ):
        panels.append((heading, [_arm(facts, metric, a, g, scale) for a, g in facts.places], None))
    said = _forest_said(facts)
    names = f"{len(facts.places)} groups"
    svg = drawing.intervals(
        panels, title="Found, false alarms and risk by group", said=said, ticked=lambda v: f"{v:g}",
        keys=("grey: the margin about everyone else", "◇ after recalibration", "● within  ◆ different  ▲ beyond  ○ cannot tell"),
    )  # fmt: skip
    return Figure(
        id="f2", number="2", title="Each group against everyone else", reading=said, svg=svg,
        alt=f"Interval plot of three measures for {names}; figures in tables 3a and 3b. {said}",
    )  # fmt: skip


def _arm(facts: Facts, metric: str, attribute: str, group: str, scale: float) -> Arm:
    found, own = facts.find(metric, attribute, group), facts.own(metric, attribute, group)
    first = facts.groups(attribute)[:1] == (group,)
    name = f"{attribute} {group}"
    if found is None or own is None or own.value is None or (found.grade == "C" and facts.shareable):
        verdict = found.verdict if found else Verdict.FAILED
        note = (
            "not measured" if found is None else "withheld" if verdict is Verdict.WITHHELD else "cannot tell"
        )
        return Arm(name, verdict, first=first, note=note)
    again = facts.recalibrated(metric, attribute, group)
    band = None
    if found.margin is not None and found.baseline is not None:
        band = ((found.baseline - found.margin) * scale, (found.baseline + found.margin) * scale)
    return Arm(
        name, found.verdict, own.value * scale,
        None if own.low is None else own.low * scale, None if own.high is None else own.high * scale,
        None if again is None else again * scale, band, first,
    )  # fmt: skip


def _forest_said(facts: Facts) -> str:
    found = [
        f for f in facts.of("true_positive_rate", crossed=False) if f.level is not None and f.grade != "C"
    ]
    if not found:
        return "How many of those with the outcome were found cannot be shown for any group."
    least, most = (pick(found, key=lambda f: f.level or 0.0) for pick in (min, max))
    return (
        f"Of every 100 people with the outcome, {(least.level or 0) * 100:.0f} of {least.subject} {least.group} were "
        f"flagged and {(most.level or 0) * 100:.0f} of {most.subject} {most.group}."
    )


def _calibration(facts: Facts) -> list[Block]:
    held: list[tuple[str, Scores]] = []
    left: list[str] = []
    for attribute in facts.attributes:
        views = facts.views(attribute)
        if views is None:
            left += [f"{attribute} {group}" for group in facts.groups(attribute)]
            continue
        held += [(f"{attribute} {scores.group}", scores) for scores in views.shown if scores.group]
        left += [f"{attribute} {group}" for group in views.left_out]
    blocks: list[Block] = []
    if held:
        said = _calibrated(held)
        drawn = [_panel(name, scores, facts.threshold) for name, scores in held]
        blocks.append(
            Figure(
                id="f1", number="1", title="Predicted against observed risk, by group", reading=said,
                alt=f"{len(held)} small plots of predicted against observed risk with the spread of scores underneath. {said}",
                svg=drawing.panels(
                    drawn, title="Calibration by group", said=said, across="predicted risk, %",
                    up="observed, % (dotted: where predictions come true; dashed: the threshold)",
                    columns=5 if len(drawn) > 8 else 4,
                ),
            )
        )  # fmt: skip
    if left:
        where = "observed over expected in table 3b" if facts.own("observed_expected_ratio") else "table 3b"
        text = f"No panel for {', '.join(left)}: fewer than 100 people with the outcome or 100 without, or too few in a band of scores. For them see {where}."
        blocks.append(Text(paragraphs=(text,)))
    return blocks


def _panel(name: str, scores: Scores, threshold: float | None) -> Panel:
    points, limits = [], []
    for predicted, observed, low, high in zip(
        scores.predicted, scores.observed, scores.low, scores.high, strict=True
    ):
        if predicted is not None and observed is not None and low is not None and high is not None:
            points.append((predicted, observed))
            limits.append((low, high))
    had = scores.prevalence
    mixed = [p * had + n * (1 - had) for p, n in zip(scores.positives, scores.negatives, strict=True)]
    dense = [m / (b - a) for m, a, b in zip(mixed, scores.edges, scores.edges[1:], strict=False)]
    top = max(dense) or 1.0
    bars = tuple((a, b, d / top) for d, a, b in zip(dense, scores.edges, scores.edges[1:], strict=False))
    return Panel(name, (Curve(tuple(points), tuple(limits)),), bars, True, threshold)


def _calibrated(held: Sequence[tuple[str, Scores]]) -> str:
    off = []
    for name, scores in held:
        for predicted, observed, low, high in zip(
            scores.predicted, scores.observed, scores.low, scores.high, strict=True
        ):
            if None not in (predicted, observed, low, high) and not low <= predicted <= high:  # type: ignore[operator]
                off.append((abs(predicted - observed), name, predicted, observed))  # type: ignore[operator]
    if not off:
        return "In every band of scores shown the prediction lies inside the interval of what was observed."
    _, name, predicted, observed = max(off, key=lambda found: found[:2])
    return (
        f"Furthest off is {name}: where {predicted * 100:.0f} of every 100 were predicted to have the outcome, "  # type: ignore[operator]
        f"{observed * 100:.0f} had it."  # type: ignore[operator]
    )
