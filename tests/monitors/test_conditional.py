"""Gaps among people of the same stratum: what stays of one, and that case mix alone leaves nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitors.audit import Finding, Verdict
from monitors.checks import checks
from monitors.conditional import PARTED, common_difference, place_of
from monitors.config import ModelConfig
from monitors.cube import Cube
from monitors.errors import ConfigError
from monitors.gaps import gaps
from monitors.profile import Profile
from monitors.window import Window, moment
from tests.flows.rows import config as ward_config

WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))
Flagged = dict[tuple[str, str], tuple[int, int]]  # by group and stratum: (flagged, people)


def declared(within: str | None) -> ModelConfig:
    rule = {"measure": "true_positive_rate", "by": "sensitive", "margin": 0.05, "within": within}
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": {
                "time": "at", "decision": "flag", "outcome": "y", "score": "s", "sensitive": ["sex"],
                "categorical": ["severity"],
            },
            "outcome": {"matures_after": "P1D"},
            "window": "P7D",
            "reference": {"from": "2025-01-06", "to": "2025-06-02"},
            "plan": [rule],
        }
    )  # fmt: skip


def gap(people: Flagged, within: str | None = "severity", *, cells: dict[str, int] | None = None) -> Finding:
    rows: list[Any] = []
    for (group, stratum), (flagged, n) in people.items():
        cell = cells[stratum] if cells else -1
        for decision, k in ((1, flagged), (0, n - flagged)):
            rows.append((group, stratum, 1, decision, cell, -1, k, 0))
    whole = Cube.of("sex", [(group, *rest) for group, _, *rest in rows])
    place = place_of("sex", "severity")
    parted = Cube.of(place, [(f"{group}{PARTED}{stratum}", *rest) for group, stratum, *rest in rows])
    profile = Profile(WEEK, whole.rows, 0, None, None, {}, {"sex": whole, place: parted})
    (check,) = [c for c in checks(declared(within)) if c.where == "plan.1"]
    return next(f for f in gaps(check, profile) if f.group == "f")


MIXED: Flagged = {  # alike in each stratum; more of f are mild, who are flagged less
    ("f", "grave"): (160, 200), ("f", "mild"): (160, 800),
    ("m", "grave"): (640, 800), ("m", "mild"): (40, 200),
}  # fmt: skip
WORSE: Flagged = {
    ("f", "grave"): (120, 200), ("f", "mild"): (80, 800),
    ("m", "grave"): (640, 800), ("m", "mild"): (40, 200),
}  # fmt: skip


def test_a_gap_of_case_mix_alone_is_beyond_and_says_that_nothing_of_it_stays() -> None:
    found = gap(MIXED)
    assert found.verdict is Verdict.BEYOND
    assert found.within is not None
    assert found.within["value"] == 0.0
    assert found.within["strata"] == 2
    assert found.within["compared"] == "all"
    assert "of a gap of -.36, +.00 (" in str(found.reason)
    assert "stays when people of the same severity are compared" in str(found.reason)


def test_what_stays_of_a_gap_is_the_difference_within_the_strata() -> None:
    found = gap(WORSE)
    assert found.within is not None
    # 1/5 and 1/10 fewer in the strata, weighed by people of both sides in each
    assert found.within["value"] == pytest.approx(-0.15, abs=0.001)
    assert found.within["high"] < 0


def test_strata_may_be_tenths_of_risk() -> None:
    found = gap(WORSE, "risk", cells={"grave": 9, "mild": 2})
    assert found.within is not None
    assert found.within["stratum"] == "risk"
    assert found.within["value"] == pytest.approx(-0.15, abs=0.001)


def test_people_without_anyone_like_them_are_left_out_and_said_to_be() -> None:
    alone: Flagged = {**WORSE, ("f", "dying"): (20, 400)}
    found = gap(alone)
    assert found.within is not None
    assert found.within["compared"] == "some"
    assert "some could be" in str(found.reason)
    nobody = {key: n for key, n in alone.items() if key in (("f", "dying"), ("m", "grave"))}
    told = gap(nobody)
    assert told.within is None
    assert "too few of the same severity to compare" in str(told.reason)


def test_a_gap_that_did_not_move_and_one_without_strata_are_as_before() -> None:
    alike: Flagged = {("f", "mild"): (400, 800), ("m", "mild"): (400, 800)}
    assert gap(alike).within is None
    assert gap(MIXED, None).within is None


def test_the_pooled_difference_of_one_stratum_is_the_plain_one() -> None:
    """One stratum is the plain difference; strata turned round turn the sign."""
    one = common_difference([(30, 100, 20, 100)])
    assert one is not None
    assert one.value == pytest.approx(0.1)
    pairs = [(30, 100, 20, 90), (5, 40, 9, 60), (1, 3, 0, 5)]
    there, back = common_difference(pairs), common_difference([(b, m, a, n) for a, n, b, m in pairs])
    assert there is not None
    assert back is not None
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert common_difference([(1, 5, 0, 0)]) is None


@pytest.mark.parametrize(("strata", "people"), [(3, 60), (10, 20), (40, 6)])
@pytest.mark.parametrize("true", [0.0, 0.1])
def test_its_interval_holds_the_truth_with_few_large_strata_and_many_small(
    strata: int, people: int, true: float
) -> None:
    """At least .93 of 600 draws but for what draws leave open."""
    random, held = np.random.default_rng(5), 0
    base = np.linspace(0.1, 0.7, strata)
    for _ in range(600):
        n, m = random.integers(1, people, strata), random.integers(1, people, strata)
        a, b = random.binomial(n, base + true), random.binomial(m, base)
        found = common_difference(zip(a.tolist(), n.tolist(), b.tolist(), m.tolist(), strict=True))
        assert found is not None
        held += found.low <= true <= found.high
    assert held / 600 >= 0.92


def test_patients_who_repeat_widen_what_stays() -> None:
    plain, wide = (common_difference([(30, 100, 20, 90)], design=d) for d in (1.0, 4.0))
    assert plain is not None
    assert wide is not None
    assert wide.high - wide.low == pytest.approx(2 * (plain.high - plain.low), rel=0.05)


@pytest.mark.parametrize(
    ("rule", "remedy"),
    [
        ({"measure": "true_positive_rate", "within": "ward"}, "within: goes with `by`"),
        ({"measure": "auroc", "by": "sensitive", "within": "ward"}, "within: goes with true_positive_rate"),
        (
            {"measure": "selection_rate", "by": "sensitive", "within": "risk"},
            "a threshold flags",
        ),
        (
            {"measure": "selection_rate", "by": "sensitive", "within": "wart"},
            "must be risk, a cat",
        ),
    ],
)
def test_strata_that_cannot_be_had_are_refused(rule: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        ward_config(plan=[rule])
