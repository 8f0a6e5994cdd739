"""Told in days: a worker is killed every morning, each time a step later; nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.ledger import Ledger
from monitors.window import moment
from tests.channels.receivers import http_receiver
from tests.stories import killed

ROOT = Path(__file__).parents[2]
MORNINGS = 25  # on each database: a run takes about as many steps, so that each is killed once


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    import psycopg

    said = request.getfixturevalue("postgres")
    with psycopg.connect(said, autocommit=True) as connection:
        connection.execute("CREATE DATABASE killed")
    parts = dict(re.findall(r"(\w+)=(\S+)", said))
    return f"postgresql+psycopg://{parts['user']}@/killed?host={parts['host']}&port={parts['port']}"


@pytest.mark.server
@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
def test_a_worker_killed_at_every_step_loses_nothing_and_doubles_nothing(
    database: str, tmp_path: Path
) -> None:
    killed.write(tmp_path, MORNINGS + 2)
    with http_receiver() as heard:
        done = subprocess.run(
            [sys.executable, "-m", "tests.stories.killed", str(tmp_path), database, str(MORNINGS)],
            cwd=ROOT, env={**os.environ, "HOOK": f"http://127.0.0.1:{heard.port}/"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    ended = [line["killed"] for line in said if "killed" in line]
    assert set(ended) == killed.STEPS, "at every step somebody was killed"
    assert len(ended) >= MORNINGS - 2

    ledger = Ledger(database, lambda: killed.day(MORNINGS + 1))
    days = [killed.day(number) - timedelta(days=1, hours=6) for number in range(1, MORNINGS + 2)]
    # No window is lost: each day's stands in the ledger, with its outcomes where they have matured.
    stands = {moment(str(head.window).partition("/")[0]): head.stage for head in ledger.heads("sepsis-alert")}
    assert sorted(stands) == days
    assert [stands[each] for each in days] == ["outcome"] * (len(days) - 3) + ["scored"] * 3
    # None is doubled: one audit a window and stage, as often as it was begun anew.
    audits = Counter((entry.window, entry.stage) for entry in ledger.entries("audit"))
    assert set(audits.values()) == {1}
    # No alert is lost: each broken day's is in the ledger once, and somebody heard of it.
    bad = [killed.day(n) - timedelta(days=1, hours=6) for n in range(1, MORNINGS + 2) if killed.broken(n)]
    raised = [e for e in ledger.entries("alert") if e.body["labels"]["metric"] == "missing_share"]
    assert [moment(str(e.window).partition("/")[0]) for e in raised if e.key.endswith("|firing")] == bad
    told = {(a["labels"]["metric"], a["startsAt"]) for body in heard.bodies for a in body["alerts"]}
    assert {start for metric, start in told if metric == "missing_share"} == {
        f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in bad
    }
    assert ledger.verify() > 0
