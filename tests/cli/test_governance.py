"""Governance on the command line: from open to done, from seen to silent, and a pack at the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitors.errors import RoundsError
from rounds import cli


class Terminal:
    """`rounds` in one folder, in this process: starting a new one each time takes seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rounds(self, *arguments: str, status: int = 0) -> str:
        done: Result = CliRunner().invoke(cli, ["--home", str(self.folder / "state"), *arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return done.output


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    for name in ("ROUNDS_HOME", "ROUNDS_LEDGER_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return Terminal(tmp_path)


def test_a_matter_goes_from_open_to_decided_to_done(terminal: Terminal) -> None:
    assert "Nothing is open before the committee" in terminal.rounds("decide")
    key = terminal.rounds(
        "decide", "bring", "--model", "sepsis", "--question", "Go on?", "--by", "Ada"
    ).split(":")[0]
    terminal.rounds("key", "ada.pem")
    vote = (
        "--by",
        "Ada",
        "--role",
        "privacy",
        "--vote",
        "reject",
        "--conflict",
        "none",
        "--comment",
        "too early",
    )
    assert "signed in entry" in terminal.rounds("decide", "vote", key, *vote, "--key", "ada.pem")
    told = (
        "--decision",
        "pause",
        "--reason",
        "as voted",
        "--by",
        "Cleo",
        "--role",
        "chair",
        "--recheck",
        "2030-01-01",
    )
    assert "decision recorded" in terminal.rounds("decide", "record", key, *told)
    owed = ("--what", "mend it", "--owner", "Bea", "--due", "2020-01-01", "--check", "O/E within .15")
    action = terminal.rounds("decide", "action", key, *owed).split(":")[0]
    shown = terminal.rounds("decide", "show", key)
    for said in (
        "too early",
        "pause",
        "Not voted: clinical owner",
        "looked at again on 1 Jan 2030",
        "overdue by",
    ):
        assert said in shown
    assert "the executive sponsor" in " ".join(terminal.rounds("decide").split())
    terminal.rounds("decide", "close", action, "--by", "Bea", "--outcome", "mended", "--worked", "yes")
    assert "Nothing is open" in terminal.rounds("decide")
    assert "a key you gave" in terminal.rounds("verify", "--public-key", "ada.pem.pub")


def test_what_is_not_accepted_is_said_as_it_is(terminal: Terminal) -> None:
    with pytest.raises(RoundsError, match="there is no matter 'R-9'"):
        terminal.rounds("decide", "show", "R-9")
    with pytest.raises(RoundsError, match="there is no plan 'x'"):
        terminal.rounds("plan", "show", "x")
    assert "NAME=TEXT" in terminal.rounds("inventory", "record", "x", "--fact", "y", "--by", "A", status=2)
    assert "such as 2026, 2026-Q3" in terminal.rounds("pack", "--period", "soon", status=2)


def test_a_tool_goes_from_seen_to_silent_and_its_gate_is_an_exit_status(terminal: Terminal) -> None:
    (terminal.folder / "list.csv").write_text("name,vendor\nScribe,Acme\nChatty,\n")
    taken = ("import", "list.csv", "--source", "procurement", "--by", "Ada")
    assert "2 rows, 2 of them new" in terminal.rounds("inventory", *taken)
    assert "2 rows, 0 of them new" in terminal.rounds("inventory", *taken)
    queue = terminal.rounds("inventory", "queue")
    key = next(line.split()[0] for line in queue.splitlines() if "Scribe" in line)
    terminal.rounds("inventory", "settle", key, "--as", "a new tool", "--by", "Ada", "--reason", "in use")
    assert "UNMET  somebody answers" in terminal.rounds(
        "inventory", "gate", "Scribe", "--to", "silent", status=3
    )
    facts = ("--fact", "purpose=notes", "--fact", "clinical_owner=Dr. A", "--fact", "tier=low", "--by", "Ada")
    terminal.rounds("inventory", "record", "Scribe", *facts)
    terminal.rounds("inventory", "gate", "Scribe", "--to", "silent")
    terminal.rounds("inventory", "move", "Scribe", "--to", "silent", "--by", "Ada", "--reason", "to see")
    (row,) = [json.loads(line) for line in terminal.rounds("inventory", "--json").splitlines()]
    assert (row["name"], row["vendor"], row["lifecycle"]) == ("Scribe", "Acme", "silent")
    worth = ("--aim", "cost", "--measure", "hours", "--claimed", "2 a day", "--by", "Ada")
    assert "measured not measured" in terminal.rounds("inventory", "value", "Scribe", *worth)
    assert "claimed 2 a day" in terminal.rounds("card", "Scribe")
    assert "Not measured" in terminal.rounds("card", "Scribe", "--format", "chai")


def test_a_pack_is_three_files_and_an_entry(terminal: Terminal) -> None:
    told = terminal.rounds("pack", "--period", "2026-Q3", "--at", "2026-10-05", "--out", "pack")
    assert [line.rpartition(".")[2] for line in told.splitlines()] == ["pdf", "md", "json"]
    held = json.loads((terminal.folder / "pack" / "pack.json").read_text())
    assert (held["period"], held["generated"]) == ("2026-Q3", "2026-10-05T00:00:00Z")
    terminal.rounds("pack", "--period", "2026-Q3", "--at", "2026-10-05", "--out", "again", "--format", "json")
    assert "1 entries" in terminal.rounds("verify")
