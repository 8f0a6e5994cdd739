"""Alerts told as stories: a letter a window, and what people hear of it.

`b` beyond, `w` well within, `n` within but near the margin, `d` different, `?` cannot tell,
`x` withheld, `f` failed, `.` not in this audit. `+` began and `-` ceased are what was told.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitors.alert import Key, Standing, after, changes, firing, standing
from monitors.audit import Audit, Finding, Severity, Verdict
from monitors.window import Window

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
SAID = {
    "b": (Verdict.BEYOND, 0.5), "w": (Verdict.WITHIN, 0.05), "n": (Verdict.WITHIN, 0.19),
    "d": (Verdict.DIFFERENT, 0.21), "?": (Verdict.CANNOT_TELL, 0.1), "x": (Verdict.WITHHELD, None),
    "f": (Verdict.FAILED, None),
}  # fmt: skip


def week(index: int) -> Window:
    return Window(MONDAY + timedelta(days=7 * index), MONDAY + timedelta(days=7 * index + 7))


def finding(
    letter: str,
    family: str = "drift",
    metric: str = "wasserstein",
    severity: Severity = "ticket",
    group: str | None = None,
) -> Finding:
    verdict, value = SAID[letter]
    against = "rest" if group else None
    return Finding(
        metric=metric, family=family, subject="lactate", unit="", group=group, against=against,
        verdict=verdict, value=value, margin=0.2, severity=severity,
    )  # fmt: skip


def audit(index: int, *findings: Finding, config: str = "sha256:c", stage: str = "scored") -> Audit:
    return Audit(
        model="sepsis", version="1", window=week(index), stage=stage,  # type: ignore[arg-type]
        rows=300, config=config, reference="sha256:r", profile="sha256:p", software="0",
        findings=findings,
    )  # fmt: skip


def heard(
    letters: str, family: str = "drift", severity: Severity = "ticket", metric: str = "wasserstein"
) -> str:
    """What is told after each window: `+`, `-`, or a space."""
    held: dict[Key, Standing] = {}
    told = ""
    for index, letter in enumerate(letters):
        held_before = held
        found = () if letter == "." else (finding(letter, family, metric, severity),)
        now = audit(index, *found)
        alerts = changes(held_before, now)
        held = after(held, now)
        told += {(): " ", ("began",): "+", ("ceased",): "-"}[tuple(a.state for a in alerts)]
    return told


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        ("wwwwww", "      "),
        ("wbwwww", "      "),  # once is chance
        ("wbbwww", "  + - "),  # twice running, then well inside twice
        ("wbwbww", "   + -"),  # 2 of 3
        ("bwwbww", "      "),  # 2 of 4 is not
        ("bbbbbb", " +    "),  # told once
        ("bbnnnn", " +    "),  # within, but no further than a hair inside the margin
        ("bbwnww", " +   -"),  # a window near the margin starts the count anew
        ("bbwwbb", " + - +"),  # told again, and not before it is beyond twice again
        ("bbwwbw", " + -  "),
        ("bb????", " +    "),  # blindness does not heal
        ("bb?w?w", " +   -"),  # and does not stand in the way of healing
        ("b????b", "     +"),  # nor of firing: the last two that could tell
        ("?b?x.f", "      "),
        ("bxb...", "  +   "),
        ("bfb...", "  +   "),
        ("bdb...", "  +   "),
        ("bddb..", "      "),
        ("bbdddd", " +    "),  # it moved; that is not healed
    ],
)
def test_what_is_heard_of_a_check_that_chance_can_move(letters: str, told: str) -> None:
    assert heard(letters) == told


@pytest.mark.parametrize(
    ("letters", "told"), [("wbww", " +- "), ("wb?w", " + -"), ("bbww", "+ - "), ("wbnw", " + -")]
)
def test_a_feed_that_breaks_pages_at_once_and_heals_in_one_window(letters: str, told: str) -> None:
    assert heard(letters, "quality", "page", "freshness") == told


def test_a_quality_ticket_can_wait_for_a_second_window() -> None:
    assert heard("wbww", "quality", "ticket", "missing_share") == "    "


def test_what_is_only_shown_is_never_told() -> None:
    assert heard("bbbb", severity="info") == "    "


def tell(audits: list[Audit]) -> list[list[str]]:
    held: dict[Key, Standing] = {}
    told = []
    for each in audits:
        told.append([f"{a.state} {a.finding.metric}" for a in changes(held, each)])
        held = after(held, each)
    return told


def perf(letter: str) -> Finding:
    return finding(letter, "performance", "auroc", "page")


def feed(letter: str) -> Finding:
    return finding(letter, "quality", "freshness", "page")


def test_a_broken_pipe_does_not_look_like_a_bad_model() -> None:
    assert tell([
        audit(0, feed("w"), perf("b")),
        audit(1, feed("b"), perf("b")),  # two windows beyond, and the feed is why
        audit(2, feed("b"), perf("b")),
        audit(3, feed("w"), perf("w")),
        audit(4, feed("w"), perf("w")),
    ]) == [[], ["began freshness"], [], ["ceased freshness"], []]  # fmt: skip


def test_what_still_stands_when_the_feed_is_mended_is_told_then() -> None:
    audits = [audit(0, feed("w"), perf("b")), audit(1, feed("b"), perf("b")), audit(2, feed("w"), perf("b"))]
    assert tell(audits) == [[], ["began freshness"], ["began auroc", "ceased freshness"]]
    (alert, _) = changes(standing(audits[:2]), audits[2])
    assert (alert.since, alert.window) == (week(1), week(2))


def test_a_feed_mutes_neither_drift_nor_what_was_told_before() -> None:
    drift = finding("b")
    assert tell([
        audit(0, feed("w"), perf("b"), drift),
        audit(1, feed("w"), perf("b"), drift),
        audit(2, feed("b"), perf("w"), drift),
        audit(3, feed("b"), perf("w"), drift),
    ]) == [[], ["began auroc", "began wasserstein"], ["began freshness"], ["ceased auroc"]]  # fmt: skip


def test_groups_of_one_measure_are_checks_of_their_own() -> None:
    def both(a: str, b: str) -> tuple[Finding, Finding]:
        return (
            finding(a, "fairness", "true_positive_rate", "committee", "x"),
            finding(b, "fairness", "true_positive_rate", "committee", "y"),
        )

    held = standing([audit(0, *both("b", "w")), audit(1, *both("b", "b"))])
    assert [state.finding.group for state in firing(held)] == ["x"]


def test_a_gap_that_turned_is_not_a_gap_that_healed_by_half() -> None:
    """Cleared on the side it fired on: an improvement heals, however large it is."""
    low = Finding(
        metric="auroc", family="performance", subject="model", unit="", verdict=Verdict.BEYOND,
        value=0.6, baseline=0.8, change_low=-0.25, change_high=-0.15, margin=0.1, severity="page",
    )  # fmt: skip
    better = replace(low, verdict=Verdict.WITHIN, value=0.95, change_low=0.1, change_high=0.2)
    told = tell([audit(i, f) for i, f in enumerate([low, low, better, better])])
    assert told == [[], ["began auroc"], [], ["ceased auroc"]]


def test_a_rule_taken_out_of_the_plan_ceases_and_one_that_waits_for_outcomes_does_not() -> None:
    beyond = [audit(i, perf("b"), stage="outcome") for i in range(2)]
    scored = audit(2, finding("w"), config="sha256:new")
    out = audit(3, finding("w"), config="sha256:new", stage="outcome")
    held = standing([*beyond, scored])
    assert [s.finding.metric for s in firing(held)] == ["auroc"]
    (alert,) = changes(held, out)
    assert (alert.state, alert.why) == ("ceased", "it is no longer checked")


def test_overlapping_windows_are_not_two_witnesses() -> None:
    first, again = audit(0, finding("b")), audit(0, finding("b"))
    shifted = replace(
        again, window=Window(week(0).start + timedelta(days=1), week(0).end + timedelta(days=1))
    )
    assert not list(firing(standing([first, shifted])))
    assert changes(standing([first]), shifted) == ()


def test_the_same_history_tells_the_same_however_it_arrives() -> None:
    made = random.Random(1)
    for _ in range(200):
        audits = [audit(i, finding(made.choice("bbwwnd?xf"))) for i in range(9)]
        shuffled = audits[:]
        made.shuffle(shuffled)
        assert standing(shuffled) == standing(audits)
        assert changes(standing(audits[:8]), audits[8]) == changes(standing(audits[7::-1]), audits[8])


def test_began_and_ceased_alternate_whatever_happens() -> None:
    made = random.Random(2)
    for _ in range(500):
        told = heard("".join(made.choice("bbwwnd?xf.") for _ in range(30))).replace(" ", "")
        assert "++" not in told
        assert "--" not in told
        assert told[:1] != "-"


def test_an_alert_says_how_often_it_was_seen() -> None:
    history = [audit(0, finding("b")), audit(1, finding("w"))]
    (alert,) = changes(standing(history), audit(2, finding("b")))
    assert alert.why == "beyond its margin in 2 of the last 3 windows that could tell"
    assert alert.key == ("sepsis", "wasserstein", "lactate", None)
