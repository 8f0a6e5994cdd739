"""A cube: weighted rows of a grouping, and the tallies taken from it."""

from __future__ import annotations

import numpy as np
import pytest

from monitors.cube import INVALID_SCORE, NO_SCORE, UNKNOWN, Cube

# group, outcome, decision, cell, action, people, sum of scores in millionths
ROWS = [
    ("b", 1, 1, 7, -1, 3, 2_100_000),
    ("a", 1, 1, 7, -1, 5, 3_600_000),
    ("a", 0, 0, 2, -1, 20, 4_000_000),
    ("a", -1, 1, 7, 1, 4, 2_900_000),
    ("b", 0, 1, INVALID_SCORE, -1, 2, 0),
    (UNKNOWN, 1, 0, NO_SCORE, -1, 6, 0),
]
CUBE = Cube.of("race", ROWS)


def test_rows_come_back_sorted_whatever_their_order() -> None:
    assert CUBE.weighted_rows() == sorted(ROWS)
    assert Cube.of("race", reversed(ROWS)) == CUBE


def test_rows_of_one_place_are_one_row() -> None:
    twice = Cube.of("race", [*ROWS, *ROWS])
    assert len(twice.group) == len(ROWS)
    assert twice.rows == 2 * CUBE.rows
    assert twice == CUBE + CUBE


def test_unknown_is_a_group_and_stands_last() -> None:
    assert CUBE.groups == ("a", "b", UNKNOWN)
    assert CUBE.tally(UNKNOWN).n == 6


def test_a_tally_by_hand() -> None:
    tally = CUBE.tally("a")
    assert (tally.n, tally.tp, tally.fp, tally.fn, tally.tn) == (29, 5, 0, 0, 20)
    assert (tally.flagged, tally.unflagged) == (9, 20)
    assert tally.positives.tolist() == [0, 5]
    assert tally.negatives.tolist() == [20, 0]
    assert tally.scored.tolist() == [20, 9]
    assert tally.score.tolist() == pytest.approx([0.2, 6.5 / 9])
    assert (tally.events, tally.labelled) == (5, 25)


def test_expected_counts_only_those_whose_outcome_is_known() -> None:
    assert CUBE.tally("a").expected == pytest.approx(3.6 + 4.0)


def test_scores_missing_or_impossible_are_in_no_cell() -> None:
    tally = CUBE.tally("b")
    assert (tally.n, tally.scored.tolist(), tally.fp) == (5, [3], 2)
    unknown = CUBE.tally(UNKNOWN)
    assert (unknown.scored.tolist(), unknown.fn, unknown.expected) == ([], 6, 0.0)


def test_the_rest_of_a_group_is_everyone_else() -> None:
    rest = CUBE.tally(rest_of="a")
    assert (rest.n, rest.tp, rest.fn, rest.fp) == (11, 3, 6, 2)
    everyone = CUBE.tally()
    assert everyone.n == CUBE.rows == rest.n + CUBE.tally("a").n


def test_a_group_nobody_belongs_to_is_empty_and_its_rest_is_everyone() -> None:
    assert CUBE.tally("c").n == 0
    assert CUBE.tally(rest_of="c").n == CUBE.rows


def test_a_cube_of_nobody_has_a_tally_of_nobody() -> None:
    empty = Cube.of("race", [])
    tally = empty.tally()
    assert (empty.rows, empty.groups, tally.n, tally.labelled) == (0, (), 0, 0)
    assert tally.score.shape == (0,)
    assert (tally.score.dtype, tally.positives.dtype) == (np.float64, np.int64)


def test_cubes_of_two_groupings_do_not_add() -> None:
    with pytest.raises(ValueError, match="'race' and 'sex' do not add"):
        _ = CUBE + Cube.of("sex", ROWS)


def test_sums_of_a_billion_people_are_exact() -> None:
    many = Cube.of("", [("", 1, 1, 3, -1, 10**9, 333_333 * 10**9), ("", 1, 1, 3, -1, 1, 1)])
    assert many.rows == 10**9 + 1
    assert many.score_sum.tolist() == [333_333 * 10**9 + 1]


def test_equal_cubes_are_equal_and_hash_alike() -> None:
    again = Cube.read(CUBE.payload())
    assert again == CUBE
    assert hash(again) == hash(CUBE)
    assert Cube.of("sex", ROWS) != CUBE
