"""Plans: registered in versions, approved before anyone looks or said not to be, and then cited."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitors.acting import NotAccepted
from monitors.audit import Audit, Finding, Verdict
from monitors.errors import ConfigError
from monitors.governance import audit_plan
from monitors.governance.audit_plan import AuditPlan, misfits
from monitors.governance.registration import approve, cited, find, in_force, register, registered
from monitors.governance.resolving import flags, needed
from monitors.ledger import Ledger
from monitors.window import Window
from tests.dashboards import ward

MODEL = "sepsis-early-warning"
START, END = datetime(2026, 2, 2, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
PERIOD = Window(START, END)


def plan(**changed: Any) -> AuditPlan:
    said: dict[str, Any] = {
        "plan": "sepsis-bias",
        "model": MODEL,
        "question": "Does the warning miss some groups more often?",
        "period": {"from": "2026-02-02", "to": "2026-03-02"},
        "questions": [
            {
                "measure": "true_positive_rate",
                "by": "language",
                "margin": 0.1,
                "reason": "a case missed is worse",
            }
        ],
    }
    return AuditPlan.model_validate({**said, **changed})


def gap(group: str = "Spanish", n: int = 100, half: float = 0.2, **given: Any) -> Finding:
    said: dict[str, Any] = {
        "metric": "true_positive_rate", "family": "fairness", "subject": "language", "group": group,
        "against": "rest", "unit": "share of rows", "verdict": Verdict.CANNOT_TELL, "n": n,
        "low": -half, "high": half,
    }  # fmt: skip
    return Finding(**{**said, **given})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)


def approved(ledger: Ledger, number: int = 1) -> None:
    approve(ledger, "sepsis-bias", number, "Ada", "chair", "agreed on 1 Feb")


# --- what a plan may say ---


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"questions": []}, "questions: "),
        ({"period": {"from": "2026-03-02", "to": "2026-03-02"}}, "period: `from` must be before `to`"),
        ({"question": " "}, "question: say it in words"),
        ({"extra": 1}, "extra: is not a known key"),
        ({"plan": "Bad Name"}, "plan: "),
        (
            {"questions": [{"measure": "auroc", "by": "sex", "margin": -1, "reason": "x"}]},
            "questions.1.margin: must be above 0 (got -1)",
        ),
        (
            {"questions": [{"measure": "auroc", "by": "sex", "margin": 0.1}]},
            "questions.1.reason: is required",
        ),
    ],
)
def test_a_mistake_in_a_plan_is_named_with_its_place(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    import yaml

    text = {**plan().model_dump(mode="json", by_alias=True), **changed}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(text))
    with pytest.raises(ConfigError) as error:
        audit_plan.read(tmp_path / "plan.yaml")
    assert f"plan.yaml: {said}" in str(error.value)


def test_the_shipped_plan_fits_the_shipped_model() -> None:
    from monitors import config_file

    root = Path(__file__).parents[3] / "configs"
    shipped = audit_plan.read(root / "plans" / "support-survival.yaml")
    assert list(misfits(shipped, config_file.read(root / "models" / "support-survival.yaml"))) == []


def test_a_plan_that_the_models_rules_would_ignore_is_refused() -> None:
    config = ward.config(MODEL)
    question = {"measure": "true_positive_rate", "by": "language", "margin": 0.05, "reason": "x"}
    (by,) = [a.name for a in config.columns.sensitive][:1]
    said = list(misfits(plan(model="other", questions=[question]), config))
    assert said[0].startswith(f"model: must be '{MODEL}'")
    assert "is no check of" in said[1]
    (margin,) = misfits(plan(questions=[{**question, "by": by}]), config)
    assert margin.startswith("questions.1.margin: the model's file judges")
    (against,) = misfits(plan(questions=[{**question, "by": by, "margin": 0.1, "against": "x"}]), config)
    assert "compares with 'rest'" in against


def test_a_primary_family_too_large_to_keep_its_level_is_refused() -> None:
    config = ward.config(MODEL)
    by = config.columns.sensitive[0].name
    many = [f"group {i}" for i in range(11)]
    question = {"measure": "true_positive_rate", "by": by, "margin": 0.1, "reason": "x", "groups": many}
    assert "11 comparisons where 10 are the most" in next(misfits(plan(questions=[question]), config))


# --- versions and approval ---


def test_a_plan_is_a_version_and_the_same_again_is_the_same_version(ledger: Ledger) -> None:
    first = register(ledger, plan(), PERIOD, [])
    assert register(ledger, plan(), PERIOD, []) == first
    second = register(ledger, plan(looks="each quarter"), PERIOD, [])
    assert (first.name, second.name) == ("sepsis-bias v1", "sepsis-bias v2")
    assert first.digest != second.digest
    assert find(ledger, "sepsis-bias", 1).plan == plan()
    assert find(ledger, "sepsis-bias") == second
    assert len(registered(ledger)) == 2


def test_any_word_of_a_plan_changes_its_hash() -> None:
    reworded = plan(questions=[{**plan().questions[0].model_dump(), "reason": "another"}])
    assert len({plan().digest, reworded.digest, plan(looks="weekly").digest}) == 3


def test_a_plan_approved_before_the_data_says_so_and_is_cited(ledger: Ledger) -> None:
    made = register(ledger, plan(), PERIOD, [])
    assert "not approved" in made.standing
    assert in_force(ledger, MODEL, PERIOD) is None
    approved(ledger)
    held = find(ledger, "sepsis-bias")
    assert held.standing == "approved before the data were looked at"
    week = Window(START, datetime(2026, 2, 9, tzinfo=UTC))
    assert cited(ledger, MODEL, week) == f"sepsis-bias v1 {made.digest}"
    outside = Window(datetime(2026, 1, 26, tzinfo=UTC), datetime(2026, 2, 9, tzinfo=UTC))
    assert cited(ledger, MODEL, outside) is None
    assert cited(ledger, "another", week) is None


def test_a_plan_approved_after_a_look_says_that_its_answers_are_exploratory(ledger: Ledger) -> None:
    ward.record(ledger, MODEL, 8, tuple(ward.usual(8)), stage="outcome")
    register(ledger, plan(), PERIOD, [])
    approved(ledger)
    assert "approved after 1 window of its period had been audited" in find(ledger, "sepsis-bias").standing


def test_scores_alone_tell_nothing_of_a_question_about_outcomes(ledger: Ledger) -> None:
    ward.record(ledger, MODEL, 8, tuple(ward.usual(8)), stage="scored")
    register(ledger, plan(), PERIOD, [])
    approved(ledger)
    assert find(ledger, "sepsis-bias").seen == 0


def test_an_approval_is_given_once_to_the_last_version_with_a_name_and_a_reason(ledger: Ledger) -> None:
    register(ledger, plan(), PERIOD, [])
    with pytest.raises(NotAccepted, match="say 'reason'"):
        approve(ledger, "sepsis-bias", 1, "Ada", "chair", " ")
    with pytest.raises(NotAccepted, match="there is no version 7 of plan"):
        approve(ledger, "sepsis-bias", 7, "Ada", "chair", "x")
    approved(ledger)
    with pytest.raises(NotAccepted, match="approved already, by Ada"):
        approved(ledger)
    register(ledger, plan(looks="weekly"), PERIOD, [])
    register(ledger, plan(looks="daily"), PERIOD, [])
    with pytest.raises(NotAccepted, match="followed by version 3"):
        approved(ledger, 2)


def test_another_model_cannot_take_a_plans_name(ledger: Ledger) -> None:
    register(ledger, plan(), PERIOD, [])
    with pytest.raises(NotAccepted, match="is a plan of sepsis-early-warning"):
        register(ledger, plan(model="another"), PERIOD, [])


# --- what cites it ---


def test_an_audit_keeps_its_citation_and_one_without_reads_as_it_always_did(ledger: Ledger) -> None:
    bare = ward.record(ledger, MODEL, 8, tuple(ward.usual(8)))
    assert "plan" not in bare.payload()
    citing = replace(bare, plan="sepsis-bias v1 sha256:a")
    assert Audit.read(citing.payload()).plan == citing.plan
    profile = ledger.profile(bare.profile)
    assert profile is not None
    standing, new = ledger.record(citing, profile)
    assert (new, standing.audit.plan) == (False, None), "a plan approved later does not rewrite a record"


# --- margins that a volume cannot resolve ---


def test_a_margin_is_flagged_with_the_month_it_could_be_told_by() -> None:
    year = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    seen = [gap("Spanish", n=100, half=0.2), gap("English", n=9_000, half=0.01)]
    (flag,) = flags(plan(), PERIOD, seen, year)
    assert flag.group == "Spanish"
    # 800 people at 100 a year are eight years.
    assert flag.until is not None
    assert flag.until.year == 2034
    assert flag.said.endswith('will come back "cannot tell" until about January 2034')


def test_a_group_of_fewer_than_eleven_is_flagged_without_telling_how_many() -> None:
    year = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    (flag,) = flags(plan(), PERIOD, [gap("Navajo", n=7, half=0.5)], year)
    assert flag.until is None
    assert "7" not in flag.said


def test_what_was_not_asked_is_not_flagged() -> None:
    asked = plan(questions=[{**plan().questions[0].model_dump(), "groups": ["English"]}])
    assert flags(asked, PERIOD, [gap("Spanish")], PERIOD) == []
    assert asked.compared([gap("Spanish"), gap("English")]) == 1


def test_twice_the_margin_takes_a_quarter_of_the_people() -> None:
    assert needed(gap(n=1000, half=0.2), 0.1) == 8000
    assert needed(gap(n=1000, half=0.2), 0.2) == 2000
    assert needed(gap(low=None, high=None), 0.1) is None
