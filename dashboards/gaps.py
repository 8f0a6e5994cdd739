"""From an audit to what the groups page draws: gaps with their loss, coverage, and score views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts import calibration, decision, outcomes
from dashboards.charts.forest import WORDS, Arm, Beside, forest
from dashboards.charts.shrinkage import Drawn, shrinkage
from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.views import ByGroup, Scores
from monitors.words.figures import measured, tick
from monitors.words.names import measure
from monitors.worst import worst_first

# A measure, and which part of its gap recalibrating the group would mend.
LOSSES = {
    "true_positive_rate": "miscalibration_loss",
    "false_positive_rate": "miscalibration_loss_false_positive",
    "selection_rate": "miscalibration_loss_selection",
}
POOLED = "pooled_true_positive_rate"
FIRST = "true_positive_rate"  # what is looked at first where nothing is worse: who is missed


def gap_measures(audit: Audit) -> list[tuple[str, Verdict]]:
    """The measures that were taken by group, each with its worst verdict; losses stand beside theirs."""
    found: dict[str, Verdict] = {}
    for finding in worst_first(f for f in audit.findings if f.group is not None and not f.slow):
        found.setdefault(finding.metric, finding.verdict)
    held = [(m, v) for m, v in found.items() if m not in LOSSES.values() or len(found) == 1]
    return sorted(held, key=lambda pair: (WORST_FIRST.index(pair[1]), pair[0] != FIRST))


def attributes(audit: Audit) -> list[str]:
    """What people were grouped by, in the audit's order."""
    return list(dict.fromkeys(f.subject for f in audit.findings if f.group is not None))


def of_groups(audit: Audit, metric: str, attribute: str = "") -> list[Finding]:
    """One measure's findings by group, in the audit's order."""
    return [
        f
        for f in audit.findings
        if f.group is not None and f.metric == metric and attribute in ("", f.subject)
    ]


def forest_of(audit: Audit, metric: str, attribute: str = "", *, loss: bool = False) -> Markup:
    """Every group's gap in one measure, with what of it is miscalibration where `loss` is asked for."""
    findings = of_groups(audit, metric, attribute)
    losses = of_groups(audit, LOSSES.get(metric, ""), attribute) if loss else []
    margins = {f.margin for f in findings}
    gap = any(f.against not in (None, "target") for f in findings)
    other = "everyone else" if {f.against for f in findings} <= {"rest"} else "the group compared with"
    unit = findings[0].unit
    caption = f"each group against {other}" if gap else "each group by itself"
    return forest(
        _arms(findings),
        caption=f"{measure(metric)}: {caption}",
        margin=margins.pop() if len(margins) == 1 else None,
        written=lambda value: measured(value, unit, gap=True),
        ticked=lambda value: tick(value, unit, gap=True),
        heading="Gap" if gap else "Value",
        beside=_beside(losses) if losses else None,
    )


def _beside(losses: Sequence[Finding]) -> Beside:
    unit = losses[0].unit
    return Beside(
        "Of it, the score's own fault",
        _arms(losses),
        losses[0].margin,
        lambda value: measured(value, unit, gap=True),
        lambda value: tick(value, unit, gap=True),
    )


def _arms(findings: Sequence[Finding]) -> list[Arm]:
    return [Arm(f.subject, f.group or "", f.verdict, f.n, f.value, f.low, f.high) for f in findings]


_COSTS_BELOW = ("true_positive_rate", "auroc", "positive_predictive_value", "miscalibration_loss")
_COSTS_ABOVE = ("observed_expected_ratio", "false_positive_rate", "false_negative_rate")


def served_worst(audit: Audit) -> Finding | None:
    """The gap to look at first: the worst judged, and where none is told, the widest that is seen."""
    gaps = [
        f
        for f in audit.findings
        if f.group is not None
        and f.severity != "info"
        and f.value is not None
        and f.slow is None
        and _harms(f)
    ]
    return worst_first(gaps)[0] if gaps else None


def furthest_apart(audit: Audit) -> Finding | None:
    """Of the gaps that are told, and of which nobody can say whose cost they are, the worst judged.

    A group flagged more often than the others may be better looked after or more disturbed.
    """
    told = (Verdict.BEYOND, Verdict.DIFFERENT)
    gaps = [
        f
        for f in audit.findings
        if f.group is not None
        and f.severity != "info"
        and f.verdict in told
        and f.slow is None
        and f.metric not in _COSTS_BELOW + _COSTS_ABOVE
    ]
    return worst_first(gaps)[0] if gaps else None


def _harms(finding: Finding) -> bool:
    """Whether the gap is to the group's cost: fewer found, less well ranked, risk understated."""
    value = finding.value or 0.0
    return value < 0 if finding.metric in _COSTS_BELOW else value > 0 and finding.metric in _COSTS_ABOVE


@dataclass(frozen=True, slots=True)
class Line:
    """One group in one measure with everything said of it, and who of the group was looked at."""

    finding: Finding
    loss: Finding | None
    scored: Finding | None
    labelled: Finding | None

    @classmethod
    def of(cls, audit: Audit, finding: Finding) -> Line:
        """With the group's loss and coverage from the same audit."""

        def beside(metric: str) -> Finding | None:
            return audit.finding((metric, finding.subject, finding.group))

        loss = beside(LOSSES.get(finding.metric, ""))
        return cls(finding, loss, beside("scored_share"), beside("label_coverage"))


@dataclass(frozen=True, slots=True)
class Panel:
    """The three pictures of one group's scores, each with the sentence under it."""

    group: str
    calibration: Markup
    calibrated: str
    outcomes: Markup
    spread: str
    decision: Markup
    worth: str


def panels(shown: ByGroup | None) -> list[Panel]:
    """Everyone first, then each group with enough people."""
    return [_panel(shown, scores) for scores in shown.shown] if shown else []


def _panel(by: ByGroup, scores: Scores) -> Panel:
    name = f"{by.attribute} {scores.group}" if scores.group else "everyone"
    calibrated, spread, worth = (told(scores, by.threshold) for told in (_furthest, _spread, _worth))
    given = {"threshold": by.threshold}
    return Panel(
        name,
        calibration.calibration(scores, title=f"Calibration, {name}", said=calibrated, **given),
        calibrated,
        outcomes.outcomes(scores, title=f"Scores by outcome, {name}", said=spread, **given),
        spread,
        decision.decision(scores, title=f"Decision curve, {name}", said=worth, **given),
        worth,
    )


def _furthest(scores: Scores, _threshold: float | None) -> str:
    told = [
        (predicted, observed, low, high)
        for predicted, observed, low, high in zip(
            scores.predicted, scores.observed, scores.low, scores.high, strict=True
        )
        if predicted is not None and observed is not None and low is not None and high is not None
    ]
    predicted, observed, low, high = max(told, key=lambda bin_: abs(bin_[0] - bin_[1]))
    likely = f"likely between {low * 100:.0f} and {high * 100:.0f}"
    sure = "so the score is off there" if not low <= predicted <= high else "so it may be right there"
    return (
        f"Furthest off: where {predicted * 100:.0f} of every 100 were predicted to have the outcome, "
        f"{observed * 100:.0f} had it ({likely}), {sure}."
    )


def _spread(scores: Scores, threshold: float | None) -> str:
    at = _nearest(scores, threshold)
    start = scores.edges[at]
    had, had_not = sum(scores.positives[at:]) * 100, sum(scores.negatives[at:]) * 100
    return (
        f"Of every 100 with the outcome, {had:.0f} had a score of {start:.2g} or more; "
        f"of every 100 without it, {had_not:.0f}."
    )


def _worth(scores: Scores, threshold: float | None) -> str:
    at = _nearest(scores, threshold)
    edge, value, everyone = scores.net_benefit()[at]
    other = max(everyone, 0.0)
    gain = (value - other) * 100
    better = "better" if gain > 0.05 else "no better" if gain > -0.05 else "worse"
    rule = "flagging everyone" if everyone > 0 else "flagging nobody"
    return (
        f"Near a threshold of {edge * 100:.0f} %, flagging by the score is {better} than {rule}: "
        f"worth {value * 100:.1f} people rightly flagged of every 100, against {other * 100:.1f}."
    )


def _nearest(scores: Scores, threshold: float | None) -> int:
    """The bin that starts nearest to the threshold, or to a half; never the first, which flags all."""
    wanted = 0.5 if threshold is None else threshold
    return min(range(1, len(scores.edges) - 1), key=lambda i: abs(scores.edges[i] - wanted))


def shrinkage_of(audit: Audit, attribute: str = "") -> Markup | None:
    """Small groups and intersections side by side: by itself, pooled, and how far drawn; None without any."""
    found = of_groups(audit, POOLED, attribute)
    if not found:
        return None
    groups = [
        Drawn(f"{f.subject} {f.group}", f.n, f.level, f.value, f.low, f.high, f.drawn)
        if f.value is not None
        else Drawn(f"{f.subject} {f.group}", f.n, why=WORDS[f.verdict])
        for f in found
    ]
    told = "Each group's own sensitivity is drawn towards all groups' by as much as it is uncertain"
    return shrinkage(
        groups,
        caption=f"{told}: few people, drawn far. Shown to look, not to judge.",
        counted="with the outcome",
    )
