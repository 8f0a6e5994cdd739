"""Beside: a raw gap read together with the miscalibration loss of the same group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from monitors.audit import Finding, Verdict

LOSSES = {
    "true_positive_rate": "miscalibration_loss",
    "false_negative_rate": "miscalibration_loss",
    "missed_per_1000": "miscalibration_loss",
    "false_positive_rate": "miscalibration_loss_false_positive",
    "true_negative_rate": "miscalibration_loss_false_positive",
    "selection_rate": "miscalibration_loss_selection",
    "net_benefit": "miscalibration_loss_net_benefit",
}
# No figure stands here: the loss may be withheld where the gap is shown.
_SAID = {
    Verdict.WITHIN: "miscalibration loss is within its margin: the gap goes with another mix of risks, "
    "not with risk misjudged in this group",
    Verdict.BEYOND: "miscalibration loss is beyond its margin too: risk is misjudged in this group",
    Verdict.DIFFERENT: "part of it, how much is unclear, is miscalibration loss: see that finding",
    Verdict.CANNOT_TELL: "a gap may come from another mix of risks alone; miscalibration loss, beside it, "
    "cannot yet tell",
}
_MOVED = (Verdict.BEYOND, Verdict.DIFFERENT)


def beside(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, each raw gap that shows now saying what the loss beside it says.

    A raw gap accuses groups whose mix of risks differs and misses groups whose risk is
    understated, so neither verdict is changed: disagreement between the two is what to read.

    >>> gap = Finding(metric="true_positive_rate", family="fairness", subject="race", unit="share of rows",
    ...     group="a", against="rest", verdict=Verdict.BEYOND)
    >>> loss = replace(gap, metric="miscalibration_loss", verdict=Verdict.WITHIN)
    >>> [f.reason and f.reason[:49] for f in beside([gap, loss])]
    ['miscalibration loss is within its margin: the gap', None]
    """
    kept = list(findings)
    losses = {f.key: f.verdict for f in kept if f.metric in LOSSES.values()}
    for finding in kept:
        loss = LOSSES.get(finding.metric)
        if finding.group is None or loss is None or finding.verdict not in _MOVED:
            yield finding
            continue
        said = _SAID.get(losses.get((loss, finding.subject, finding.group), Verdict.FAILED))
        reasons = [part for part in (finding.reason, said) if part]
        yield replace(finding, reason="; ".join(reasons) or None)
