"""Withholding to the digit: what goes, what is rounded and to what, and what stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import suppression
from monitors.audit import Audit, Finding, Verdict
from monitors.coarse import coarsened
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.suppression import published, shown_groups, small
from monitors.window import Window, moment

WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))
ABROAD = Finding(
    metric="out_of_range_share", family="quality", subject="crea", unit="share of rows",
    verdict=Verdict.WITHIN, value=0.21604, low=0.18123, high=0.25567, n=500, events=108, reference_n=4000,
    baseline=0.20049, change_low=-0.0204, change_high=0.0551, chance=0.01, p=0.2, needs={"n": 9},
    margin=0.1,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_published_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test had published is not handed to the next from memory."""
    monkeypatch.setattr(suppression, "_held", {})


def seen(finding: Finding, rows: int = 520) -> Finding:
    digest = "sha256:" + "0" * 64
    audit = Audit(
        model="m", version="1", window=WEEK, stage="scored", rows=rows, config=digest, reference=digest,
        profile=digest, software="rounds", findings=(finding,),
    )  # fmt: skip
    (shown,) = published(audit).findings
    return shown


def numbers(finding: Finding) -> dict[str, object]:
    names = ("value", "low", "high", "baseline", "change_low", "change_high", "n", "events", "reference_n")
    return {name: getattr(finding, name) for name in (*names, "chance", "p", "needs")}


@pytest.mark.parametrize("rows", [500, 511, 520])
def test_a_figure_far_from_the_whole_stays_to_the_last_digit(rows: int) -> None:
    assert seen(ABROAD, rows) == ABROAD


@pytest.mark.parametrize("rows", [501, 505, 510])
def test_a_figure_of_all_but_a_handful_is_told_in_coarse_steps_without_counts_or_interval(rows: int) -> None:
    shown = seen(ABROAD, rows)  # in steps of 0.05: 25 of the 500 people
    assert numbers(shown) == {
        "value": 0.2, "baseline": 0.2,
        **dict.fromkeys(("low", "high", "change_low", "change_high")),
        **dict.fromkeys(("n", "events", "reference_n", "chance", "p", "needs")),
    }  # fmt: skip
    assert shown.verdict is Verdict.WITHIN
    assert shown.margin == 0.1
    assert shown.reason == (
        "its counts would show how few had no score or no known outcome, so they are left out"
    )


@pytest.mark.parametrize(("n", "told"), [(99, False), (100, True)])
def test_of_fewer_than_a_hundred_even_coarse_steps_would_tell(n: int, told: bool) -> None:
    shown = seen(replace(ABROAD, n=n, events=n // 3, value=1 / 3), n + 4)
    assert shown.value == (0.4 if told else None)
    assert (shown.verdict is Verdict.WITHHELD) == (not told)


@pytest.mark.parametrize("subject", ["decision", "outcome"])
def test_a_distance_of_two_values_is_withheld_where_another_would_be_rounded(subject: str) -> None:
    drift = replace(ABROAD, metric="psi", family="drift", unit="nats", events=None, baseline=None)
    assert seen(drift, 505).value == 0.2
    assert seen(replace(drift, subject=subject), 505).verdict is Verdict.WITHHELD


def test_only_what_is_counted_of_columns_is_held_against_the_windows_rows() -> None:
    elsewhere = replace(ABROAD, family="performance", metric="net_benefit", subject="model")
    assert seen(elsewhere, 505).n == 500


def test_rows_a_day_are_told_to_steps_that_hide_ten_people() -> None:
    # 22 people over seven days: 3.142857 a day.
    rows = replace(
        ABROAD, metric="rows", unit="rows per day", subject="rows", value=71.43, low=65.0, high=78.0,
        events=None, baseline=70.0, n=500,
    )  # fmt: skip
    shown = seen(rows, 504)
    step = 22 / 7
    assert (shown.value, shown.baseline) == (pytest.approx(23 * step), pytest.approx(22 * step))
    assert {shown.low, shown.high, shown.n} == {None}


@pytest.mark.parametrize(
    ("n", "then", "kept"),
    [
        (4000, 0.20049, True),
        (4000, 10 / 4000, False),
        (4000, 11 / 4000, True),
        (4000, 0.0, True),
        (4000, 1.0, True),
        (4000, 3990 / 4000, False),
        (4000, 3989 / 4000, True),
        (10, 0.5, False),
        (11, 0.0, True),
        (22, 0.5, True),
        (21, 10 / 21, False),
    ],
)
def test_the_references_share_goes_where_it_tells_of_ten_or_fewer(n: int, then: float, kept: bool) -> None:
    shown = seen(replace(ABROAD, reference_n=n, baseline=then))
    assert (shown.value, shown.n, shown.events) == (ABROAD.value, 500, 108)
    if kept:
        assert (shown.baseline, shown.reference_n) == (then, n)
        assert (shown.change_low, shown.change_high) == (-0.0204, 0.0551)
        return
    coarse = n >= 2000
    assert shown.reference_n is None
    assert shown.baseline == (round(then, 2) if coarse else None)
    assert (shown.change_low, shown.change_high) == ((-0.02, 0.06) if coarse else (None, None))


@pytest.mark.parametrize(("n", "coarse"), [(1999, False), (2000, True)])
def test_a_large_reference_keeps_two_digits(n: int, coarse: bool) -> None:
    shown = seen(replace(ABROAD, reference_n=n, baseline=5 / n))
    assert (shown.baseline is not None) == coarse


@pytest.mark.parametrize("change", [{"unit": "nats"}, {"reference_n": None}, {"baseline": None}])
def test_what_is_no_share_of_a_reference_stays(change: dict[str, object]) -> None:
    finding = replace(ABROAD, **{"baseline": 5 / 4000, **change})  # type: ignore[arg-type]
    assert seen(finding) == finding


# --- bars ---


def numeric(*counts: int, **special: int) -> Histogram:
    k = len(counts)
    bins = NumericBins(tuple(map(float, range(k + 1))), tuple(i + 0.5 for i in range(k)), 2.5)
    return Histogram("crea", bins, counts, **special)


def category(*counts: int, **special: int) -> Histogram:
    return Histogram("ward", CategoryBins(tuple("abcdef"[: len(counts)]), ("rare",)), counts, **special)


@pytest.mark.parametrize(
    ("counts", "edges", "centers", "left"),
    [
        ((20, 5, 30), (0, 2, 3), (0.7, 2.5), (25, 30)),
        ((30, 5, 20), (0, 1, 3), (0.5, 2.3), (30, 25)),
        ((20, 5, 20), (0, 2, 3), (0.7, 2.5), (25, 20)),
        ((5, 20, 30), (0, 2, 3), (1.3, 2.5), (25, 30)),
        ((20, 30, 5), (0, 1, 3), (0.5, 1.642857), (20, 35)),
        ((12, 40, 3, 13, 50), (0, 1, 2, 4, 5), (0.5, 1.5, 3.3125, 4.5), (12, 40, 16, 50)),
        ((5, 0, 8), (0, 3), (1.730769,), (13,)),
        ((11, 0, 12), (0, 1, 2, 3), (0.5, 1.5, 2.5), (11, 0, 12)),
    ],
)
def test_a_small_bin_joins_the_smaller_of_its_neighbours(
    counts: tuple[int, ...], edges: tuple[float, ...], centers: tuple[float, ...], left: tuple[int, ...]
) -> None:
    shown = coarsened(numeric(*counts))
    assert shown.counts == left
    assert isinstance(shown.bins, NumericBins)
    assert shown.bins.edges == edges
    assert shown.bins.centers == pytest.approx(centers, abs=1e-6)
    assert shown.bins.scale == 2.5
    assert shown.column == "crea"


@pytest.mark.parametrize("counts", [(5,), (5, 3), (0, 0, 7), (10,)])
def test_a_column_with_a_handful_of_numbers_shows_no_bar(counts: tuple[int, ...]) -> None:
    shown = coarsened(numeric(*counts))
    assert (shown.counts, shown.other, shown.rows) == ((0,), 0, 0)
    assert coarsened(numeric(*counts, missing=400)).missing == 400
    assert coarsened(numeric(*counts, other=20)).other == 20 + sum(counts)


def test_a_small_category_joins_the_others() -> None:
    shown = coarsened(category(90, 4, 30, missing=3, other=9, unseen=50))
    assert shown.bins == CategoryBins(("a", "c"), ())
    assert shown.counts == (90, 30)
    assert (shown.missing, shown.other, shown.unseen) == (0, 16, 50)
    assert shown.column == "ward"


@pytest.mark.parametrize(
    ("count", "nearest"),
    [(0, 0), (11, 20), (20, 20), (29, 20), (31, 40), (45, 40), (51, 60), (508, 500), (511, 520)],
)
def test_where_a_handful_is_left_over_every_bar_is_told_to_the_nearest_twenty(
    count: int, nearest: int
) -> None:
    shown = coarsened(category(count, 3, 400, missing=47))
    assert shown.counts == (nearest, 400)
    assert (shown.missing, shown.other) == (40, 0)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=3), st.integers(0, 12), st.booleans())
def test_no_bar_of_a_nearly_empty_column_is_one_to_ten(counts: list[int], missing: int, number: bool) -> None:
    shown = coarsened((numeric if number else category)(*counts, missing=missing))
    assert not any(small(n) for n in (*shown.counts, shown.missing, shown.other))


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"a": 500, "b": 4, "c": 40, "d": 60}, "bc"),
        ({"a": 500, "b": 4, "c": 6, "d": 60}, "bcd"),
        ({"a": 500, "b": 5, "c": 6, "d": 60}, "bc"),
        ({"a": 11, "b": 0}, ""),
        ({"a": 10}, "a"),
        ({"a": 3, "b": 0, "c": 0, "d": 90, "e": 95}, "abcd"),
    ],
)
def test_one_more_group_hides_beside_a_small_one_and_no_more(sizes: dict[str, int], hidden: str) -> None:
    shown = shown_groups(sizes)
    assert {group for group, n in shown.items() if n is None} == set(hidden)
    assert all(n in (None, sizes[group]) for group, n in shown.items())


def test_a_number_without_bins_is_shown_without_bars() -> None:
    unseen = Histogram("crea", NumericBins((), (), 1.0), (), unseen=40)
    assert (coarsened(unseen).counts, coarsened(unseen).unseen) == ((), 40)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"family": "drift", "metric": "psi", "unit": "nats", "n": 5, "events": None}, False),
        ({"family": "drift", "metric": "psi", "unit": "nats", "n": 11, "events": None}, True),
        ({"n": 7, "events": None}, False),
        ({"n": 500, "events": 3}, False),
        ({"n": 500, "events": 495}, False),
        ({"n": 500, "events": 0}, True),
        ({"n": 20, "events": 20}, True),  # of everyone, who are no group
    ],
)
def test_a_figure_of_a_handful_is_withheld_and_says_so(change: dict[str, object], told: bool) -> None:
    shown = seen(replace(ABROAD, **change), 900)  # type: ignore[arg-type]
    assert (shown.verdict is not Verdict.WITHHELD) == told
    assert told or shown.reason == "fewer than 11 people, or it would show how few"
