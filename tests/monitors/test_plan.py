"""The shipped plan: every word in it means something, and every judged measure can be judged."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from monitors.discovery import metrics
from monitors.metric import CATEGORIES, EVERY, NUMBERS
from monitors.plan import DEFAULT_PLAN, Rule

WORDS = {"all": EVERY, "numeric": NUMBERS, "categorical": CATEGORIES}


@pytest.mark.parametrize("rule", DEFAULT_PLAN, ids=lambda rule: f"{rule.measure}-{rule.columns}-{rule.by}")
def test_a_shipped_rule_names_a_measure_that_is_there(rule: Rule) -> None:
    facts = metrics()[rule.measure].facts
    assert rule.margin is not None or rule.severity == "info"
    assert rule.action
    assert rule.runbook
    if facts.reads in ("column", "distance"):
        assert set(WORDS.get(rule.columns, (rule.columns,))) & set(facts.kinds)
        assert rule.by is None
    else:
        assert rule.columns == "all"
    if rule.by is not None:
        # A gap is the committee's; who is there at all and of unknown group is a matter of the feed, and
        # one that stopped is mended tonight.
        assert facts.reads in ("tally", "cube", "feed", "attribute", "mix", "estimate")
        judged = "committee" if facts.reads in ("tally", "cube") else "ticket"
        if rule.measure == "silent_groups" and rule.by == "site":
            judged = "page"
        assert rule.severity == ("info" if rule.margin is None else judged)


def test_no_shipped_rule_is_hidden_by_another() -> None:
    keys = [(rule.measure, rule.columns, rule.by) for rule in DEFAULT_PLAN]
    assert len(keys) == len(set(keys))


def test_pages_are_for_scores_and_performance_not_for_inputs() -> None:
    paged = {(rule.measure, rule.columns) for rule in DEFAULT_PLAN if rule.severity == "page"}
    assert paged == {
        ("rows", "all"),
        ("freshness", "all"),
        ("invalid_score_share", "all"),
        ("wrong_version_share", "all"),
        ("score_spread", "all"),  # one score for all is as good as none
        ("silent_groups", "all"),  # of sites
        ("wasserstein", "score"),
        ("auroc", "all"),
        ("observed_expected_ratio", "all"),
    }


def test_psi_is_shown_and_nobody_is_called_for_it() -> None:
    assert {rule.severity for rule in DEFAULT_PLAN if rule.measure == "psi"} == {"info"}


def test_a_rule_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        DEFAULT_PLAN[0].margin = 2.0


@pytest.mark.parametrize("margin", [0, -0.1, float("inf"), float("nan")])
def test_a_margin_is_a_number_above_0(margin: float) -> None:
    with pytest.raises(ValidationError):
        Rule(measure="psi", margin=margin)
