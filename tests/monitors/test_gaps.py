"""Gaps recomputed by hand from the people of each group, and what few people leave open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from monitors.audit import Finding
from monitors.checks import checks
from monitors.config import ModelConfig
from monitors.cube import UNKNOWN, Cube
from monitors.gaps import gaps
from monitors.profile import Profile
from monitors.window import Window, moment

WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))
People = dict[tuple[str, int, int], int]  # (group, outcome, decision) to how many


def config(*plan: dict[str, Any]) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": {"time": "at", "decision": "flag", "outcome": "y", "sensitive": ["sex"]},
            "outcome": {"matures_after": "P1D"},
            "window": "P7D",
            "reference": {"from": "2025-01-06", "to": "2025-06-02"},
            "plan": list(plan),
        }
    )


def measured(people: People, measure: str = "true_positive_rate", **rule: Any) -> dict[str | None, Finding]:
    declared = config({"measure": measure, "by": "sensitive", "margin": 0.1, **rule})
    cube = Cube.of("sex", [(g, y, d, -1, -1, n, 0) for (g, y, d), n in people.items()])
    profile = Profile(WEEK, cube.rows, 0, None, None, {}, {"sex": cube})
    (check,) = [c for c in checks(declared) if c.where == "plan.1"]
    return {f.group: f for f in gaps(check, profile)}


def table(group: str, tp: int, fn: int, fp: int, tn: int) -> People:
    return {(group, 1, 1): tp, (group, 1, 0): fn, (group, 0, 1): fp, (group, 0, 0): tn}


def wilson(events: int, n: int, level: float) -> tuple[float, float]:
    low, high = stats.binomtest(events, n).proportion_ci(level, method="wilson")
    return float(low), float(high)


def newcombe(a: int, m: int, b: int, n: int, level: float) -> tuple[float, float]:
    p, q = a / m, b / n
    (lp, up), (lq, uq) = wilson(a, m, level), wilson(b, n, level)
    return p - q - np.hypot(p - lp, uq - q), p - q + np.hypot(up - p, q - lq)


def test_a_gap_is_the_groups_rate_less_that_of_everyone_else() -> None:
    people = table("a", 160, 40, 30, 300) | table("b", 90, 60, 20, 200) | table("c", 70, 30, 25, 100)
    found = measured(people)
    assert set(found) == {"a", "b", "c"}
    positives = {"a": (160, 200), "b": (90, 150), "c": (70, 100)}
    joint = 0.95 ** (1 / 3)  # Šidák over three groups
    for group, (flagged, had) in positives.items():
        others = [v for g, v in positives.items() if g != group]
        rest_flagged, rest_had = sum(v[0] for v in others), sum(v[1] for v in others)
        finding = found[group]
        assert finding.value == pytest.approx(flagged / had - rest_flagged / rest_had)
        assert (finding.low, finding.high) == pytest.approx(
            newcombe(flagged, had, rest_flagged, rest_had, joint)
        )
        assert (finding.level, finding.baseline) == pytest.approx((flagged / had, rest_flagged / rest_had))
        assert (finding.n, finding.events, finding.reference_n) == (had, flagged, rest_had)
        assert (finding.family, finding.against) == ("fairness", "rest")


@pytest.mark.parametrize(
    ("measure", "counts"),
    [
        ("selection_rate", (160 + 30, 530, 90 + 20, 370)),
        ("false_positive_rate", (30, 330, 20, 220)),
        ("positive_predictive_value", (160, 190, 90, 110)),
    ],
)
def test_every_share_has_its_own_denominator(measure: str, counts: tuple[int, ...]) -> None:
    found = measured(table("a", 160, 40, 30, 300) | table("b", 90, 60, 20, 200), measure)["a"]
    a, m, b, n = counts
    assert found.value == pytest.approx(a / m - b / n)
    assert (found.low, found.high) == pytest.approx(newcombe(a, m, b, n, 0.95 ** (1 / 2)))


def test_a_group_can_be_set_against_a_named_one() -> None:
    people = table("a", 160, 40, 30, 300) | table("b", 90, 60, 20, 200) | table("c", 70, 30, 25, 100)
    found = measured(people, against="b")
    assert set(found) == {"a", "c"}
    assert found["a"].value == pytest.approx(0.8 - 0.6)
    assert (found["a"].low, found["a"].high) == pytest.approx(newcombe(160, 200, 90, 150, 0.95**0.5))


def test_a_comparator_nobody_belongs_to_cannot_be_compared_with() -> None:
    (finding,) = measured(table("a", 160, 40, 30, 300), against="z").values()
    assert (finding.verdict, finding.reason) == ("cannot_tell", "no rows of 'z' to compare with")


@pytest.mark.parametrize(
    ("people", "verdict"),
    [
        (table("a", 900, 100, 9, 9) | table("b", 500, 500, 9, 9), "beyond"),
        (table("a", 5000, 5000, 9, 9) | table("b", 5000, 5000, 9, 9), "within"),
        (table("a", 550, 450, 9, 9) | table("b", 450, 550, 9, 9), "different"),
        (table("a", 45, 55, 9, 9) | table("b", 52, 48, 9, 9), "cannot_tell"),
    ],
)
def test_a_verdict_needs_people_enough_for_it(people: People, verdict: str) -> None:
    said = {str(f.verdict) for f in measured(people).values()}
    assert said == {verdict}  # of two groups each is the other's rest


def test_a_perfect_model_and_a_group_without_positives_cannot_tell() -> None:
    """Fairlearn gives such a group a rate of 0, and the gap would be the largest there can be."""
    people = table("a", 400, 0, 0, 400) | table("b", 0, 0, 0, 300)
    found = measured(people)
    assert found["b"].value is None
    assert found["b"].reason == "no one in this group had the outcome"
    assert {str(f.verdict) for f in found.values()} == {"cannot_tell"}


def test_everyone_flagged_and_nobody_flagged_stay_numbers() -> None:
    found = measured(table("a", 100, 0, 100, 0) | table("b", 0, 100, 0, 100))
    assert (found["a"].value, found["b"].value) == (1.0, -1.0)
    assert {str(f.verdict) for f in found.values()} == {"beyond"}


@pytest.mark.parametrize("few", [0, 1, 5, 29])
def test_few_people_cannot_tell_and_say_how_many_would(few: int) -> None:
    found = measured(table("a", few, 0, 3, 30) | table("b", 400, 200, 30, 300))
    assert str(found["a"].verdict) == "cannot_tell"
    if few:
        assert found["a"].needs is not None
        assert found["a"].needs["n"] >= 30


def test_a_comparator_of_few_people_cannot_carry_a_verdict_either() -> None:
    found = measured(table("a", 500, 500, 30, 300) | table("b", 10, 2, 3, 30))
    assert {str(f.verdict) for f in found.values()} == {"cannot_tell"}
    assert (found["a"].reason or "").startswith("the others: ")


def test_people_of_unknown_group_are_a_group() -> None:
    found = measured(table("a", 500, 100, 30, 300) | table(UNKNOWN, 200, 300, 30, 300))
    assert str(found[UNKNOWN].verdict) == "beyond"


def test_people_whose_outcome_is_not_known_are_no_negatives() -> None:
    people = table("a", 160, 40, 30, 300) | table("b", 90, 60, 20, 200)
    unknown = {("a", -1, 1): 500, ("a", -1, 0): 500, ("a", 1, -1): 70}
    here, there = measured(people), measured(people | unknown)
    assert (here["a"].value, here["a"].n) == (there["a"].value, there["a"].n)
    # Beside the gap stands what they could have made of it; the gap itself is as it was.
    assert here["b"] == replace(there["b"], bound_low=None, bound_high=None)


def test_a_group_that_is_gone_is_said_to_be_gone() -> None:
    declared = config({"measure": "true_positive_rate", "by": "sensitive", "margin": 0.1})
    people = table("a", 160, 40, 30, 300) | table("b", 90, 60, 20, 200)
    cube = Cube.of("sex", [(g, y, d, -1, -1, n, 0) for (g, y, d), n in people.items()])
    profile = Profile(WEEK, cube.rows, 0, None, None, {}, {"sex": cube})
    (check,) = [c for c in checks(declared) if c.where == "plan.1"]
    found = {f.group: f for f in gaps(check, profile, ["a", "b", "x"])}
    gone = found.pop("x")
    assert (str(gone.verdict), gone.n, gone.value) == ("cannot_tell", 0, None)
    assert gone.reason == "nobody of this group is in the window"
    assert found == measured(people)  # and the others are judged as before


def test_without_a_margin_a_gap_is_shown_and_not_judged() -> None:
    found = measured(table("a", 900, 100, 9, 9) | table("b", 500, 500, 9, 9), margin=None)
    assert {(str(f.verdict), f.severity) for f in found.values()} == {("cannot_tell", "info")}


def test_no_difference_is_rarely_called_one() -> None:
    """Five groups drawn alike: one audit in twenty may accuse someone, so of 40 hardly ever seven."""
    random = np.random.default_rng(12)
    accused = 0
    for _ in range(40):
        people: People = {}
        for group, had in zip("abcde", (40, 60, 120, 300, 600), strict=True):
            flagged = int(random.binomial(had, 0.7))
            people |= table(group, flagged, had - flagged, 0, 0)
        said = {str(f.verdict) for f in measured(people, margin=0.001).values()}
        accused += bool(said & {"beyond", "different"})
    assert accused <= 6
