"""Checks: a plan spelled out, once for each measure and subject, the model's own rules first."""

from __future__ import annotations

from typing import Any

import pytest

from monitors.checks import Check, checks, facts, subjects
from monitors.config import ModelConfig
from monitors.discovery import metrics


def config(plan: list[dict[str, Any]] | None = None, **columns: Any) -> ModelConfig:
    named = {"time": "at", "numeric": ["age", "crea"], "categorical": ["ward"], **columns}
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": named,
            "outcome": {"matures_after": "P1D"},
            "window": "P7D",
            "reference": {"from": "2025-01-06", "to": "2025-06-02"},
            "plan": plan or [],
        }
    )


WHOLE = {
    "score": "risk",
    "decision": {"score_at_least": 0.5},
    "outcome": "y",
    "sensitive": ["sex", "race", ["sex", "race"]],
    "site": "hospital",
}


def spelled(plan: list[dict[str, Any]], **columns: Any) -> list[Check]:
    return [check for check in checks(config(plan, **columns)) if check.where.startswith("plan.")]


def test_no_check_is_made_twice() -> None:
    made = [(c.metric.name, c.subject, c.attribute is None) for c in checks(config(**WHOLE))]
    assert len(made) == len(set(made))


def test_all_means_every_column_a_measure_can_take() -> None:
    found = spelled([{"measure": "missing_share", "margin": 0.1}], **WHOLE)
    assert [c.subject for c in found] == ["age", "crea", "ward", "score", "decision", "outcome"]
    found = spelled([{"measure": "wasserstein", "margin": 0.1}], **WHOLE)
    assert [c.subject for c in found] == ["age", "crea", "score"]


@pytest.mark.parametrize(
    ("columns", "subjects"),
    [
        ("numeric", ["age", "crea"]),
        ("categorical", ["ward"]),
        ("score", ["score"]),
        (["crea", "ward"], ["crea", "ward"]),
    ],
)
def test_a_rule_picks_columns_by_kind_or_by_name(columns: Any, subjects: list[str]) -> None:
    found = spelled([{"measure": "psi", "columns": columns, "margin": 0.1}], **WHOLE)
    assert [c.subject for c in found] == subjects


def test_the_first_rule_that_names_a_check_keeps_it() -> None:
    plan = [
        {"measure": "psi", "columns": ["crea"], "margin": 0.5},
        {"measure": "psi", "columns": "numeric", "margin": 0.1},
    ]
    assert [(c.where, c.subject) for c in spelled(plan, **WHOLE)] == [("plan.1", "crea"), ("plan.2", "age")]
    rest = [c for c in checks(config(plan, **WHOLE)) if c.metric.name == "psi" and c.where == "default"]
    assert "crea" not in {c.subject for c in rest}


def test_by_makes_a_measure_a_gap_of_each_attribute() -> None:
    found = spelled([{"measure": "auroc", "by": "sensitive", "margin": 0.1}], **WHOLE)
    assert [c.attribute for c in found] == ["sex", "race", "sex × race"]
    found = spelled([{"measure": "auroc", "by": ["site", "race"], "margin": 0.1}], **WHOLE)
    assert [c.attribute for c in found] == ["hospital", "race"]
    assert spelled([{"measure": "auroc", "by": "site", "margin": 0.1}], **WHOLE | {"site": None}) == []


def test_a_gap_and_the_level_itself_are_two_checks() -> None:
    plan = [{"measure": "auroc", "margin": 0.05}, {"measure": "auroc", "by": ["sex"], "margin": 0.1}]
    found = spelled(plan, **WHOLE)
    assert [(c.subject, c.attribute) for c in found] == [("model", None), ("sex", "sex")]


@pytest.mark.parametrize("absent", ["score", "outcome"])
def test_what_was_not_recorded_is_not_asked_for(absent: str) -> None:
    columns = WHOLE | {absent: None, "decision": "flag"}
    made = list(checks(config(**columns)))
    assert made
    assert not [c for c in made if absent in c.metric.needs or c.subject == absent]


def test_every_shipped_measure_meets_a_subject_of_its_kind() -> None:
    for check in checks(config(**WHOLE)):
        if check.kind is not None:
            assert check.kind in check.metric.kinds
        assert check.metric == metrics()[check.metric.name].facts


def test_evidentlys_methods_take_every_kind_of_column() -> None:
    found = spelled([{"measure": "evidently:psi", "margin": 0.1}], **WHOLE)
    assert [c.subject for c in found] == list(subjects(config(**WHOLE)))
    assert facts("evidently:psi").source == "Evidently"
