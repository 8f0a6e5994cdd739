"""`rounds serve` for real: it audits what is due, shows it, and ends with all it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from dashboards.sign_in import hashed, tokens
from tests.cli.conftest import ROOT, Place


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


def patiently(url: str, wanted: str, seconds: float) -> str:
    deadline, last = time.monotonic() + seconds, ""
    while time.monotonic() < deadline:
        try:
            last = read(url)
            if wanted in last:
                return last
        except OSError as error:
            last = str(error)
        time.sleep(0.5)
    raise AssertionError(f"{url} never showed {wanted!r}: {last[:500]}")


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found |= {int(path.parent.name)} | children(int(path.parent.name))
    return found


@pytest.mark.server
def test_serve_audits_what_is_due_shows_it_and_ends_with_all_it_started(place: Place) -> None:
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROUNDS_", "MLFLOW_", "PREFECT_"))}
    command = [sys.executable, str(ROOT / "rounds.py"), "serve", "--config", ".", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=place.folder, env={**kept, "PYTHONPATH": str(ROOT)}, start_new_session=True
    )
    try:
        patiently(f"http://127.0.0.1:{port}/healthz", "", 300)
        shown = json.loads(patiently(f"http://127.0.0.1:{port}/api/models", '"window":"20', 600))
        assert "sepsis-alert" in json.dumps(shown)
        patiently(f"http://127.0.0.1:{port}/metrics", "rounds_up 1.0", 60)
        started = children(process.pid)
        assert started, "the schedules run in a process of their own"
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0
    finally:
        if process.poll() is None:
            process.kill()
    deadline = time.monotonic() + 60
    while left := {pid for pid in started if Path(f"/proc/{pid}").exists()}:
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.2)


@pytest.mark.server
def test_other_machines_are_refused_until_somebody_guards_the_door(place: Place) -> None:
    done = place.rounds("serve", "--config", ".", "--host", "0.0.0.0", status=2)
    assert "nobody signs in" in done.stderr
    done = place.rounds("serve", "--config", ".", "--host", "0.0.0.0", "--sign-in", "none.yaml", status=2)
    assert "none.yaml: No such file or directory" in done.stderr


def test_a_token_is_shown_once_and_only_its_hash_is_kept(place: Place) -> None:
    token = place.rounds("token", "Ada", "--role", "auditor", "--file", "some.tokens").stdout.strip()
    kept = (place.folder / "some.tokens").read_text(encoding="utf-8")
    assert token not in kept
    assert (place.folder / "some.tokens").stat().st_mode & 0o077 == 0
    assert {hash_: who.name for hash_, who in tokens(place.folder / "some.tokens").items()} == {
        hashed(token): "Ada"
    }
    assert "one word" in place.rounds("token", "A da", "--file", "x", status=2).stderr
