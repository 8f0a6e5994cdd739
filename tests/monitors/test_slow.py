"""Slow findings: what a run of audits adds up to, by kind of check, and what begins it anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors.alert import Key, Standing, after, changes
from monitors.audit import Audit, Finding, Verdict
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.errors import ConfigError
from monitors.plan import Rule
from monitors.slow import slow_findings, watched
from monitors.suppression import published
from monitors.window import Window

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
PLAN = """
model: sepsis
version: "1"
source: {kind: files, path: a.csv}
columns: {time: at, score: risk}
window: P7D
reference: %s
plan: [{measure: wasserstein, margin: 0.2, slow_change: %s}]
"""


def rule(measure: str = "wasserstein", **said: Any) -> dict[str, Rule]:
    return {"plan.1": Rule(measure=measure, **{"margin": 0.2, "slow_change": 200, **said})}


def drift(shift: float, **said: Any) -> Finding:
    """A number that moved by so many standard deviations at 400 rows a week: an error of 0.05."""
    made = {"value": abs(shift), "n": 400, "reference_n": 10_400, "p": 0.2, "margin": 0.2, "rule": "plan.1",
            "shift": shift, "shift_error": 0.05, "severity": "page", **said}  # fmt: skip
    return Finding(metric="wasserstein", family="drift", subject="lactate", unit="reference SD",
                   verdict=Verdict.WITHIN, **made)  # fmt: skip


def week(index: int, *findings: Finding, **said: Any) -> Audit:
    start = MONDAY + timedelta(days=7 * index)
    facts = {
        "version": "1",
        "config": "sha256:c",
        "reference": "sha256:r",
        "rows": 400,
        "stage": "scored",
        **said,
    }
    return Audit(model="sepsis", window=Window(start, start + timedelta(days=7)), profile="sha256:p",
                 software="0", findings=findings, **facts)  # fmt: skip


def told(history: list[Audit], rules: dict[str, Rule] | None = None) -> Finding:
    """The one slow finding of the last of these windows."""
    (found,) = slow_findings(history[-1], history[:-1], rules or rule())
    return found


def drifting(a_week: float, weeks: int, quiet: int = 10, **said: Any) -> list[Audit]:
    shifts = [0.0] * quiet + [a_week * (i + 1) for i in range(weeks)]
    return [week(i, drift(shift, **said)) for i, shift in enumerate(shifts)]


def test_a_slow_drift_is_beyond_with_its_first_window_and_its_way() -> None:
    found = told(drifting(0.04, 5))
    assert (found.verdict, found.metric, found.subject) == (Verdict.BEYOND, "slow:wasserstein", "lactate")
    assert found.since is not None
    assert found.since == "2026-03-23T00:00:00Z"  # the first by more than a quarter of the margin
    assert found.value is not None
    assert found.margin is not None
    assert found.value > found.margin > 4
    assert found.shift == pytest.approx(
        0.14, abs=0.015
    )  # the mean of .08 to .20, less what the first added to the mean
    assert told(drifting(-0.04, 5)).value == pytest.approx(-found.value)
    assert told(drifting(0.04, 2)).verdict is Verdict.WITHIN


def test_nothing_slow_pages_at_night() -> None:
    assert [told([week(0, drift(0.0, severity=s))]).severity for s in ("page", "ticket", "info")] == [
        "ticket", "ticket", "info",
    ]  # fmt: skip


def test_few_windows_cannot_tell_and_say_how_many_would() -> None:
    found = told([week(i, drift(0.0)) for i in range(2)])
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.needs == {"windows": 3}
    assert told([week(i, drift(0.0)) for i in range(5)]).verdict is Verdict.WITHIN


def test_what_is_withheld_or_could_not_run_adds_nothing() -> None:
    history = drifting(0.04, 5)
    for verdict in (Verdict.WITHHELD, Verdict.FAILED):
        blind = replace(drift(9.0), verdict=verdict)
        assert told([*history[:-1], week(14, blind)]).verdict is Verdict.CANNOT_TELL
        with_one_between = [
            *history[:12],
            week(12, blind),
            *(week(i + 1, *a.findings) for i, a in enumerate(history) if i >= 12),
        ]
        assert told(with_one_between).value == told(history).value
    few = drift(9.0, n=29)
    assert told([*history[:-1], week(14, few)]).value is None


@pytest.mark.parametrize("change", [{"version": "2"}, {"config": "sha256:d"}, {"reference": "sha256:q"}])
def test_another_version_plan_or_reference_begins_anew(change: dict[str, str]) -> None:
    history = drifting(0.04, 5)
    anew = week(15, drift(0.2), **change)
    assert told([*history, week(15, drift(0.2))]).verdict is Verdict.BEYOND
    assert told([*history, anew]).verdict is Verdict.CANNOT_TELL
    # And what came before a change and back again is not taken up.
    again = week(16, drift(0.2))
    assert told([*history, anew, again]).verdict is Verdict.CANNOT_TELL or change.get("version")


def test_two_versions_side_by_side_are_two_series() -> None:
    history = drifting(0.04, 5)
    other = [week(i, drift(0.0), version="2") for i in range(15)]
    mixed = [audit for pair in zip(other, history, strict=True) for audit in pair]
    assert told(mixed).value == told(history).value


def test_of_windows_that_overlap_the_first_counts() -> None:
    history = drifting(0.04, 5)
    late = replace(
        history[12],
        window=Window(
            history[12].window.start + timedelta(days=3), history[13].window.start + timedelta(days=3)
        ),
    )
    assert told([*history[:13], late, *history[13:]]).value == told(history).value
    reaching_in = replace(
        history[-1], window=Window(history[-1].window.start - timedelta(days=1), history[-1].window.end)
    )
    assert told([*history[:-1], reaching_in, history[-1]]).value == told(history).value


def rate(events: int, n: int = 400, **said: Any) -> Finding:
    made = {"value": events / n, "low": events / n - 0.05, "high": events / n + 0.05, "n": n,
            "events": events, "baseline": 0.5, "reference_n": 4000, "margin": 0.1,
            "rule": "plan.1", **said}  # fmt: skip
    return Finding(metric="true_positive_rate", family="performance", subject="model",
                   unit="share of rows", verdict=Verdict.WITHIN, **made)  # fmt: skip


def test_a_share_is_read_from_its_events_and_only_the_worse_way_counts() -> None:
    worse = rule("true_positive_rate", margin=0.1)
    falling = [week(i, rate(200 - 8 * max(0, i - 5))) for i in range(12)]
    found = told(falling, worse)
    assert found.verdict is Verdict.BEYOND
    assert found.shift == pytest.approx(-0.08, abs=0.015)
    assert found.value is not None
    assert found.value < 0
    rising = [week(i, rate(200 + 8 * max(0, i - 5))) for i in range(12)]
    assert told(rising, worse).verdict is Verdict.WITHIN


def test_a_level_with_an_interval_is_read_from_it() -> None:
    def ratio(value: float) -> Finding:
        return Finding(metric="observed_expected_ratio", family="performance", subject="model", unit="ratio",
                       verdict=Verdict.WITHIN, value=value, low=value - 0.1, high=value + 0.1, n=400,
                       events=80, baseline=1.0, margin=0.2, rule="plan.1")  # fmt: skip

    # It never was 1: what is steady does not change slowly, whatever its target is.
    steady = [week(i, ratio(1.15)) for i in range(20)]
    expected = rule("observed_expected_ratio")
    assert told(steady, expected).verdict is Verdict.WITHIN
    creeping = [*steady, *(week(20 + i, ratio(1.15 + 0.04 * i)) for i in range(8))]
    assert told(creeping, expected).verdict is Verdict.BEYOND


def test_a_gap_is_read_from_limits_that_hold_for_all_groups() -> None:
    def gap(group: str, value: float) -> Finding:
        return Finding(metric="auroc", family="fairness", subject="race", unit="", group=group,
                       against="rest", verdict=Verdict.WITHIN, value=value, low=value - 0.1,
                       high=value + 0.1, n=400, level=0.7, baseline=0.7, reference_n=900,
                       margin=0.1, rule="plan.1")  # fmt: skip

    rules = rule("auroc", by="race")
    alone = [week(i, gap("a", 0.1 * (i > 5))) for i in range(9)]
    among = [week(i, *(gap(g, 0.1 * (i > 5)) for g in "abcd")) for i in range(9)]
    one = told(alone, rules)
    four = slow_findings(among[-1], among[:-1], rules)
    assert [f.group for f in four] == list("abcd")
    # As wide for four groups as for one means less doubt about each of the four.
    assert four[0].value is not None
    assert one.value is not None
    assert four[0].value > one.value > 0


def test_a_distance_without_a_direction_only_grows() -> None:
    def mix(p: float, value: float = 0.15) -> Finding:
        return Finding(metric="total_variation", family="drift", subject="ward", unit="", p=p, value=value,
                       verdict=Verdict.WITHIN, n=400, reference_n=10_400, margin=0.1,
                       rule="plan.1")  # fmt: skip

    rules = rule("total_variation", margin=0.1)
    found = told([week(i, mix(0.5 if i < 10 else 0.02)) for i in range(14)], rules)
    assert (found.verdict, found.shift) == (Verdict.BEYOND, None)
    assert told([week(i, mix(0.02, 0.04)) for i in range(14)], rules).verdict is Verdict.WITHIN  # slight


def test_a_rule_that_does_not_ask_gets_none() -> None:
    assert slow_findings(week(0, drift(0.0)), [], {}) == ()
    assert watched([("plan.1", Rule(measure="psi", margin=0.2))]) == {}


def heard(history: list[Audit]) -> list[str]:
    """What is told of the slow findings after each window."""
    held: dict[Key, Standing] = {}
    said = []
    for place, audit in enumerate(history):
        whole = audit.with_findings(slow_findings(audit, history[:place], rule()))
        said.append("".join({"began": "+", "ceased": "-"}[a.state] for a in changes(held, whole)) or ".")
        held = after(held, whole)
    return said


def test_it_is_told_once_and_again_when_it_is_over() -> None:
    back = [week(15 + i, drift(0.0)) for i in range(8)]
    said = "".join(heard([*drifting(0.04, 5), *back]))
    assert said.strip(".") == "+...-" or said.count("+") == said.count("-") == 1
    assert said.index("+") < said.index("-") < 21


def test_an_alert_ends_where_its_sum_begins_anew() -> None:
    history = drifting(0.04, 6)
    swapped = [*history, *(week(16 + i, drift(0.0), version="2", config="sha256:2") for i in range(3))]
    assert "".join(heard(swapped))[-3:] == "-.."


def test_people_see_a_sum_only_where_they_see_what_it_sums() -> None:
    history = drifting(0.04, 5)
    last = history[-1]
    whole = last.with_findings((*last.findings, told(history)))
    assert published(whole).findings == whole.findings
    few = replace(drift(0.2), n=7)
    hidden = published(last.with_findings((few, told(history))))
    assert [f.verdict for f in hidden.findings] == [Verdict.WITHHELD, Verdict.WITHHELD]
    assert (hidden.findings[1].value, hidden.findings[1].since) == (None, None)


def config(windows: object, reference: str = "{from: 2026-01-05, to: 2026-03-02}") -> ModelConfig:
    return parse(PLAN % (reference, windows), "sepsis.yaml")


def test_the_key_is_one_of_a_rule_and_refuses_what_is_no_interval() -> None:
    assert watched(config(200).rules()).keys() == {"plan.1"}
    with pytest.raises(ConfigError, match=r"plan\.1\.slow_change"):
        config(3)


def test_a_reference_that_follows_cannot_show_a_slow_change() -> None:
    with pytest.raises(ConfigError, match=r"plan\.1\.slow_change: needs a reference that stays"):
        config(200, "{trailing: P90D}")
