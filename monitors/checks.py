"""Checks: a plan spelled out, one line for each measure and subject, the model's own rules first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from monitors.audit import Finding, Verdict
from monitors.columns import Attribute, Columns, ScoreAtLeast
from monitors.config import ModelConfig
from monitors.discovery import metrics
from monitors.metric import Kind, Metric
from monitors.plan import Rule

EVIDENTLY = "evidently:"
_BY_GROUP = ("cube", "attribute", "mix", "feed")  # what a measure reads that has no meaning of everyone
ROLES: tuple[Kind, ...] = ("score", "decision", "outcome")


@dataclass(frozen=True, slots=True)
class Check:
    """One measure of one subject under one rule.

    `subject` is a column, "score", "decision" or "outcome", "rows" for the window as a whole,
    or, with `attribute` set, the attribute whose groups are compared. `threshold` is the risk
    from which people are flagged, None where decisions are a column of their own.
    """

    where: str
    rule: Rule
    metric: Metric
    subject: str
    kind: Kind | None = None
    attribute: str | None = None
    threshold: float | None = None

    @property
    def unable(self) -> str | None:
        """Why the measure cannot be taken of this model at all, or None."""
        if self.metric.threshold and self.threshold is None:
            return "needs the risk from which people are flagged (`decision: {score_at_least: …}`)"
        return None

    @property
    def compute(self) -> Callable[..., Any]:
        """The measure's function, told the threshold where it asks for one."""
        function = metrics()[self.metric.name].compute
        return partial(function, threshold=self.threshold) if self.metric.threshold else function

    @property
    def facts(self) -> Metric:
        """The measure's facts, told the threshold where it asks for one."""
        return self.metric.at(self.threshold)

    def finding(self, verdict: Verdict, **given: object) -> Finding:
        """A finding of this check, with what its rule says of it."""
        rule = self.rule
        said: dict[str, Any] = {
            "metric": self.metric.name,
            "family": self.metric.family,
            "subject": self.subject,
            "unit": self.metric.unit,
            "verdict": verdict,
            "margin": rule.margin,
            "severity": rule.severity,
            "owner": rule.owner,
            "action": rule.action,
            "runbook": rule.runbook,
            "rule": self.where,
        }
        return Finding(**(said | given))


def threshold(config: ModelConfig) -> float | None:
    """The risk from which people are flagged, where it is known and tells anyone apart."""
    decision = config.columns.decision
    if isinstance(decision, ScoreAtLeast) and 0 < decision.score_at_least < 1:
        return decision.score_at_least
    return None


def subjects(config: ModelConfig) -> dict[str, Kind]:
    """Everything a column measure can be taken of, and what kind of thing it is."""
    columns = config.columns
    found: dict[str, Kind] = dict.fromkeys(columns.numeric, "numeric")
    found |= dict.fromkeys(columns.categorical, "categorical")
    present = {"score": columns.score, "decision": columns.decision, "outcome": columns.outcome}
    found |= {role: role for role in ROLES if present[role] is not None}
    return found


def checks(config: ModelConfig) -> Iterator[Check]:
    """Every check of a model, the first rule that names one keeping it."""
    taken: set[tuple[str, str, bool]] = set()
    for where, rule in config.rules():
        for check in _spelled(config, where, rule):
            key = (check.metric.name, check.subject, check.attribute is not None)
            if key not in taken:
                taken.add(key)
                yield check


def facts(measure: str) -> Metric:
    """The facts of a measure by its word in YAML; Evidently's methods have theirs made up here."""
    if measure.startswith(EVIDENTLY):
        method = measure.removeprefix(EVIDENTLY)
        return Metric(
            name=measure,
            family="drift",
            reads="distance",
            unit=f"as Evidently's {method}",
            zero="as Evidently defines it",
            source="Evidently",
            kinds=("numeric", "categorical", "score", "decision", "outcome"),
        )
    return metrics()[measure].facts


def _its_own(metric: Metric, attribute: Attribute, columns: Columns) -> bool:
    """Whether an attribute has something of its own to say by this measure.

    Of an intersection its parts have said who is there, who is unknown, and what is expected of
    them; of a categorical column its drift says how the mix moved.
    """
    if metric.reads == "mix" and attribute.name in columns.categorical and not attribute.bands:
        return False
    return len(attribute.columns) == 1 or metric.reads not in ("attribute", "mix", "estimate")


def _spelled(config: ModelConfig, where: str, rule: Rule) -> Iterator[Check]:
    metric = facts(rule.measure)
    columns = config.columns
    have = {
        "score": columns.score is not None,
        "decision": columns.decision is not None,
        "outcome": columns.outcome is not None,
        "action": columns.action is not None,
        "action_time": columns.action_time is not None,
        "recorded": columns.recorded is not None,
        "patient": columns.patient is not None,
        "need": columns.need is not None,
        "inputs": bool(columns.numeric or columns.categorical),
        "eligible": config.eligible is not None,
        "label": columns.label is not None,
        "amount": columns.amount is not None,
        "rank": columns.rank is not None,
    }
    if not all(have[need] for need in metric.needs):
        return
    by = rule.by if rule.by is not None or metric.reads not in _BY_GROUP else "sensitive"
    at = threshold(config)
    if by is not None:
        wanted = (by,) if isinstance(by, str) else by
        names = {"sensitive": [a.name for a in columns.sensitive if _its_own(metric, a, columns)]}
        names["intersections"] = [a.name for a in columns.sensitive if len(a.columns) > 1]
        names["site"] = [columns.site] if columns.site else []
        for word in wanted:
            for attribute in names.get(word, [word]):
                yield Check(where, rule, metric, attribute, attribute=attribute, threshold=at)
    elif metric.reads in ("window", "tally", "estimate", "review"):
        subject = "rows" if metric.reads == "window" else "model"
        yield Check(where, rule, metric, subject, threshold=at)
    else:
        for subject, kind in subjects(config).items():
            named = rule.columns if isinstance(rule.columns, tuple) else (rule.columns,)
            wanted_here = {"all", kind, subject} & set(named)
            if wanted_here and kind in metric.kinds:
                yield Check(where, rule, metric, subject, kind)
