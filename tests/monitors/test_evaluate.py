"""Evaluating: what is due is measured, what fails fails alone, and the same counts say the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from monitors.audit import Finding
from monitors.config import ModelConfig
from monitors.cube import Cube
from monitors.evaluate import Setting, evaluate
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.metric import Estimate
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.window import Window, moment

WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))
BEFORE = Window(moment("2025-01-06"), moment("2025-06-02"))
AGE = NumericBins((18.0, 40.0, 65.0, 95.0), (30.0, 52.0, 75.0), 20.0)
WARD = CategoryBins(("ed", "icu"), ("pet therapy",))
SCORE = NumericBins((0.0, 0.25, 0.5, 1.0), (0.1, 0.4, 0.7), 0.3)
COLUMNS = {
    "time": "at",
    "score": "risk",
    "decision": {"score_at_least": 0.5},
    "outcome": "y",
    "numeric": ["age"],
    "categorical": ["ward"],
    "sensitive": ["sex"],
}


def config(plan: list[dict[str, Any]] | None = None, **columns: Any) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": {**COLUMNS, **columns},
            "outcome": {"matures_after": "P1D"},
            "window": "P7D",
            "reference": {"from": "2025-01-06", "to": "2025-06-02"},
            "plan": plan or [],
        }
    )


def profile(window: Window, people: int, age: tuple[int, ...], **places: int) -> Profile:
    """A window of `people` whose scores, outcomes and wards are as in every other."""
    rows = []
    for group, part in (("f", 0.5), ("m", 0.5)):
        for cell, score, share, risk in ((0, 0.1, 0.5, 0.1), (1, 0.4, 0.3, 0.4), (2, 0.7, 0.2, 0.7)):
            n = round(people * part * share)
            had = round(n * risk)
            for outcome, held in ((1, had), (0, n - had)):
                rows.append((group, outcome, int(cell == 2), cell, -1, held, round(held * score * 1e6)))
    cubes = {
        name: Cube.of(name, [(row[0] if name else "everyone", *row[1:]) for row in rows])
        for name in ("", "sex")
    }
    everyone = cubes[""].rows
    scores = tuple(int(cubes[""].n[cubes[""].cell == i].sum()) for i in range(3))
    histograms = {
        "age": Histogram("age", AGE, age, **places),
        "ward": Histogram("ward", WARD, (everyone // 2, everyone - everyone // 2)),
        "risk": Histogram("risk", SCORE, scores),
    }
    return Profile(window, everyone, 0, None, window.end, histograms, cubes, {}, SCORE.edges)


REFERENCE = Reference(profile(BEFORE, 21_000, (7000, 7000, 7000)))
CURRENT = profile(WEEK, 1000, (333, 333, 334))


def by_key(findings: tuple[Finding, ...]) -> dict[tuple[str, str, str | None], Finding]:
    found = {f.key: f for f in findings}
    assert len(found) == len(findings)  # one finding a check
    return found


def run(
    declared: ModelConfig | None = None,
    current: Profile = CURRENT,
    stage: Any = "outcome",
    reference: Reference = REFERENCE,
    setting: Setting | None = None,
) -> dict[tuple[str, str, str | None], Finding]:
    return by_key(evaluate(declared or config(), current, reference, stage, setting))


def test_an_undrifted_window_alarms_nobody() -> None:
    findings = run()
    assert {str(f.verdict) for f in findings.values()} <= {"within", "cannot_tell"}
    assert str(findings["rows", "rows", None].verdict) == "within"
    assert findings["wasserstein", "age", None].value == pytest.approx(0.0, abs=0.01)


def test_the_same_counts_say_the_same() -> None:
    first, second = (evaluate(config(), CURRENT, REFERENCE, "outcome") for _ in range(2))
    assert [f.payload() for f in first] == [f.payload() for f in second]


def test_another_check_leaves_the_draws_of_the_others_alone() -> None:
    alone = run()["wasserstein", "age", None]
    beside = run(config([{"measure": "psi", "columns": ["age"], "margin": 0.1}]))["wasserstein", "age", None]
    assert alone.p == beside.p


def test_before_outcomes_are_known_nothing_that_needs_them_is_due() -> None:
    scored, matured = run(stage="scored"), run()
    assert set(scored) < set(matured)
    missing = {key[0] for key in set(matured) - set(scored)}
    assert {"auroc", "brier", "true_positive_rate", "observed_expected_ratio"} <= missing
    assert not [key for key in scored if key[1] == "outcome"]
    assert {"selection_rate", "wasserstein", "missing_share", "rows"} <= {key[0] for key in scored}
    assert [f for f in scored.values() if str(f.verdict) == "failed"] == []


def test_a_column_that_was_not_counted_fails_alone() -> None:
    sound = run()
    histograms = {name: held for name, held in CURRENT.histograms.items() if name != "age"}
    broken = run(current=replace(CURRENT, histograms=histograms))
    assert set(sound) == set(broken)
    for key, finding in broken.items():
        if key[1] == "age":
            assert str(finding.verdict) == "failed"
            assert (finding.reason or "").startswith("the check could not run: KeyError")
        elif finding.family != "drift":
            assert finding == sound[key]
        else:
            assert (finding.value, finding.p) == (sound[key].value, sound[key].p)


def test_a_missing_attribute_fails_alone() -> None:
    broken = run(current=replace(CURRENT, cubes={"": CURRENT.cubes[""]}))
    failed = {key for key, finding in broken.items() if str(finding.verdict) == "failed"}
    assert failed
    assert {key[1] for key in failed} == {"sex"}


def test_what_could_not_be_counted_is_said_first_and_as_failed() -> None:
    unreadable = {"at": "40 rows hold no time", "": "nothing at all"}
    findings = evaluate(config(), replace(CURRENT, unreadable=unreadable), REFERENCE, "outcome")
    assert [(f.metric, f.subject, str(f.verdict), f.reason) for f in findings[:2]] == [
        ("readable", "at", "failed", "40 rows hold no time"),
        ("readable", "rows", "failed", "nothing at all"),
    ]


def test_an_empty_window_is_beyond_in_volume_and_never_within() -> None:
    nobody = {
        name: Histogram(name, held.bins, (0,) * len(held.counts)) for name, held in CURRENT.histograms.items()
    }
    cubes = {name: Cube.of(name, []) for name in CURRENT.cubes}
    empty = Profile(WEEK, 0, 0, None, None, nobody, cubes, {}, SCORE.edges)
    findings = run(current=empty)
    assert str(findings["rows", "rows", None].verdict) == "beyond"
    assert str(findings["freshness", "rows", None].verdict) == "beyond"
    assert "within" not in {str(f.verdict) for f in findings.values()}


def test_a_reference_without_rows_decides_nothing() -> None:
    nothing = {"age": Histogram("age", NumericBins((), (), 0.0), ())}
    before = replace(REFERENCE.profile, histograms={**REFERENCE.profile.histograms, **nothing})
    now = replace(CURRENT, histograms={**CURRENT.histograms,
                                       "age": replace(nothing["age"], unseen=1000)})  # fmt: skip
    findings = run(current=now, reference=Reference(before))
    told = {key[0]: str(f.verdict) for key, f in findings.items() if key[1] == "age"}
    assert told["wasserstein"] == "cannot_tell"
    assert "beyond" not in set(told.values()) - {told["missing_share"]}


def test_a_shift_is_beyond_and_carries_what_it_was_judged_by() -> None:
    moved = run(current=profile(WEEK, 1000, (100, 300, 600)))["wasserstein", "age", None]
    assert str(moved.verdict) == "beyond"
    assert moved.value is not None
    assert moved.margin == 0.2
    assert moved.chance is not None
    assert moved.value > max(moved.margin, moved.chance)
    assert (moved.n, moved.reference_n) == (1000, 21_000)
    assert moved.p is not None
    assert 0 < moved.p < 0.01


def test_a_distance_agrees_with_scipys() -> None:
    moved = run(current=profile(WEEK, 1000, (100, 300, 600)))["wasserstein", "age", None]
    wanted = stats.wasserstein_distance(AGE.centers, AGE.centers, [1, 3, 6], [1, 1, 1]) / AGE.scale
    assert moved.value == pytest.approx(wanted)


def test_infinite_and_missing_values_are_findings_of_quality() -> None:
    findings = run(current=profile(WEEK, 1000, (250, 250, 250), above=150, missing=100))
    assert str(findings["out_of_range_share", "age", None].verdict) == "beyond"
    assert findings["missing_share", "age", None].value == pytest.approx(0.1)


def test_a_rule_without_a_margin_shows_and_does_not_judge() -> None:
    findings = run(
        config([{"measure": "psi", "columns": ["age"]}, {"measure": "auroc"}]),
        profile(WEEK, 1000, (100, 300, 600)),
    )
    for key in (("psi", "age", None), ("auroc", "model", None)):
        assert findings[key].value is not None
        assert (str(findings[key].verdict), findings[key].severity) == ("cannot_tell", "info")


def test_fewer_rows_than_a_rule_asks_for_decide_nothing() -> None:
    plan = [{"measure": "wasserstein", "columns": ["age"], "margin": 0.2, "min_rows": 2000}]
    finding = run(config(plan), profile(WEEK, 1000, (100, 300, 600)))["wasserstein", "age", None]
    assert (str(finding.verdict), finding.reason) == ("cannot_tell", "1000 rows where 2000 are needed")
    assert finding.needs == {"n": 2000, "more": 1000, "windows": 2}


def test_a_models_own_rule_stands_before_the_shipped_one() -> None:
    plan = [{"measure": "wasserstein", "columns": ["age"], "margin": 9.0, "owner": "me", "severity": "page"}]
    finding = run(config(plan), profile(WEEK, 1000, (100, 300, 600)))["wasserstein", "age", None]
    assert (finding.rule, finding.margin, finding.owner, finding.severity) == ("plan.1", 9.0, "me", "page")
    assert str(finding.verdict) != "beyond"


def test_a_measure_of_evidentlys_is_shown_as_it_computes_it() -> None:
    def foreign(method: str, was: Histogram, now: Histogram) -> Estimate:
        assert method == "jensenshannon"
        return Estimate(float(np.sum(now.counts)), None, None, now.rows)

    plan = [{"measure": "evidently:jensenshannon", "columns": ["age"], "margin": 0.1}]
    key = ("evidently:jensenshannon", "age", None)
    shown = run(config(plan), setting=Setting(foreign=foreign))[key]
    assert (shown.value, str(shown.verdict), shown.severity) == (1000.0, "cannot_tell", "info")
    without = run(config(plan))[key]
    assert (without.value, without.reason) == (None, "Evidently is not loaded here")


def test_a_foreign_measure_that_breaks_breaks_alone() -> None:
    def foreign(method: str, was: Histogram, now: Histogram) -> Estimate:
        raise ZeroDivisionError("no shares")

    plan = [{"measure": "evidently:psi", "columns": ["age"], "margin": 0.1}]
    findings = run(config(plan), setting=Setting(foreign=foreign))
    assert str(findings["evidently:psi", "age", None].verdict) == "failed"
    assert str(findings["wasserstein", "age", None].verdict) == "within"
