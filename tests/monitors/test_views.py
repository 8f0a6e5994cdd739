"""What charts are drawn from: never a count of 1 to 10, alone or by setting two against each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors import views
from monitors.audit import Audit, Finding, Verdict
from monitors.cells import Cells, Row
from monitors.cube import Cube
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.profile import EVERYONE, Profile
from monitors.window import Window

WINDOW = Window.parse("2026-01-05T00:00:00Z/2026-01-12T00:00:00Z")
EDGES = tuple(float(round(e, 3)) for e in np.linspace(0, 1, 21))


def counted(people: dict[str, int], seed: int) -> Profile:
    """Groups of that many people, calibrated, flagged from 0.33 on: no edge of the bins."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for group, n in people.items():
        for s in random.beta(1.2, 2.0, n):
            had = int(random.random() < s)
            rows.append((group, had, int(s >= 0.33), min(int(s * 20), 19), -1, 1, round(s * 1e6)))
    everyone = [("", *row[1:]) for row in rows]
    cubes = {"": Cube.of("", everyone), "sex": Cube.of("sex", rows), "sex × age": Cube.of("sex × age", rows)}
    return Profile(WINDOW, len(rows), 0, None, None, {}, cubes, score_edges=EDGES)


def told(people: dict[str, int], *, hidden: tuple[str, ...] = ()) -> Audit:
    findings = [
        Finding(metric="auroc", family="performance", subject="model", unit="", verdict=Verdict.WITHIN, n=999)
    ]
    for group in people:
        verdict = Verdict.WITHHELD if group in hidden else Verdict.WITHIN
        findings.append(
            Finding(metric="auroc", family="fairness", subject="sex", group=group, unit="", verdict=verdict)
        )
    return Audit(
        model="m", version="1", window=WINDOW, stage="outcome", rows=999, config="c", reference="r",
        profile="p", software="s", findings=tuple(findings),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 900), min_size=1, max_size=4),
    st.integers(0, 10_000),
    st.booleans(),
)
def test_no_cell_nor_difference_of_cells_is_1_to_10(sizes: list[int], seed: int, hide: bool) -> None:
    people = {f"g{i}": n for i, n in enumerate(sizes)}
    profile = counted(people, seed)
    audit = told(people, hidden=("g0",) if hide else ())
    shown = views.by_group(profile, audit, "sex", 0.33)
    if shown is None:
        return
    groups = [scores.group for scores in shown.shown[1:]]
    assert not hide or "g0" not in groups
    edges = shown.shown[0].edges
    people_of = Cells.of(profile.cubes["sex"].weighted_rows())

    def cells(group: str) -> np.ndarray:
        return np.array(views._counts(people_of[group], edges, EDGES))

    parts = [cells(group) for group in groups]
    sums = [cells(EVERYONE)]
    for size in range(1, len(parts) + 1):
        for some in combinations(parts, size):
            sums += [sum(some), cells(EVERYONE) - sum(some)]
    for held in sums:
        assert not ((held > 0) & (held < 11)).any()


def test_two_pages_of_one_window_share_everyones_edges() -> None:
    people = {"a": 900, "b": 700}
    profile = counted(people, 3)
    alone = views.by_group(profile, told(people), "", 0.33)
    by_sex = views.by_group(profile, told(people), "sex", 0.33)
    assert alone
    assert by_sex
    assert set(by_sex.shown[0].edges) <= set(alone.shown[0].edges)


@pytest.mark.parametrize("attribute", ["sex × age", "nothing"])
def test_intersections_are_not_drawn(attribute: str) -> None:
    people = {"a": 900, "b": 700}
    assert views.by_group(counted(people, 3), told(people), attribute, 0.33) is None


def test_a_group_of_too_few_is_named_as_left_out() -> None:
    people = {"a": 900, "b": 250}
    shown = views.by_group(counted(people, 3), told(people), "sex", None)
    assert shown
    assert [scores.group for scores in shown.shown] == ["", "a"]
    assert shown.left_out == ("b",)


def test_shares_of_each_outcome_add_to_one_and_the_first_threshold_flags_all() -> None:
    people = {"a": 900, "b": 700}
    shown = views.by_group(counted(people, 5), told(people), "sex", 0.33)
    assert shown
    for scores in shown.shown:
        assert sum(scores.positives) == pytest.approx(1, abs=0.05)
        threshold, flagged, everyone = scores.net_benefit()[0]
        assert threshold == 0
        assert flagged == pytest.approx(everyone, abs=0.01)
        for predicted, low, high in zip(scores.predicted, scores.low, scores.high, strict=True):
            assert predicted is None or low is None or high is None or low - 0.15 < predicted < high + 0.15


NUMBER = NumericBins((0.0, 1.0, 2.0, 3.0), (0.5, 1.5, 2.5), 1.0)


def test_a_few_in_a_bin_are_joined_and_told_in_hundredths() -> None:
    now = Histogram("x", NUMBER, (200, 4, 300), missing=500)
    shown = views.overlaid(now, Histogram("x", NUMBER, (300, 300, 300), missing=100))
    assert shown
    assert len(shown.now) == 2
    assert shown.places["missing"] == (0.5, 0.1)
    assert sum(shown.now) + 0.5 == pytest.approx(1, abs=0.02)


def test_a_window_counted_twice_with_a_few_more_is_not_drawn() -> None:
    then = Histogram("x", NUMBER, (300, 300, 300))
    first, again = (Histogram("x", NUMBER, (200, 200, n)) for n in (300, 304))
    assert views.overlaid(again, then, [first]) is None
    assert views.overlaid(again, then, [again]) is not None
    far = Histogram("x", NUMBER, (200, 200, 400))
    assert views.overlaid(far, then, [first]) is not None


def test_few_rows_or_a_small_reference_draw_nothing() -> None:
    bins = CategoryBins(("a", "b"))
    enough, few = Histogram("x", bins, (60, 60)), Histogram("x", bins, (40, 40))
    assert views.overlaid(enough, enough) is not None
    assert views.overlaid(few, enough) is None
    assert views.overlaid(enough, few) is None


def test_a_handful_of_missing_values_is_withheld_and_none_is_nought() -> None:
    bins = CategoryBins(("a", "b"))
    then = Histogram("x", bins, (100, 100))
    assert views.overlaid(Histogram("x", bins, (100, 100), missing=0), then).places["missing"] == (0.0, 0.0)  # type: ignore[union-attr]
    assert views.overlaid(Histogram("x", bins, (100, 100), missing=4), then).places["missing"] == (None, 0.0)  # type: ignore[union-attr]
    assert views.overlaid(Histogram("x", bins, (100, 100), missing=40), then).places["missing"] == (0.17, 0.0)  # type: ignore[union-attr]
