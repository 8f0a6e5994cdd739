"""Told, then marked told: nothing is lost, nothing is said twice, and silence ends when it said."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import telling
from flows.channel import ChannelRefused, ChannelsConfig, ChannelUnavailable, Declared
from flows.channels import _text
from monitors.acting import NotAccepted, acknowledge, held, not_useful, silence
from monitors.audit import Finding, Verdict
from monitors.governance import anchor as anchors
from monitors.ledger import Entry, Ledger
from monitors.notice import Notice
from monitors.oncall import band
from monitors.plan import Rule
from tests.channels.receivers import Heard, http_receiver
from tests.dashboards import ward

FIELDS = {
    "summary", "description", "impact", "action_first", "value", "interval", "margin", "n_band", "since",
    "evaluations_true", "baseline", "model_version", "last_change", "safe_fallback", "runbook_url",
    "dashboard_url", "report_url", "ack_url", "computation_id", "ledger_entry", "confidence", "escalates_to",
    "escalates_at", "plan",
}  # fmt: skip
LABELS = {
    "alertname", "severity", "service", "model_id", "site", "environment", "monitor_kind", "metric",
    "attribute", "owner_team", "risk_tier",
}  # fmt: skip
MODEL = "sepsis-early-warning"
CONFIG = ward.config(MODEL)
AT = ward.NOW


class Clock:
    """The ledger's clock, moved by hand."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", clock)


@pytest.fixture
def hook() -> Iterator[Heard]:
    with http_receiver() as heard:
        yield heard


def channels(**given: Any) -> ChannelsConfig:
    kinds = {"at_once": ("page", "ticket", "committee"), **given}
    return ChannelsConfig(
        url="https://rounds.example/",
        channels={"hook": Declared(kind="webhook", url_env="HOOK", **kinds)},
        fallbacks={MODEL: "Use NEWS2; hide the tile."},
    )


def beyond(severity: str = "page", **given: Any) -> Finding:
    return ward.finding(
        "freshness", "quality", Verdict.BEYOND, subject="rows", value=0.9, low=0.8, high=0.95, baseline=0.0,
        margin=0.5, severity=severity, runbook="scores-stopped", action="Call the ward.", owner="team-a",
        unit="share of the window", **given,
    )  # fmt: skip


def within(severity: str = "page", **given: Any) -> Finding:
    return replace(beyond(severity, **given), verdict=Verdict.WITHIN, value=0.0, low=0.0, high=0.0)


def week(ledger: Ledger, number: int, *findings: Finding, **given: Any) -> None:
    ward.record(ledger, MODEL, number, findings, **given)


def told(ledger: Ledger, heard: Heard, clock: Clock, made: ChannelsConfig | None = None) -> list[str]:
    """What one telling sends: `status metric`, in order."""
    before = len(heard.bodies)
    made = made or channels()
    telling.weigh(CONFIG, ledger, made)
    telling.tell(ledger, made, {"HOOK": f"http://127.0.0.1:{heard.port}/"}, clock.at)
    sent = [alert for body in heard.bodies[before:] for alert in body["alerts"]]
    return [f"{alert['status']} {alert['labels']['metric']}" for alert in sent]


def test_an_alert_is_told_once_and_its_end_once(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    week(ledger, 0, within())
    assert told(ledger, hook, clock) == []
    week(ledger, 1, beyond())
    assert told(ledger, hook, clock) == ["firing freshness"]
    assert told(ledger, hook, clock) == []
    week(ledger, 2, beyond())
    assert told(ledger, hook, clock) == []
    week(ledger, 3, within())
    assert told(ledger, hook, clock) == ["resolved freshness"]
    assert [h.state for h in held(ledger, clock.at)] == ["history"]
    first, last = (body["alerts"][0] for body in hook.bodies)
    assert first["fingerprint"] == last["fingerprint"]
    assert first["startsAt"] == last["startsAt"]


def test_what_every_channel_told_the_end_of_is_not_read_again(
    ledger: Ledger, hook: Heard, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a fleet's years of alerts would be read after each model's window."""
    for number, finding in enumerate((within(), beyond(), within(), beyond())):
        week(ledger, number, finding)
        told(ledger, hook, clock)
    read: list[int] = []
    those = Ledger.those

    def counted(self: Ledger, seqs: Sequence[int], *, bodies: bool = False) -> list[Entry]:
        read.append(len(seqs))
        return those(self, seqs, bodies=bodies)

    monkeypatch.setattr(Ledger, "those", counted)
    assert told(ledger, hook, clock) == []
    assert read == [1], "the one that is open"
    assert len(held(ledger, clock.at)) == 2
    two = channels()
    two = two.model_copy(update={"channels": {**two.channels, "late": two.channels["hook"]}})
    # The digest of what was over takes the end; the open one is told at once.
    assert told(ledger, hook, clock, two) == ["firing freshness", "resolved freshness"]


def test_every_field_an_on_call_person_needs_is_there(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    week(ledger, 0, within())
    week(ledger, 1, beyond(), version="3.3")
    told(ledger, hook, clock)
    (alert,) = hook.bodies[0]["alerts"]
    labels, said = alert["labels"], alert["annotations"]
    assert set(labels) >= LABELS
    assert set(said) == FIELDS
    assert all(said.values())
    assert (labels["severity"], labels["owner_team"], labels["risk_tier"]) == ("page", "team-a", "high")
    assert not any(said["value"] == value for value in labels.values()), "what varies is no label"
    assert said["runbook_url"] == "https://rounds.example/runbooks/scores-stopped"
    assert said["dashboard_url"].startswith(f"https://rounds.example/models/{MODEL}?window=20")
    assert said["ack_url"] == f"https://rounds.example/alerts?key={held(ledger, AT)[0].key}"
    assert said["safe_fallback"] == "Use NEWS2; hide the tile."
    assert said["escalates_at"] == "2026-03-04T09:15:00Z"
    assert "version 3.2 became 3.3" in said["last_change"]
    assert "n" not in said
    assert said["n_band"] == "100 to 999"
    head = said["ledger_entry"].partition(", ")[2]
    anchors.hold(ledger, anchors.parse(head))  # what `rounds verify --expected-head` does with it
    text = _text.text(held(ledger, AT)[0].notice)
    assert f"Ledger head: {said['ledger_entry']}" in text
    assert f"Plan: {said['plan']}" in text


def test_an_undelivered_alert_is_told_on_the_rerun(
    ledger: Ledger, hook: Heard, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    week(ledger, 1, beyond())
    hook.status = 503
    told(ledger, hook, clock)
    assert "channel hook: the receiver answered 503; 1 alerts are owed" in caplog.text
    assert ledger.entries("told") == []
    hook.status = 200
    assert told(ledger, hook, clock) == ["firing freshness"]
    assert told(ledger, hook, clock) == []


class Falls:
    """A channel that tells, and then the power goes."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def send(self, alerts: Sequence[Notice]) -> None:
        self.told += [alert.key for alert in alerts]
        raise KeyboardInterrupt


def test_a_crash_after_telling_repeats_and_never_loses(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    week(ledger, 1, beyond())
    telling.weigh(CONFIG, ledger, channels())
    falls = Falls()
    with pytest.raises(KeyboardInterrupt):
        telling.tell(ledger, channels(), {}, clock.at, lambda *_: falls)
    assert len(falls.told) == 1
    assert told(ledger, hook, clock) == ["firing freshness"]


def test_one_channel_that_fails_keeps_no_other_from_telling(
    ledger: Ledger, hook: Heard, clock: Clock
) -> None:
    week(ledger, 1, beyond())
    made = channels()
    both = made.model_copy(
        update={"channels": {"gone": Declared(kind="webhook", url_env="NOT_SET"), **made.channels}}
    )
    assert told(ledger, hook, clock, both) == ["firing freshness"]


def test_a_live_run_and_a_backfill_tell_the_same(tmp_path: Path, hook: Heard, clock: Clock) -> None:
    said = [within(), beyond(), beyond(), within(), beyond()]
    keys = []
    for live in (True, False):
        ledger = Ledger(f"sqlite:///{tmp_path}/{live}.db", clock)
        for number, finding in enumerate(said):
            week(ledger, number, finding)
            if live:
                telling.weigh(CONFIG, ledger, channels())
        telling.weigh(CONFIG, ledger, channels())
        keys.append({entry.key for entry in ledger.entries("alert")})
    assert keys[0] == keys[1]
    assert len(keys[0]) == 3


def test_tickets_wait_for_one_digest_a_day(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    made = channels(at_once=("page",), digest=("ticket",))
    for number in (0, 1):
        week(ledger, number, beyond("ticket"))
    assert told(ledger, hook, clock, made) == ["firing freshness"]
    for number in (2, 3):
        week(ledger, number, within("ticket"))
    assert told(ledger, hook, clock, made) == []
    clock.at += timedelta(days=1)
    assert told(ledger, hook, clock, made) == ["resolved freshness"]


def test_many_messages_are_held_back_but_never_a_page(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    made = channels(at_most=1)
    week(ledger, 0, beyond())
    assert told(ledger, hook, clock, made) == ["firing freshness"]
    loud = replace(beyond("ticket"), metric="duplicate_share")
    page = replace(beyond(), metric="invalid_score_share")
    for number in (1, 2):
        week(ledger, number, beyond(), loud, page)
    assert told(ledger, hook, clock, made) == ["firing invalid_score_share"]
    clock.at += timedelta(hours=2)
    assert told(ledger, hook, clock, made) == ["firing duplicate_share"]


def test_what_was_over_before_anybody_heard_calls_nobody(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    week(ledger, 0, beyond())
    week(ledger, 1, within())
    assert told(ledger, hook, clock) == ["resolved freshness"]
    assert len(ledger.entries("digest")) == 1, "it stood in the digest"


def test_a_rule_on_trial_is_counted_and_not_told(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    trying = CONFIG.model_copy(update={"plan": (Rule(measure="freshness", margin=0.5, silent=True),)})
    week(ledger, 0, beyond(rule="plan.1"))
    telling.weigh(trying, ledger, channels())
    assert told(ledger, hook, clock) == []
    assert [h.notice.silent for h in held(ledger, clock.at)] == [True]


# --- what people said to it ---


def test_a_silence_holds_until_it_ends_and_then_pages_again(
    ledger: Ledger, hook: Heard, clock: Clock
) -> None:
    week(ledger, 0, beyond())
    assert told(ledger, hook, clock) == ["firing freshness"]
    (alert,) = held(ledger, clock.at)
    silence(ledger, alert.key, "Ada", "the interface is being moved", clock.at + timedelta(days=2), clock.at)
    assert held(ledger, clock.at)[0].state == "silenced"
    assert told(ledger, hook, clock) == []
    clock.at += timedelta(days=3)
    assert told(ledger, hook, clock) == ["firing freshness"]
    assert told(ledger, hook, clock) == []


def test_a_planned_change_silences_a_whole_model(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    week(ledger, 0, within())
    silence(ledger, MODEL, "Ada", "upgrade tonight", clock.at + timedelta(hours=8), clock.at)
    week(ledger, 1, beyond())
    assert told(ledger, hook, clock) == []
    clock.at += timedelta(hours=9)
    assert told(ledger, hook, clock) == ["firing freshness"]


def test_a_change_planned_for_later_mutes_only_while_it_lasts(
    ledger: Ledger, hook: Heard, clock: Clock
) -> None:
    week(ledger, 0, within())
    start, end = clock.at + timedelta(hours=10), clock.at + timedelta(hours=14)
    silence(ledger, MODEL, "Ada", "upgrade tonight", end, clock.at, start)
    week(ledger, 1, beyond())
    assert told(ledger, hook, clock) == ["firing freshness"], "it has not begun"
    clock.at += timedelta(hours=11)
    week(ledger, 2, replace(beyond(), metric="invalid_score_share"), beyond())
    assert told(ledger, hook, clock) == []
    clock.at += timedelta(hours=4)
    assert sorted(told(ledger, hook, clock)) == ["firing freshness", "firing invalid_score_share"]


def test_an_answer_is_an_entry_of_the_ledger_with_a_name_and_a_reason(
    ledger: Ledger, hook: Heard, clock: Clock
) -> None:
    week(ledger, 0, beyond())
    told(ledger, hook, clock)
    (alert,) = held(ledger, clock.at)
    acknowledge(ledger, alert.key, "Ada", "calling the ward", clock.at)
    not_useful(ledger, alert.key, "Ben", "the ward was closed", clock.at)
    (now,) = held(ledger, clock.at)
    assert now.state == "acknowledged"
    assert now.acknowledged is not None
    assert now.not_useful is not None
    assert (now.acknowledged.by, now.not_useful.reason) == ("Ada", "the ward was closed")
    assert ledger.verify() > 0


@pytest.mark.parametrize(
    ("days", "said"), [(0, "within seven days"), (-1, "within seven days"), (8, "within seven days")]
)
def test_a_silence_lasts_at_most_seven_days(ledger: Ledger, clock: Clock, days: int, said: str) -> None:
    week(ledger, 0, beyond())
    with pytest.raises(NotAccepted, match=said):
        silence(ledger, MODEL, "Ada", "why", clock.at + timedelta(days=days), clock.at)


@pytest.mark.parametrize(
    ("by", "reason"), [("", "why"), ("Ada", "  "), ("Ada", "x" * 501), ("A" * 501, "why")]
)
def test_an_answer_without_a_name_or_a_reason_is_refused(
    ledger: Ledger, hook: Heard, clock: Clock, by: str, reason: str
) -> None:
    week(ledger, 0, beyond())
    told(ledger, hook, clock)
    key = held(ledger, clock.at)[0].key
    with pytest.raises(NotAccepted):
        acknowledge(ledger, key, by, reason, clock.at)
    assert ledger.entries("acknowledged") == []


def test_nobody_answers_twice_or_to_nothing(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    week(ledger, 0, beyond())
    told(ledger, hook, clock)
    key = held(ledger, clock.at)[0].key
    acknowledge(ledger, key, "Ada", "mine", clock.at)
    with pytest.raises(NotAccepted, match="by Ada"):
        acknowledge(ledger, key, "Ben", "mine too", clock.at)
    with pytest.raises(NotAccepted, match="there is no alert 'nothing'"):
        acknowledge(ledger, "nothing", "Ben", "what", clock.at)


# --- what may not be said ---


@pytest.mark.parametrize("name", [ward.HOSTILE, "x" * 10_000, "‮evil‬ \u200b\u2066"])
def test_hostile_names_reach_the_receiver_as_they_are(
    ledger: Ledger, hook: Heard, clock: Clock, name: str
) -> None:
    odd = ward.finding(
        name, "quality", Verdict.BEYOND, subject=name, group=name, against=name, value=0.4, margin=0.1,
        severity="page", runbook=name, owner=name, action=name, n=300, baseline=0.0,
    )  # fmt: skip
    week(ledger, 0, odd)
    telling.weigh(CONFIG, ledger, channels())
    telling.tell(ledger, channels(), {"HOOK": f"http://127.0.0.1:{hook.port}/"}, clock.at)
    (alert,) = hook.bodies[0]["alerts"]
    assert alert["labels"]["metric"] == alert["labels"]["attribute"] == name
    assert alert["annotations"]["action_first"] == name
    assert " " not in alert["annotations"]["runbook_url"]
    assert name not in alert["annotations"]["runbook_url"] or name.isalnum()


def test_few_people_are_never_counted_in_an_alert(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    few = replace(beyond(), metric="true_positive_rate", family="fairness", group="other", n=7, events=3)
    week(ledger, 0, few, beyond(), rows=7)
    told(ledger, hook, clock)
    said = json.dumps(hook.bodies)
    assert "true_positive_rate" not in said
    assert '"7"' not in said
    assert [band(n) for n in (1, 5, 10, 11)] == ["fewer than 11"] * 3 + ["11 to 29"]


def test_a_group_is_named_in_words_and_never_in_a_label(ledger: Ledger, hook: Heard, clock: Clock) -> None:
    gap = next(f for f in ward.gaps() if f.group == "black" and f.metric == "true_positive_rate")
    for number in range(2):
        week(ledger, number, gap)
    told(ledger, hook, clock)
    (alert,) = hook.bodies[0]["alerts"]
    assert "black" not in alert["labels"].values()
    assert "race black" in alert["annotations"]["description"]
    assert (alert["labels"]["attribute"], alert["labels"]["severity"]) == ("race", "committee")


def test_our_errors_never_stop_a_run(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    week(ledger, 0, beyond())
    monkeypatch.delenv("HOOK", raising=False)
    assert telling.after_audits(CONFIG, ledger, channels(), datetime.now(UTC)) == 1
    assert "$HOOK is empty" in caplog.text


def test_without_a_file_an_alert_is_in_the_log(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    week(ledger, 0, beyond())
    made = telling.channels_for(tmp_path / "models" / "m.yaml", {})
    with caplog.at_level(logging.INFO, logger="rounds"):
        assert telling.after_audits(CONFIG, ledger, made, AT) == 0
    told = caplog.text.replace("\u00a0", " ")
    assert "No score came in the last 90 % of the window. Value 90 % (95 % interval 80 to 95 %)" in told


def test_errors_say_whether_to_try_again() -> None:
    assert (ChannelUnavailable("x").retryable, ChannelRefused("x").retryable) == (True, False)
