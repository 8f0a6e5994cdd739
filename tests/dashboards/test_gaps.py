"""Which gap the groups page puts first: one to the group's cost, or else the furthest that is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.gaps import furthest_apart, served_worst
from monitors.audit import Audit, Finding, Verdict
from monitors.window import Window
from tests.dashboards import ward

END = datetime(2026, 3, 2, tzinfo=UTC)


def audit(*findings: Finding) -> Audit:
    return Audit(
        model="notes", version="1", window=Window(END - timedelta(weeks=1), END), stage="scored", rows=600,
        config="c", reference="r", profile="p", software="rounds", findings=findings,
    )  # fmt: skip


def gap(metric: str, verdict: Verdict, value: float) -> Finding:
    return ward.finding(
        metric,
        "fairness",
        verdict,
        subject="language",
        group="es",
        value=value,
        margin=0.1,
        severity="committee",
    )


FLAGGED = gap("selection_rate", Verdict.BEYOND, 0.47)


def test_a_gap_of_nobody_s_cost_is_not_called_a_disservice_and_not_passed_over() -> None:
    assert served_worst(audit(FLAGGED)) is None
    assert furthest_apart(audit(FLAGGED)) == FLAGGED


@pytest.mark.parametrize(
    "better",
    [gap("true_positive_rate", Verdict.BEYOND, 0.2), gap("selection_rate", Verdict.CANNOT_TELL, 0.4)],
)
def test_a_group_found_more_often_or_not_told_is_no_gap_to_put_first(better: Finding) -> None:
    assert furthest_apart(audit(better)) is None
