"""Need at the same score, and who is in the top tenth, from counts as from the people themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import rankdata

from monitors.cube import Cube
from monitors.discovery import metrics
from monitors.metric import Estimate

People = tuple[NDArray[np.str_], NDArray[np.int64], NDArray[np.int64]]


@st.composite
def people(draw: st.DrawFn) -> People:
    """Group, score cell and step of need of up to 600 people, all of both known."""
    n = draw(st.integers(40, 600))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    group = random.choice(list("abc"), n, p=draw(st.sampled_from([(0.5, 0.3, 0.2), (0.9, 0.1, 0.0)])))
    score = random.integers(0, draw(st.sampled_from([1, 10, 50])), n)
    need = np.clip(random.poisson(score / 10 + 2 * (group == "b")), 0, 9)
    return group, score, need


def of(name: str, rows: People) -> dict[str | None, Estimate]:
    asides = [(str(g), "need", int(s), int(k), 1) for g, s, k in zip(*rows, strict=True)]
    cube = Cube.of(
        "g", [(str(g), -1, -1, int(s), -1, 1, 0) for g, s, _ in zip(*rows, strict=True)], asides=asides
    )
    return dict(metrics()[name].compute(cube))


@given(people())
@settings(max_examples=40, deadline=None)
def test_the_same_score_gap_is_a_weighed_mean_of_ranks(rows: People) -> None:
    group, score, need = rows
    rank = 100 * (rankdata(need) - 0.5) / len(need)
    place = (rankdata(score) - 0.5) / len(score)  # the middle of everyone at the same score
    for name, found in of("same_score_need_gap", rows).items():
        mine = group == name
        for strata, fewest in ((10, 30), (5, 2)):
            stratum = np.minimum((place * strata).astype(int), strata - 1)
            here = [mine & (stratum == k) for k in range(strata)]
            there = [~mine & (stratum == k) for k in range(strata)]
            able = [k for k in range(strata) if min(here[k].sum(), there[k].sum()) >= fewest]
            if able and (fewest == 2 or all(k in able for k in range(strata) if here[k].any())):
                break
        else:
            assert found.value is None
            continue
        n = np.array([here[k].sum() for k in able])
        gaps = np.array([rank[here[k]].mean() - rank[there[k]].mean() for k in able])
        assert found.value == pytest.approx(float(n @ gaps / n.sum()), abs=1e-9)
        assert found.n == mine.sum()


@given(people())
@settings(max_examples=15, deadline=None)
def test_the_top_tenth_is_the_people_ranked_highest(rows: People) -> None:
    group, score, need = rows
    random, wanted = np.random.default_rng(1), 0.1 * len(group)
    told = of("top_need_gap", rows)
    assert sum(estimate.value for estimate in told.values()) == pytest.approx(0, abs=1e-9)

    def share(of_what: NDArray[np.int64], name: str | None) -> float:
        """The group's share of the top tenth, ties broken at random again and again."""
        parts = []
        for _ in range(400):
            order = np.lexsort((random.random(len(group)), of_what))[::-1]
            whole = int(wanted)
            inside = (group[order[:whole]] == name).sum() + (wanted - whole) * (group[order[whole]] == name)
            parts.append(inside / wanted)
        return float(np.mean(parts))

    for name, found in told.items():
        assert found.value == pytest.approx(share(need, name) - share(score, name), abs=0.12)
        assert found.low <= found.value <= found.high


def test_a_group_as_needy_as_its_scores_say_has_no_gap_and_a_passed_over_one_has() -> None:
    random = np.random.default_rng(7)
    n = 20_000
    group = random.choice(["a", "b"], n)
    true = random.integers(0, 10, n)
    score = np.where(group == "b", np.maximum(true - 2, 0), true)
    alike = of("same_score_need_gap", (group, true, true))
    passed = of("same_score_need_gap", (group, score, true))
    assert all(estimate.low <= 0 <= estimate.high for estimate in alike.values())
    assert passed["b"].low > 10
    assert of("top_need_gap", (group, score, true))["b"].low > 0.3
