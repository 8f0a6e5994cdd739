"""What a model's page follows over time: the key measures, and of every other family its worst."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboards.graphs import key_findings, timeline_of
from monitors.audit import Audit, Finding, Verdict
from monitors.window import Window
from tests.dashboards import ward

END = datetime(2026, 3, 2, tzinfo=UTC)
AUROC = ward.finding("auroc", "performance", subject="outcome", value=0.8, margin=0.05, baseline=0.8)
BRIER = ward.finding("log_loss", "performance", Verdict.BEYOND, subject="outcome", value=0.9, margin=0.05)
NEAR = ward.finding("true_positive_rate", "fairness", subject="language", group="es", value=-0.02, margin=0.1)
FAR = ward.finding(
    "true_positive_rate",
    "fairness",
    Verdict.BEYOND,
    subject="language",
    group="so",
    value=-0.2,
    unit="share",
    margin=0.1,
)
KEPT = ward.finding("acceptance", "oversight", Verdict.WITHHELD, subject="answers", value=None, margin=0.1)


def audit(*findings: Finding, weeks: int = 0) -> Audit:
    end = END - timedelta(weeks=weeks)
    return Audit(
        model="notes", version="1", window=Window(end - timedelta(weeks=1), end), stage="outcome", rows=600,
        config="c", reference="r", profile="p", software="rounds", findings=findings,
    )  # fmt: skip


def test_each_family_without_a_key_measure_is_followed_by_its_worst_that_has_a_value() -> None:
    assert key_findings(audit(NEAR, FAR, KEPT, BRIER, AUROC)) == [AUROC, FAR]


def test_a_gap_over_time_is_drawn_about_none_with_its_margin_to_either_side() -> None:
    now, then = audit(AUROC, FAR), audit(AUROC, NEAR, FAR, weeks=1)
    drawn = str(timeline_of([then, now], FAR, now))
    assert "2 windows, 2 beyond the margin" in drawn
    assert "−20\N{NO-BREAK SPACE}points, beyond" in drawn
