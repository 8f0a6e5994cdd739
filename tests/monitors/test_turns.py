"""What changed between windows: named once, in words, and never where nothing did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.audit import Audit
from monitors.config_file import parse
from monitors.turns import declared, turns
from monitors.window import Window

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
TEXT = """
model: sepsis
version: "1"
source: {kind: files, path: a.csv}
columns: {time: at, score: risk, decision: {score_at_least: 0.5}, numeric: [age]}
window: P7D
reference: {from: 2025-01-06, to: 2025-03-03}
plan: [{measure: wasserstein, margin: 0.2}]
"""
FIXED = "reference: {from: 2025-01-06, to: 2025-03-03}"
FOLLOWS = "reference: {trailing: P90D}"


FEED = "the source of predictions, or how columns are derived, changed"
AGAINST = "what windows are compared with changed"
COLUMNS = "the columns that are watched, or their roles, changed"
WINDOWS = "the windows, or when outcomes count as known, changed"


def facts(old: str = "", new: str = "", text: str = TEXT) -> dict[str, Any]:
    assert old in text
    return declared(parse(text.replace(old, new), "sepsis.yaml"))


def week(index: int, **said: Any) -> Audit:
    start = MONDAY + timedelta(days=7 * index)
    made = {"version": "1", "config": "a", "reference": "r", "software": "rounds 0.1.0", **said}
    return Audit(model="sepsis", window=Window(start, start + timedelta(days=7)), stage="scored", rows=300,
                 profile="p", **made)  # fmt: skip


def said(before: dict[str, Any], after: dict[str, Any], **audit: Any) -> list[tuple[str, str]]:
    history = [week(0), week(1), week(2, config="b", **audit), week(3, config="b", **audit)]
    found = turns(history, {"a": before, "b": after})
    assert {turn.window for turn in found} <= {history[2].window}
    return [(turn.kind, turn.words) for turn in found]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("score_at_least: 0.5", "score_at_least: 0.4", [("threshold", "the threshold 0.5 became 0.4")]),
        (
            "decision: {score_at_least: 0.5}",
            "decision: flagged",
            [("threshold", "what counts as a decision changed")],
        ),
        ("path: a.csv", "path: b.csv", [("feed", FEED)]),
        ("path: a.csv", 'path: a.csv, derive: {x: "1"}', [("feed", FEED)]),
        (FIXED, "reference: {from: 2025-06-02, to: 2025-09-01}", [("reference", AGAINST)]),
        ("margin: 0.2", "margin: 0.3", [("plan", "the plan changed: margin of wasserstein 0.2 became 0.3")]),
        ("margin: 0.2", "margin: 0.2, severity: page", [("plan", "the plan changed: wasserstein changed")]),
        (
            "margin: 0.2}",
            "margin: 0.2}, {measure: psi, margin: 0.1, columns: [age]}",
            [("plan", "the plan changed: psi of age is new")],
        ),
        ("numeric: [age]", "numeric: [age, lactate]", [("columns", COLUMNS)]),
        ("window: P7D", "window: P14D", [("window", WINDOWS)]),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(old: str, new: str, told: list[tuple[str, str]]) -> None:
    assert said(facts(), facts(old, new)) == told


def test_a_version_and_a_threshold_that_came_with_it_are_both_told() -> None:
    after = facts("score_at_least: 0.5", "score_at_least: 0.4")
    assert said(facts(), after, version="2") == [
        ("version", "version 1 became 2"), ("threshold", "the threshold 0.5 became 0.4"),
    ]  # fmt: skip


def test_another_version_of_rounds_is_told() -> None:
    (turn,) = turns([week(0), week(1, software="rounds 0.2.0")], {})
    assert (turn.kind, turn.words) == ("software", "rounds 0.1.0 became rounds 0.2.0")


def test_a_configuration_nobody_kept_is_told_of_without_its_words() -> None:
    assert [t.words for t in turns([week(0), week(1, config="b")], {})] == ["the configuration changed"]
    assert [t.kind for t in turns([week(0), week(1, config="b", version="2")], {})] == ["version"]


def test_a_reference_that_follows_is_no_change_and_one_that_is_counted_anew_is() -> None:
    follows, stays = facts(FIXED, FOLLOWS), facts()
    history = [week(i, reference=f"r{i}") for i in range(4)]
    assert turns(history, {"a": follows}) == ()
    assert [t.kind for t in turns(history[:2], {"a": stays})] == ["reference"]


def test_versions_side_by_side_are_no_change() -> None:
    both = [week(i, version=v, config=v) for i in range(5) for v in ("1", "2")]
    assert turns(both, {}) == ()
    third = [*both, week(5, version="2", config="2"), week(5, version="3", config="3")]
    assert [t.words for t in turns(third, {})] == ["version 2 became 3"]


def test_a_rule_on_trial_and_prose_about_people_are_no_change() -> None:
    assert facts() == facts("margin: 0.2", "margin: 0.2, silent: true")
    assert facts() == facts("window: P7D", "window: P7D\nschedule: 0 6 * * 1")


def test_what_is_kept_of_a_configuration_does_not_say_where_the_data_are() -> None:
    assert "a.csv" not in str(facts())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("ab"), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_there_is_a_turn_wherever_neighbours_differ_in_whatever_order_they_come(
    configs: list[str], random: Any
) -> None:
    history = [week(i, config=c) for i, c in enumerate(configs)]
    expected = [history[i].window for i in range(1, len(configs)) if configs[i] != configs[i - 1]]
    random.shuffle(history)
    assert [t.window for t in turns(history, {})] == expected
