"""The door's own rules, one by one: whom it hides beside whom, and what goes when another is hidden."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from monitors import suppression
from monitors.audit import SLOW, Audit, Finding, Verdict
from monitors.forms import Key, Place
from monitors.suppression import published
from monitors.told import Release, Told
from monitors.window import Window, moment

WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))
NEXT = Window(moment("2026-01-12"), moment("2026-01-19"))
DIGEST = "sha256:" + "0" * 64


def finding(metric: str = "selection_rate", subject: str = "sex", **more: Any) -> Finding:
    plain: dict[str, Any] = {"family": "fairness", "unit": "share of rows", "verdict": Verdict.WITHIN}
    return Finding(metric=metric, subject=subject, **{**plain, **more})


def audit(*findings: Finding, rows: int | None = 900, window: Window = WEEK) -> Audit:
    return Audit(
        model="m", version="1", window=window, stage="outcome", rows=rows, config=DIGEST, reference=DIGEST,
        profile=DIGEST, software="rounds", findings=findings,
    )  # fmt: skip


def of(*counts: int | None) -> list[Finding]:
    """A finding a group, each of so many people."""
    return [finding(group=f"g{i}", n=n) for i, n in enumerate(counts)]


@pytest.mark.parametrize(
    ("counts", "hidden", "then"),
    [
        ((3, 40, 20, 100), {0}, {0, 2}),  # alone it would be the whole less the others: the smallest joins
        ((3, 4, 20, 100), {0, 1}, {0, 1, 2}),  # two, of fewer than eleven together
        ((5, 6, 20, 100), {0, 1}, {0, 1}),  # two, of eleven together
        ((None, 10, 20), {0, 1}, {0, 1, 2}),  # of whom nobody knows how many: none, as far as that goes
        ((3, 1, None), {0}, {0, 1, 2}),
        ((40, 30), set(), set()),
        ((3, 4), {0, 1}, {0, 1}),  # nobody is left to join
    ],
)
def test_groups_join_the_hidden_until_they_are_two_and_eleven(
    counts: tuple[int | None, ...], hidden: set[int], then: set[int]
) -> None:
    places = [list(range(len(counts)))]
    assert suppression._complemented(of(*counts), set(hidden), places) == then
    assert suppression._complemented(of(*counts), {*hidden, 99}, places) == {*then, 99}


def test_the_smallest_joins_first_and_one_of_unknown_size_before_it() -> None:
    assert suppression._complemented(of(11, 1, None), {0}, [[0, 1, 2]]) == {0, 2}


def test_groups_are_gathered_by_measure_and_attribute_without_pools_and_everyone() -> None:
    found = [
        finding(group="f"), finding(), finding(group="f + m", holds=("f", "m")), finding(group="m"),
        finding(subject="race", group="f"), finding("auroc", group="f"),
    ]  # fmt: skip
    assert suppression._groups(found) == [[0, 3], [4], [5]]


def test_a_measure_of_people_nobody_else_counts_stands_by_itself() -> None:
    found = [finding(group="f"), finding("odd", group="f"), finding("odd", group="m")]
    seen = cast(
        "Told", SimpleNamespace(measures={"selection_rate": ("rows", "flagged"), "odd": ("rows", "?")})
    )
    assert suppression._strange(found, seen) == [[1, 2]]


@pytest.mark.parametrize("name", ["n", "events", "reference_n"])
@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (500, 505, True), (505, 500, True), (500, 511, False), (500, 500, False),
        (500, None, False), (None, 500, False),
    ],
)  # fmt: skip
def test_a_count_within_ten_of_one_shown_before_is_near(
    name: str, one: int | None, other: int | None, near: bool
) -> None:
    told: dict[str, Any] = {name: one}
    shown: dict[str, Any] = {name: other}
    here = audit(finding(), finding("auroc", "sex", **told))
    before = Release(audit(finding("auroc", "sex", **shown)))
    assert suppression._near_before(here, [before]) == ({1} if near else set())


def test_only_the_same_check_of_the_same_time_is_near() -> None:
    here = audit(finding(n=500))
    assert suppression._near_before(here, [Release(audit(finding(n=505), window=NEXT))]) == set()
    assert suppression._near_before(here, [Release(audit(finding(subject="race", n=505)))]) == set()
    first, last = Release(audit(finding(n=505))), Release(audit(finding(n=900)))
    assert suppression._near_before(here, [first, last]) == {0}, "every earlier release counts"


def test_a_mix_is_coarse_where_one_of_its_groups_is_of_ten_or_fewer() -> None:
    found = audit(*(finding("group_mix", a) for a in ("race", "sex", "age")), finding("psi", "race"))
    span = str(WEEK)
    seen = SimpleNamespace(
        small=[
            Key(Place(span, "race", ("x",)), False, "rows"),
            Key(Place(span, "sex", ("x",)), True, "rows"),  # all the others: no group of the mix
            Key(Place(span, "age", ("x",)), False, "flagged"),  # of whom few are flagged, not few people
        ]
    )
    assert suppression._of_few(found, cast("Told", seen)) == {0}


def test_a_sum_over_windows_stands_where_what_it_sums_stands_whole() -> None:
    def pair(subject: str, n: int | None) -> list[Finding]:
        return [finding("missing_share", subject, n=n, value=0.1), finding(SLOW + "missing_share", subject)]

    whole, hidden, rounded, uncounted = (
        pair(s, n) for s, n in zip("abcd", (500, 500, 500, None), strict=True)
    )
    all_of = audit(*whole, *hidden, *rounded, *uncounted)
    shown = audit(
        whole[0], replace(hidden[0], verdict=Verdict.WITHHELD, n=None, value=None),
        replace(rounded[0], n=None), uncounted[0],
    )  # fmt: skip
    made = suppression._with_sums(shown, all_of)
    assert [f.key for f in made.findings] == [f.key for f in all_of.findings], (
        "in the order they were recorded"
    )
    assert [f.verdict is Verdict.WITHHELD for f in made.findings] == [
        False, False, True, True, False, True, False, False,
    ]  # fmt: skip
    assert made.findings[4].n is None, "what is shown of it, not what was recorded"
    assert suppression._with_sums(shown, audit(whole[0])) is shown


def test_where_the_window_itself_is_of_a_handful_no_count_of_everyone_stays() -> None:
    told = finding(
        "time_to_action", "model", family="oversight", unit="minutes", n=15, value=4.0, needs={"n": 40}
    )
    group = replace(told, subject="sex", group="f")
    shown = published(audit(told, group, rows=7))
    assert shown.rows is None
    assert (shown.findings[0].n, shown.findings[0].needs, shown.findings[0].value) == (None, None, 4.0)
    assert (shown.findings[1].n, shown.findings[1].needs) == (15, {"n": 40})


def test_what_is_held_back_is_withheld_though_it_tells_nobody() -> None:
    told = finding("auroc", "model", family="performance", unit="", n=500, value=0.8)
    assert published(audit(told)).findings[0].verdict is Verdict.WITHIN
    assert published(audit(told), back=frozenset({0})).findings[0].verdict is Verdict.WITHHELD


def test_what_was_published_is_kept_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "_held", {})
    monkeypatch.setattr(suppression, "HELD", 2)
    shown = [published(audit(finding(n=n, value=0.5, unit=""), rows=n)) for n in (500, 600, 700)]
    assert list(suppression._held.values()) == shown[1:]
    assert published(audit(finding(n=700, value=0.5, unit=""), rows=700)) is shown[2]


def bounded_by(f: tuple[int, int] | None, m: tuple[int, int], everyone: tuple[int, int]) -> Audit:
    """AUROC with bounds, of all and of women, beside how many have a score and a known outcome."""
    known = [
        finding("label_coverage", subject, group=group, n=counts[0], events=counts[1])
        for subject, group, counts in (("sex", "f", f), ("sex", "m", m), ("model", None, everyone))
        if counts is not None
    ]
    edges: dict[str, Any] = {"unit": "", "bound_low": 0.6, "bound_high": 0.8}
    women = finding("auroc", "sex", group="f", against="rest", **edges)
    return audit(finding("auroc", "model", **edges), women, *known, rows=None)


@pytest.mark.parametrize(
    ("f", "m", "everyone", "stay"),
    [
        ((500, 400), (500, 400), (1000, 800), (True, True)),
        ((500, 495), (500, 400), (1000, 895), (True, False)),  # five women are not known
        ((500, 400), (500, 495), (1000, 895), (True, False)),  # nor five of the others
        ((500, 500), (500, 495), (1000, 995), (False, False)),  # nor five of all
        (None, (500, 400), (1000, 800), (True, False)),  # how many women are not known is not told
    ],
)  # fmt: skip
def test_bounds_stay_only_where_nobody_or_more_than_ten_are_not_known(
    f: tuple[int, int] | None, m: tuple[int, int], everyone: tuple[int, int], stay: tuple[bool, bool]
) -> None:
    recorded = bounded_by(f, m, everyone)
    made = suppression._safely_bounded(recorded).findings
    assert tuple((x.bound_low, x.bound_high) == (0.6, 0.8) for x in made[:2]) == stay
    assert tuple((x.bound_low, x.bound_high) == (None, None) for x in made[:2]) == tuple(not s for s in stay)
    assert made[2:] == recorded.findings[2:]


def test_a_count_within_ten_of_one_that_another_measure_told_before_is_held_back() -> None:
    told = finding("label_coverage", group="f", n=500, events=400)
    others = finding("label_coverage", group="m", n=500, events=300)
    before = Release(audit(told, others, rows=1000))
    near = [finding("auroc", group=g, unit="", n=n, events=90) for g, n in (("f", 405), ("m", 295))]
    again = published(audit(*near, rows=1000), [before])
    assert [f.verdict for f in again.findings] == [Verdict.WITHHELD, Verdict.WITHHELD]
    assert [f.verdict for f in published(audit(*near, rows=1000)).findings] == [Verdict.WITHIN] * 2


def test_counts_of_different_people_are_looked_at_measure_by_measure() -> None:
    """More women had the outcome than there are: no table holds that, so each measure is by itself."""
    at_odds = [
        finding("true_positive_rate", group=g, n=n, events=80)
        for g, n in (("f", 400), ("m", 300), ("x", 100))
    ] + [finding("selection_rate", group=g, n=n, events=90) for g, n in (("f", 200), ("m", 180), ("x", 95))]
    pool = finding("selection_rate", group="m + x", holds=("m", "x"), n=275, events=180)
    few = finding("selection_rate", group="y", n=5, events=0)
    shown = published(audit(*at_odds, few, pool, rows=480)).findings
    hidden = [(f.metric, f.group) for f in shown if f.verdict is Verdict.WITHHELD]
    assert hidden == [("selection_rate", "x"), ("selection_rate", "y")], "the smallest joins; the pool goes"
    assert published(audit(*at_odds, rows=7)).rows is None
