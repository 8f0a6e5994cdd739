"""A worker that is killed: rounds of one model, each a process that SIGKILL ends where it is told to.

`python -m tests.stories.killed FOLDER LEDGER ROUNDS` prints, a line a round, what ended it. The
processes are forked from this one, so that the libraries are loaded once; nothing else is shared.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows import home as homes
from flows import run
from flows.channels import webhook
from flows.home import Home
from flows.owing import enrol
from flows.source import read
from monitors.ledger import Ledger

START = datetime(2026, 1, 5, tzinfo=UTC)
REFERENCE = 8  # days
A_DAY = 60
MODEL = """\
model: sepsis-alert
version: "2"
source: {kind: files, path: scores.csv}
columns: {time: at, id: visit, score: risk, outcome: sepsis, numeric: [lactate]}
outcome: {matures_after: P3D}
window: P1D
schedule: "0 6 * * *"
reference: {from: 2026-01-05, to: 2026-01-13}
arrival: {recount: 0}
plan: [{measure: missing_share, columns: lactate, margin: 0.3, severity: page, runbook: missing-inputs}]
evidently: {report: never}
"""
CHANNELS = """\
channels:
  ward: {kind: webhook, url_env: HOOK, at_once: [page, ticket, committee], digest: [info]}
"""


WRITTEN = ("config", "reference", "profile", "audit", "release", "weighed", "alert", "told", "glance")
STEPS = frozenset(f"{when} {what}" for when in ("before", "after") for what in (*WRITTEN, "telling"))


def day(number: int) -> datetime:
    """Six in the morning after that day; day 0 is the last of the reference."""
    return START + timedelta(days=REFERENCE + number, hours=6)


def broken(number: int) -> bool:
    """Whether the feed loses lactates on that day: one day in three."""
    return number % 3 == 0


def write(folder: Path, days: int) -> Path:
    """Predictions of the reference and of so many days; on broken ones most lactates do not arrive."""
    made = random.Random(5)
    lines = ["visit,at,risk,sepsis,lactate\n"]
    for number in range(REFERENCE + days):
        lost = 0.6 if number >= REFERENCE and broken(number - REFERENCE + 1) else 0.0
        for visit in range(A_DAY):
            at = START + timedelta(days=number, seconds=visit * 86400 // A_DAY)
            risk = made.betavariate(2, 6)
            lactate = "" if made.random() < lost else f"{made.gauss(2, 0.5):.2f}"
            lines.append(
                f"v{number}-{visit},{at.isoformat()},{risk:.4f},{int(made.random() < risk)},{lactate}\n"
            )
    (folder / "scores.csv").write_text("".join(lines))
    (folder / "channels.yaml").write_text(CHANNELS)
    model = folder / "sepsis-alert.yaml"
    model.write_text(MODEL)
    return model


def say(line: dict[str, Any]) -> None:
    """A line for whoever started this, before anything else can happen."""
    os.write(1, (json.dumps(line) + "\n").encode())


def kill_at_first_of(left: frozenset[str]) -> None:
    """From now on SIGKILL ends this process at the first step of that name; each leaves something behind."""

    def placed(name: str) -> None:
        if name in left:
            say({"killed": name})
            os.kill(os.getpid(), signal.SIGKILL)

    def around(call: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            placed(f"before {name(*given)}")
            done = call(*given, **named)
            placed(f"after {name(*given)}")
            return done

        return wrapped

    Ledger.append = around(Ledger.append, lambda _, kind, *__: kind)  # type: ignore[method-assign]
    webhook.Webhook.send = around(webhook.Webhook.send, lambda *_: "telling")  # type: ignore[method-assign]


def audited(folder: Path, ledger: str, number: int, left: frozenset[str]) -> bool:
    """One morning's run in a process of its own; whether it came to its end."""
    child = os.fork()
    if child == 0:
        os.environ["ROUNDS_LEDGER_URL"] = ledger
        run.now = homes.now = lambda: day(number)  # type: ignore[assignment]
        kill_at_first_of(left)
        home = Home.of(os.environ, folder / "home")
        list(run.run(folder / "sepsis-alert.yaml", home, None, day(number), copy=False, patient=True))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or os.waitstatus_to_exitcode(status) == 0, status
    return not killed


def main(folder: Path, ledger: str, rounds: int) -> None:
    """Each morning's run is killed at a step where none was before; the last one nobody kills."""
    config = read(folder / "sepsis-alert.yaml")
    enrol(config, Ledger(ledger, lambda: day(1)), day(1))  # as `rounds serve` does, before any run
    left = STEPS
    for number in range(1, rounds + 1):
        said, says = os.pipe()
        kept = os.dup(1)
        os.dup2(says, 1)  # what the child says is heard here first
        ended = audited(folder, ledger, number, left)
        os.dup2(kept, 1)
        for end in (says, kept):
            os.close(end)
        heard = os.read(said, 1000)
        os.close(said)
        line = {"ended": number} if ended else json.loads(heard)
        say(line)
        left = (left - {line.get("killed")}) or STEPS
    assert audited(folder, ledger, rounds + 1, frozenset())
    say({"ended": rounds + 1})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
