"""The command line over alerts: a page from a real run, answered, silenced and reviewed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tests.channels.receivers import http_receiver
from tests.cli.conftest import Place

PLAN = "plan: [{measure: rows, margin: 0.01, severity: page, runbook: volume, columns: all}]\n"


def test_a_page_is_told_listed_answered_and_reviewed(place: Place) -> None:
    place.model.write_text(place.model.read_text() + PLAN)
    # The last three days of a week are lost on the way, so its volume breaks at once.
    lines = (place.folder / "scores.csv").read_text().splitlines(keepends=True)
    kept = [line for i, line in enumerate(lines) if not (i > 10 * 300 and i % 300 > 60)]
    (place.folder / "scores.csv").write_text("".join(kept))
    (place.folder / "hook").write_text("")
    with http_receiver() as heard:
        (place.folder / "hook").write_text(f"http://127.0.0.1:{heard.port}/")
        (place.folder / "channels.yaml").write_text(
            "url: https://rounds.example\nchannels: {pager: {kind: webhook, url_file: hook}}\n"
        )
        place.rounds("run", place.model, "--at", "2026-04-06")
        (body,) = heard.bodies
    pages = [alert for alert in body["alerts"] if alert["labels"]["metric"] == "rows"]
    assert len(pages) == 1
    key = pages[0]["annotations"]["ack_url"].rpartition("=")[2]

    assert re.search(rf"{key}\s+open\s+page", place.rounds("alerts").stdout)
    said = ("--by", "Ada", "--reason", "calling the ward")
    assert "acknowledged, entry" in place.rounds("alerts", "ack", key, *said).stdout
    assert "answered so already, by Ada" in place.rounds("alerts", "ack", key, *said, status=1).stderr
    place.rounds("alerts", "not-useful", key, *said)
    until = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    assert "silenced, entry" in place.rounds("alerts", "silence", key, *said, "--until", until).stdout
    late = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}"
    assert "seven days" in place.rounds("alerts", "silence", key, *said, "--until", late, status=1).stderr
    assert "--until" in place.rounds("alerts", "silence", key, *said, status=2).stderr
    assert "silenced" in place.rounds("alerts").stdout
    assert "rows" in place.rounds("alerts", "review").stdout
    assert "--month" in place.rounds("alerts", "review", "--month", "soon", status=2).stderr
    place.rounds("verify")


def test_a_rule_is_rehearsed_over_the_quarter_before_it_calls_anybody(place: Place) -> None:
    lines = (place.folder / "scores.csv").read_text().splitlines(keepends=True)
    wrong = range(11 * 300 + 1, 12 * 300 + 1)  # the lab's other unit reaches every value of that week
    made = [",".join([*c[:4], f"{float(c[4]) * 20:.2f}", *c[5:]]) if i in wrong else line
            for i, line in enumerate(lines) for c in [line.split(",")]]  # fmt: skip
    (place.folder / "scores.csv").write_text("".join(made))
    place.rounds("backfill", place.model, "--from", "2026-03-02", "--to", "2026-04-13")
    trial = "{measure: wasserstein, columns: lactate, margin: 0.2, severity: page, silent: true}"
    strict = "{measure: missing_share, columns: numeric, margin: 0.01, severity: ticket}"
    place.model.write_text(f"{place.model.read_text()}plan: [{trial}, {strict}]\n")
    said = place.rounds("alerts", "rehearse", place.model, "--at", "2026-04-13").stdout
    assert (
        "plan.1 (wasserstein): this would have paged 0 times in 6 windows." in said
    )  # one bad week of three
    assert "plan.2 (missing_share): this would have raised a ticket 0 times in 6 windows." in said
    fast = trial.replace("wasserstein", "out_of_range_share").replace("0.2", "0.02")
    place.model.write_text(place.model.read_text().replace(trial, fast))
    said = place.rounds("alerts", "rehearse", place.model, "--at", "2026-04-13").stdout
    assert "plan.1 (out_of_range_share): this would have paged 1 time in 6 windows." in said
    assert "23 Mar – 30 Mar 2026: out_of_range_share of lactate" in said
    assert "--at" in place.rounds("alerts", "rehearse", place.model, "--at", "soon", status=2).stderr
    bare = place.folder / "bare.yaml"
    bare.write_text(place.model.read_text().partition("plan:")[0])
    assert "has no plan of its own" in place.rounds("alerts", "rehearse", bare).stdout


def test_a_test_message_reaches_each_channel(place: Place) -> None:
    with http_receiver() as heard:
        (place.folder / "hook").write_text(f"http://127.0.0.1:{heard.port}/")
        (place.folder / "channels.yaml").write_text(
            "channels: {log: {kind: log}, ward: {kind: slack, url_file: hook}}\n"
        )
        file = ("--channels", "channels.yaml")
        assert "ward: told" in place.rounds("alerts", "test", *file).stdout
        assert "This is a test" in heard.bodies[0]["text"]
        place.rounds("alerts", "test", *file, "--channel", "ward")
        assert len(heard.bodies) == 2
        heard.status = 500
        assert "answered 500" in place.rounds("alerts", "test", *file, status=1).stderr
    assert "not one of" in place.rounds("alerts", "test", *file, "--channel", "pigeon", status=2).stderr


def test_a_mistake_in_the_channels_stops_the_run_before_anything_is_written(place: Place) -> None:
    (place.folder / "channels.yaml").write_text("channels: {a: {kind: pigeon}}\n")
    said = place.rounds("run", place.model, "--at", "2026-04-06", status=2).stderr
    assert "channels.yaml: channels.a.kind: must be one of email, log, slack, webhook" in said
