"""Auditing the windows a command chose, and showing each as people may see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._files import moment_of
from commands._options import BEYOND

if TYPE_CHECKING:
    from flows.home import Home
    from flows.monitor import Told
    from flows.run import Before, Choose, Round


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    from dashboards import terminal

    if quiet:
        yield lambda message: None
        return
    with terminal.progress() as told:
        if not terminal.live():
            yield told
            return
        from flows.embedded import followed

        with followed(told) as told_on:
            yield told_on


def audit_and_show(
    home: Home,
    path: Path,
    choose: Choose,
    at: str | None,
    as_json: bool,
    fail_on: str | None,
    before: Before | None = None,
) -> None:
    """Audit the chosen windows and show each as people may see it."""
    from flows import run as runs

    def done(when: datetime, told: Told) -> Iterator[Round]:
        return runs.run(path, home, choose, when, told=told, before=before)

    show(home, path, done, at, as_json, fail_on)


def show(
    home: Home,
    path: Path,
    audited: Callable[[datetime, Told], Iterator[Round]],
    at: str | None,
    as_json: bool,
    fail_on: str | None,
) -> None:
    """Show each window that is audited at a moment as people may see it."""
    from dashboards import terminal
    from flows import run as runs
    from flows import source
    from monitors.audit import Audit, Verdict
    from monitors.errors import LedgerError
    from monitors.release import kept

    config = source.read(path)
    when = moment_of(at, "--at", config) if at else runs.now()
    ledger = runs.open_ledger(home)
    beyond = False
    with progress(quiet=as_json) as told:
        for done in audited(when, told):
            entry = ledger.find("audit", done.digest)
            if entry is None:
                raise LedgerError(f"audit {done.digest} is not in the ledger it was written to")
            audit = kept(ledger, Audit.read(entry.body, entry.digest))
            beyond |= any(f.verdict is Verdict.BEYOND and f.severity != "info" for f in audit.findings)
            if as_json:
                click.echo(audit.json())
            else:
                terminal.show_audit(audit, new=done.new)
    if fail_on and beyond:
        sys.exit(BEYOND)
