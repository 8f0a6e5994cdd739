"""Caution: what measures of outcomes cannot say, however many people they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from monitors.audit import Finding
from monitors.columns import Columns
from monitors.discovery import metrics

TREATED = (
    "Staff acted on flags, and care given because of a flag can prevent the outcome it warned of: "
    "of people who were treated the outcomes understate the risk they were at, so that a tool which "
    "helps looks worse than it is."
)
_OF_KNOWING = frozenset({"label_coverage"})  # asks whether an outcome is known, not which it was


def cautioned(columns: Columns, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, those that rest on outcomes with the caution that staff acted, where that is recorded.

    Which way a figure is off depends on what staff do; that the verdict is on the tool and the
    care together holds for all of them (Lenert et al. 2019, J Am Med Inform Assoc 26:1645).

    >>> from monitors.audit import Verdict
    >>> ppv = Finding(metric="positive_predictive_value", family="performance", subject="model",
    ...     unit="share of rows", verdict=Verdict.WITHIN)
    >>> recorded = Columns(time="at", decision="flag", action="seen")
    >>> [found.caution == TREATED for found in cautioned(recorded, [ppv])]
    [True]
    """
    for finding in findings:
        declared = metrics().get(finding.metric)
        rests = declared is not None and "outcome" in declared.facts.needs
        treated = columns.action is not None and rests and finding.metric not in _OF_KNOWING
        yield replace(finding, caution=TREATED) if treated else finding
