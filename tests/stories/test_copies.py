"""Told in days: MLflow is away for ten of them, and one model's copies are refused for good."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from mlflow import MlflowClient

from flows import run
from flows.copying import FIRST_WAIT, TRIES, owed, settle
from flows.home import Home
from flows.source import read
from monitors.copies import again, asides
from monitors.errors import LedgerError
from monitors.ledger import Ledger
from monitors.release import kept
from tests.conftest import free_port
from tests.flows.test_tracking import Server
from tests.stories import killed
from tests.stories.test_outages import clock

DAYS = 10


def mornings(model: Path, home: Home, first: int, last: int, patch: pytest.MonkeyPatch) -> None:
    for number in range(first, last + 1):
        clock(patch, killed.day(number))
        list(run.run(model, home, None, killed.day(number), patient=True))


@pytest.mark.server
def test_ten_days_without_mlflow_arrive_once_with_all_they_have_and_a_poison_copy_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path / "mlflow", free_port())
    server.folder.mkdir()
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/")  # nobody listens: alerts are owed, and that is all
    model = killed.write(tmp_path, DAYS + 3)
    model.write_text(model.read_text().replace("report: never", "report: always"))
    home = Home.of({**os.environ, "MLFLOW_TRACKING_URI": server.uri}, tmp_path / "home")
    mornings(model, home, 1, DAYS, monkeypatch)
    ledger, config = Ledger(home.ledger_url, lambda: run.now()), read(model)
    assert len(owed(config, ledger)) == DAYS
    server.start()
    try:
        mornings(model, home, DAYS + 1, DAYS + 1, monkeypatch)
        assert owed(config, ledger) == []
        client = MlflowClient(server.uri)
        ids = [e.experiment_id for e in client.search_experiments()]
        runs = client.search_runs(ids)
        arrived = [each.data.tags["rounds.audit"] for each in runs]
        shown = [kept(ledger, each.audit).digest for each in ledger.audits(config.model)]
        assert sorted(arrived) == sorted(shown)
        assert len(set(arrived)) == DAYS + 1
        for each in runs:
            held = {item.path for item in client.list_artifacts(each.info.run_id)}
            held |= {item.path for item in client.list_artifacts(each.info.run_id, "evidently")}
            assert held >= {"audit.json", "evidently", "evidently/report.html"}

        # Another model's experiment has a name that MLflow will never take.
        text = model.read_text().replace("model: sepsis-alert", "model: poison").replace("always", "never")
        poison = tmp_path / "poison.yaml"
        poison.write_text(f"{text}mlflow: {{experiment: {'x' * 600}}}\n")
        mornings(poison, home, 1, 1, monkeypatch)
        bad, at = read(poison), killed.day(1)
        (window,) = owed(bad, ledger)
        assert asides(ledger) == [], "once refused is asked again"
        assert settle(bad, ledger, home, at) == 1
        assert len(ledger.entries("copy_refused")) == 1, "and not at once"
        for number in range(1, TRIES):
            mornings(model, home, DAYS + 1 + number, DAYS + 1 + number, monkeypatch)  # others are taken
            at += FIRST_WAIT * 4**number
            clock(monkeypatch, at)
            settle(bad, ledger, home, at)
        (aside,) = asides(ledger)
        assert (aside.model, aside.digest) == ("poison", window.digest)
        assert "refuses" in aside.reason
        assert settle(bad, ledger, home, at + timedelta(days=9)) == 1, "owed still, and left alone"
        assert len(ledger.entries("copy_refused")) == TRIES
        # Somebody mends the name and asks for it again.
        poison.write_text(text)
        with pytest.raises(LedgerError, match="set aside"):
            again(ledger, "sha256:nothing")
        again(ledger, aside.digest[:19])
        assert asides(ledger) == []
        assert settle(read(poison), ledger, home, at + timedelta(days=30)) == 0
    finally:
        server.stop()
