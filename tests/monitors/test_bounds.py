"""Bounds set against every way the outcomes and groups not known could have been, one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.audit import Audit, Finding, Verdict
from monitors.bounds import CARRIED, held, missing, of_everyone, of_gap, of_group
from monitors.cube import UNKNOWN, Cube
from monitors.discovery import metrics
from monitors.evaluate import evaluate
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.suppression import published
from tests.monitors.test_gaps import WEEK, People, config, measured, table

RATES = (
    "true_positive_rate", "false_positive_rate", "positive_predictive_value", "negative_predictive_value",
    "missed_per_1000", "observed_expected_ratio", "brier", "auroc",
)  # fmt: skip
SCORE = {1: 0.7, 0: 0.2}  # of someone flagged, and of someone not


def counted(people: People) -> Cube:
    """Everybody flagged scores .7, everybody else .2."""
    rows = [(g, y, d, d, -1, n, round(n * SCORE[d] * 1e6)) for (g, y, d), n in people.items()]
    return Cube.of("sex", rows)


def value(name: str, people: People, group: str | None = None, **of: str) -> float | None:
    return metrics()[name].compute(counted(people).tally(group, **of)).value


def completed(people: People) -> list[People]:
    """Every way the outcomes not known could have been."""
    known = {key: n for key, n in people.items() if key[1] >= 0}
    unknown = [(group, d, n) for (group, y, d), n in people.items() if y < 0]
    found = []
    for had in product(*(range(n + 1) for _, _, n in unknown)):
        made = dict(known)
        for (group, d, n), ones in zip(unknown, had, strict=True):
            for outcome, count in ((1, ones), (0, n - ones)):
                made[group, outcome, d] = made.get((group, outcome, d), 0) + count
        found.append(made)
    return found


@pytest.mark.parametrize("name", RATES)
def test_bounds_of_everyone_are_the_worst_and_the_best_there_could_be(name: str) -> None:
    people = table("a", 9, 4, 3, 12) | {("a", -1, 1): 4, ("a", -1, 0): 6}
    found = [v for made in completed(people) if (v := value(name, made)) is not None]
    assert of_everyone(metrics()[name].facts, counted(people)) == pytest.approx((min(found), max(found)))


COUNTS = st.lists(st.integers(0, 4), min_size=6, max_size=6)


@given(COUNTS, COUNTS)
@settings(max_examples=40, deadline=None)
def test_no_completion_lies_outside_the_bounds_of_a_gap(a: list[int], b: list[int]) -> None:
    people: People = {}
    for group, counts in (("a", a), ("b", b)):
        keys = ((1, 1), (1, 0), (0, 1), (0, 0), (-1, 1), (-1, 0))
        people |= {(group, y, d): n for (y, d), n in zip(keys, counts, strict=True) if n}
    for name in ("true_positive_rate", "positive_predictive_value", "observed_expected_ratio"):
        bounds = of_gap(metrics()[name].facts, counted(people), "a", "rest")
        for made in completed(people):
            here, there = value(name, made, "a"), value(name, made, rest_of="a")
            if bounds is not None and here is not None and there is not None:
                assert bounds[0] - 1e-9 <= here - there <= bounds[1] + 1e-9


@pytest.mark.parametrize("name", ["selection_rate", *RATES[:3], "observed_expected_ratio"])
def test_bounds_hold_wherever_people_of_unknown_group_belong(name: str) -> None:
    strangers = table(UNKNOWN, 2, 3, 2, 3)
    people = table("a", 9, 4, 3, 12) | table("b", 20, 10, 8, 40)
    low, high = of_gap(metrics()[name].facts, counted(people | strangers), "a", "rest") or (0, 0)
    gaps = []
    for of_a in product(*(range(n + 1) for n in strangers.values())):
        made = dict(people)
        for (_, y, d), n, ours in zip(strangers, strangers.values(), of_a, strict=True):
            made["a", y, d] += ours
            made["b", y, d] += n - ours
        gaps.append((value(name, made, "a") or 0) - (value(name, made, "b") or 0))
    assert low <= min(gaps)
    assert max(gaps) <= high
    # and no wider than the case where each side has what pulls the gap furthest
    assert (low, high) == pytest.approx((min(gaps), max(gaps)), abs=0.05)


def test_what_is_missing_is_named() -> None:
    facts = metrics()["true_positive_rate"].facts
    known = table("a", 9, 4, 3, 12) | table("b", 9, 4, 3, 12)
    late = known | {("b", -1, 1): 4}
    strangers = known | table(UNKNOWN, 1, 1, 1, 1)
    assert missing(facts, counted(known)) is None
    assert missing(facts, counted(late)) == "outcomes"
    assert missing(facts, counted(late), "a", "rest") == "outcomes"
    assert missing(facts, counted(strangers)) is None
    assert missing(facts, counted(strangers), "a", "rest") == "groups"
    assert missing(facts, counted(strangers), UNKNOWN, "rest") is None
    assert missing(metrics()["selection_rate"].facts, counted(late), "a", "rest") is None
    assert missing(metrics()["auroc"].facts, counted(strangers), "a", "rest") is None


def test_a_group_by_itself_may_gain_those_of_unknown_group() -> None:
    people = counted(table("a", 9, 3, 3, 12) | table(UNKNOWN, 3, 1, 0, 0))
    assert of_group(metrics()["true_positive_rate"].facts, people, "a") == (9 / 13, 12 / 15)


FOUND = Finding(
    metric="true_positive_rate", family="performance", subject="model", unit="share of rows",
    verdict=Verdict.WITHIN, value=0.8, low=0.75, high=0.85, baseline=0.82, margin=0.1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "bounds", "said", "reason"),
    [
        (Verdict.WITHIN, (0.75, 0.83), Verdict.WITHIN, None),
        (Verdict.WITHIN, (0.71, 0.83), Verdict.CANNOT_TELL, CARRIED.format(what="outcomes")),
        (Verdict.WITHIN, (0.75, 0.99), Verdict.WITHIN, None),  # only lower is worse
        (Verdict.CANNOT_TELL, (0.71, 0.83), Verdict.CANNOT_TELL, "few"),
        (Verdict.DIFFERENT, (0.71, 0.83), Verdict.DIFFERENT, "few"),
    ],
)  # fmt: skip
def test_bounds_take_within_back_and_nothing_else(
    verdict: Verdict, bounds: tuple[float, float], said: Verdict, reason: str | None
) -> None:
    judged = replace(FOUND, verdict=verdict, reason=None if verdict is Verdict.WITHIN else "few")
    facts = metrics()["true_positive_rate"].facts
    found = held(judged, facts, bounds, "outcomes", lambda v: v - 0.82)
    assert (found.verdict, found.reason) == (said, reason)
    assert (found.bound_low, found.bound_high) == bounds


def test_a_finding_beyond_its_margin_stays_so_and_says_what_could_bring_it_back() -> None:
    judged = replace(FOUND, verdict=Verdict.BEYOND, value=0.6)
    facts = metrics()["true_positive_rate"].facts
    found = held(judged, facts, (0.5, 0.8), "outcomes", lambda v: v - 0.82)
    assert found.verdict is Verdict.BEYOND
    assert found.reason == "outcomes not known could bring it back within the margin"
    sure = held(judged, facts, (0.5, 0.7), "outcomes", lambda v: v - 0.82)
    assert (sure.verdict, sure.reason) == (Verdict.BEYOND, None)


def test_a_measure_without_bounds_says_so_where_it_is_within() -> None:
    judged = replace(FOUND, metric="calibration_slope")
    found = held(judged, metrics()["calibration_slope"].facts, None, "outcomes")
    assert found.verdict is Verdict.WITHIN
    assert "has no bounds for this measure" in (found.reason or "")


def audited(people: People, *plan: dict[str, Any]) -> dict[tuple[str, str | None], Finding]:
    """Findings of a window whose reference had the same people, all outcomes known."""
    cubes = {a: Cube.of(a, [(g if a else "", y, d, -1, -1, n, 0) for (g, y, d), n in people.items()])
             for a in ("", "sex")}  # fmt: skip
    known = {a: Cube.of(a, [row for row in c.weighted_rows() if row[1] >= 0]) for a, c in cubes.items()}
    now, then = (Profile(WEEK, c[""].rows, 0, None, None, {}, c) for c in (cubes, known))
    found = evaluate(config(*plan), now, Reference(then), "outcome")
    return {(f.metric, f.group): f for f in found}


def test_a_matured_window_with_many_outcomes_missing_is_not_called_within() -> None:
    """The ward reads the same rates; a fifth of the flagged were never followed up."""
    whole = table("a", 1600, 400, 300, 3000)
    key = ("positive_predictive_value", None)
    rule = {"measure": "positive_predictive_value", "margin": 0.1}
    assert audited(whole, rule)[key].verdict is Verdict.WITHIN
    lost = audited(whole | {("a", -1, 1): 475}, rule)[key]
    assert lost.verdict is Verdict.CANNOT_TELL
    assert lost.reason == "outcomes not known could carry it past the margin"
    assert (lost.bound_low, lost.bound_high) == pytest.approx((1600 / 2375, 2075 / 2375))
    assert lost.value == pytest.approx(1600 / 1900)
    few = audited(whole | {("a", -1, 1): 40}, rule)[key]
    assert few.verdict is Verdict.WITHIN
    assert few.bound_low == pytest.approx(1600 / 1940)


def test_a_gap_is_not_within_while_people_of_unknown_group_could_open_it() -> None:
    both = table("a", 1600, 400, 300, 3000) | table("b", 1600, 400, 300, 3000)
    assert {f.verdict for f in measured(both).values()} == {Verdict.WITHIN}
    found = measured(both | table(UNKNOWN, 800, 200, 150, 1500))
    assert found["a"].verdict is Verdict.CANNOT_TELL
    assert found["a"].reason == "groups not known could carry it past the margin"
    assert found["a"].value == pytest.approx(0.0)
    assert found[UNKNOWN].verdict is Verdict.WITHIN  # it is set against everyone else as any group is
    little = measured(both | table(UNKNOWN, 40, 10, 7, 75))
    assert little["a"].verdict is Verdict.WITHIN
    assert little["a"].bound_low == pytest.approx(-little["a"].bound_high, abs=1e-9)


def test_bounds_never_shrink_as_more_outcomes_go_missing() -> None:
    widths = []
    for lost in (0, 5, 20, 80):
        people = table("a", 90, 40, 30, 120) | {("a", -1, 1): lost, ("a", -1, 0): lost}
        bounds = of_everyone(metrics()["auroc"].facts, counted(people))
        assert bounds is not None
        widths.append(bounds[1] - bounds[0])
    assert widths[0] == pytest.approx(0)
    assert (np.diff(widths) > 0).all()


def whole(findings: Iterable[Finding], rows: int) -> Audit:
    return Audit(
        model="m", version="1", window=WEEK, stage="outcome", rows=rows, config="", reference="",
        profile="", software="", findings=tuple(findings),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lost", "shown"), [((40, 60), True), ((4, 60), False), ((40, 7), False), ((0, 60), True)]
)
def test_bounds_that_would_count_a_few_people_not_known_are_not_shown(
    lost: tuple[int, int], shown: bool
) -> None:
    people = table("a", 160, 140, 130, 300) | table("b", 190, 160, 120, 200)
    people |= {("a", -1, 1): lost[0], ("a", -1, 0): lost[1]}
    rules = [
        {"measure": name, "by": by, "margin": 0.1}
        for name in ("selection_rate", *RATES[:4])
        for by in (None, "sensitive")
    ]
    found = audited(people, *rules)
    audit = whole(found.values(), sum(people.values()))
    for group in (None, "a", "b"):
        key = ("true_positive_rate", "model" if group is None else "sex", group)
        (before,), (after,) = ([f for f in a.findings if f.key == key] for a in (audit, published(audit)))
        assert before.bound_low is not None
        assert (after.bound_low is not None) == (after.bound_high is not None) == shown


def test_a_withheld_finding_has_no_bounds() -> None:
    withheld = Finding(**{**FOUND.payload(), "verdict": Verdict.WITHIN, "n": 7, "events": 5,
                          "bound_low": 0.1, "bound_high": 0.9})  # fmt: skip
    (shown,) = published(whole([withheld], 500)).findings
    assert (shown.verdict, shown.bound_low, shown.bound_high) == (Verdict.WITHHELD, None, None)
