"""Withholding: from what people see of an audit, no count of 1 to 10 people can be worked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import suppression
from monitors.audit import Audit, Finding, Verdict
from monitors.coarse import coarsened
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.interval import difference, wilson
from monitors.suppression import published, shown_groups
from monitors.told import Told, small
from monitors.window import Window, moment

WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))
NUMBERS = (
    "value", "low", "high", "n", "events", "reference_n", "level", "baseline", "change_low", "change_high",
    "chance", "p", "needs",
)  # fmt: skip
Table = tuple[tuple[int, int], ...]  # for each group: how many people, how many of them flagged


@pytest.fixture(autouse=True)
def _nothing_published_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test had published is not handed to the next from memory."""
    monkeypatch.setattr(suppression, "_held", {})


def audit(findings: list[Finding], rows: int) -> Audit:
    digest = "sha256:" + "0" * 64
    return Audit(
        model="m", version="1", window=WEEK, stage="outcome", rows=rows, config=digest, reference=digest,
        profile=digest, software="rounds", findings=tuple(findings),
    )  # fmt: skip


def gaps(table: Table, subject: str = "sex") -> Iterator[Finding]:
    """What is found of the selection rate of each group, as gaps against the rest are."""
    everyone = np.array(table).sum(axis=0)
    for i, (n, flagged) in enumerate(table):
        rest, rest_flagged = int(everyone[0]) - n, int(everyone[1]) - flagged
        base = Finding(
            metric="selection_rate", family="fairness", subject=subject, unit="share of rows",
            verdict=Verdict.CANNOT_TELL, group=f"g{i}", against="rest", n=n, events=flagged, reference_n=rest,
        )  # fmt: skip
        if not n or not rest:
            yield replace(base, reason="no one in this group", events=None)
            continue
        here, there = flagged / n, rest_flagged / rest
        low, high = difference(here, *wilson(flagged, n), there, *wilson(rest_flagged, rest))
        yield replace(base, value=here - there, level=here, baseline=there, low=low, high=high)


def level(table: Table) -> Finding:
    """What is found of everyone."""
    n, flagged = (int(total) for total in np.array(table).sum(axis=0))
    low, high = wilson(flagged, n)
    return Finding(
        metric="selection_rate", family="performance", subject="model", unit="share of rows",
        verdict=Verdict.WITHIN, value=flagged / n, low=low, high=high, n=n, events=flagged,
    )  # fmt: skip


def seen(table: Table) -> Audit:
    rows = sum(n for n, _ in table)
    return published(audit([level(table), *gaps(table)], rows))


def test_small_is_one_to_ten() -> None:
    assert [n for n in range(13) if small(n)] == list(range(1, 11))
    assert not small(None)


@pytest.mark.parametrize(
    "change",
    [
        {"n": 9, "events": 0},
        {"n": 400, "events": 3},
        {"n": 400, "events": 392},
        {"n": 20, "events": 20},
        {"n": 400, "events": 100, "reference_n": 4},
    ],
)
def test_a_telling_finding_keeps_no_number_at_all(change: dict[str, int]) -> None:
    (told,) = list(gaps(((400, 100), (500, 200))))[:1]
    shown = published(audit([replace(told, **change)], 900)).findings[0]
    assert shown.verdict is Verdict.WITHHELD
    assert {name: getattr(shown, name) for name in NUMBERS} == dict.fromkeys(NUMBERS)
    assert (shown.metric, shown.subject, shown.group) == ("selection_rate", "sex", "g0")
    assert not any(digit in (shown.reason or "").replace("11", "") for digit in "0123456789")


def test_what_tells_nobody_stays_as_it_is() -> None:
    table = ((400, 100), (500, 200))
    whole = audit([level(table), *gaps(table)], 900)
    assert published(whole) == whole


def test_one_group_is_never_withheld_alone() -> None:
    """Its count would be the whole less the others."""
    shown = seen(((400, 100), (500, 200), (7, 2)))
    hidden = [f for f in shown.findings if f.group and f.n is None]
    assert {f.group for f in hidden} >= {"g2"}
    assert len(hidden) >= 2


def test_a_small_window_says_not_how_small() -> None:
    shown = published(audit([], 7))
    assert shown.rows is None
    assert published(audit([], 0)).rows == 0


def facts(shown: Audit) -> tuple[Any, ...]:
    """All an attacker reads of an audit, verdicts and words included."""
    return (shown.rows, tuple(str(f.payload()) for f in shown.findings))


def test_no_small_group_follows_from_what_is_shown_of_the_others() -> None:
    """Every way to part the same people into three groups is published, then told apart.

    An attacker who knows the rules keeps the ways that look like what was shown. Where all of
    them agree on a group of 1 to 10, the group was told.
    """
    (sample,) = list(gaps(((400, 100), (500, 200))))[:1]
    told = []
    for rows in (48, 55):
        alike = defaultdict(list)
        for one, two in product(range(15), range(15)):
            sizes = (one, two, rows - one - two)
            findings = [
                replace(sample, metric="auroc", unit="probability", group=f"g{i}", n=n, events=None,
                        reference_n=rows - n)
                for i, n in enumerate(sizes) if n
            ]  # fmt: skip
            alike[facts(published(audit(findings, rows)))].append(sizes)
        for ways in alike.values():
            told += [ways for held in zip(*ways, strict=True) if len(set(held)) == 1 and small(held[0])]
    assert told == []


@pytest.mark.parametrize("third", [(60, 25), (200, 80)])
def test_no_handful_of_flagged_people_is_shown_nor_what_is_left_of_everyone(third: tuple[int, int]) -> None:
    for n, flagged in product((0, 3, 11, 12, 25), (0, 1, 5, 10, 11, 12)):
        if flagged > n:
            continue
        shown = seen(((n, flagged), (90, 30), third))
        everyone, *each = shown.findings
        for held in shown.findings:
            assert not any(small(count) for count in (held.n, held.events, held.reference_n))
            if held.n is not None and held.events is not None:
                assert not small(held.n - held.events)
        for count in ("n", "events"):
            known = [getattr(f, count) for f in each]
            whole = getattr(everyone, count)
            if whole is not None and sum(v is None for v in known) == 1:
                left = whole - sum(v or 0 for v in known)
                assert not small(left), (count, n, flagged)


HISTOGRAMS = st.builds(
    lambda counts, special, numeric: Histogram(
        "x",
        NumericBins(
            tuple(float(i) for i in range(len(counts) + 1)), tuple(i + 0.5 for i in range(len(counts))), 1.0
        )
        if numeric
        else CategoryBins(tuple(f"c{i}" for i in range(len(counts))), ("rare",)),
        tuple(counts),
        *special,
    ),
    st.lists(st.integers(0, 40), min_size=1, max_size=8),
    st.lists(st.integers(0, 30), min_size=5, max_size=5),
    st.booleans(),
)


@given(HISTOGRAMS)
def test_a_bar_is_never_one_to_ten_people(held: Histogram) -> None:
    shown = coarsened(held)
    bars = [*shown.counts, shown.missing, shown.below, shown.above, shown.other, shown.unseen]
    assert not [n for n in bars if small(n)]
    # Nobody is lost, unless a handful would be left over: then everything is told to the nearest twenty.
    assert shown.rows == held.rows or not any(n % 20 for n in bars)
    if isinstance(shown.bins, NumericBins) and isinstance(held.bins, NumericBins):
        assert set(shown.bins.edges) <= set(held.bins.edges)
        assert len(shown.counts) == len(shown.bins.edges) - 1 == len(shown.bins.centers)
        assert (shown.bins.edges[0], shown.bins.edges[-1]) == (held.bins.edges[0], held.bins.edges[-1])
    if isinstance(shown.bins, CategoryBins):
        assert "rare" not in shown.bins.rare
        assert len(shown.bins.categories) == len(shown.counts)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 60), min_size=1))
def test_group_sizes_hide_the_small_and_one_more(sizes: dict[str, int]) -> None:
    shown = shown_groups(sizes)
    hidden = {group for group, n in shown.items() if n is None}
    assert {group for group, n in sizes.items() if small(n)} <= hidden
    assert {group: n for group, n in shown.items() if n is not None}.items() <= sizes.items()
    if hidden and hidden != set(sizes):
        assert len(hidden) >= 2
        assert sum(sizes[group] for group in hidden) >= 11
    if not any(small(n) for n in sizes.values()):
        assert not hidden


def test_what_is_withheld_does_not_hang_on_what_words_hash_to() -> None:
    """A page that works a release out and the run that keeps it are two processes: both hide the same."""
    measures = (
        "selection_rate", "true_positive_rate", "false_positive_rate", "positive_predictive_value",
        "label_coverage", "scored_share",
    )  # fmt: skip
    found = [
        replace(each, metric=metric, level=0.0 if each.group == "g0" else each.level)
        for metric in measures
        for each in gaps(((20, 0), (300, 120)))
    ]
    told = Told(audit(found, 320), ())
    order = list(told.measures)
    assert order == list(measures)
    of_nobody = [key.form for key in told.small if key.place.groups == ("g0",) and not key.rest]
    wanted = dict.fromkeys(told.measures[metric][1] for metric in measures)
    assert len(of_nobody) > 3
    assert of_nobody == [form for form in wanted if form in of_nobody]
