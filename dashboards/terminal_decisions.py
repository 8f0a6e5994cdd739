"""Matters and actions on a terminal: what is open, what is overdue, and one matter whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboards.standing import owing, waiting
from monitors.governance.matters import Matter, actions


def show_matters(found: Sequence[Matter], now: datetime, *, everything: bool = False) -> None:
    """Open matters and actions, the longest waiting first."""
    console = Console()
    shown = sorted((m for m in found if everything or m.open), key=lambda m: m.seq)
    owed = [a for a in actions(found) if everything or a.closed_at is None]
    if not shown and not owed:
        console.print("Nothing is open before the committee, and nothing is owed.")
        return
    if shown:
        console.print(_table(("matter", "model", "question", "votes", "standing"), [
            (m.key, m.model, m.question, str(len(m.votes)), waiting(m, now)) for m in shown
        ]))  # fmt: skip
    if owed:
        console.print(_table(("action", "owner", "what", "due", "standing"), [
            (a.key, a.owner, a.what, f"{a.due:%-d %b %Y}", owing(a, now)) for a in owed
        ]))  # fmt: skip


def show_matter(matter: Matter, now: datetime) -> None:
    """One matter: who voted how, dissent, what was decided on which conditions, and what is owed."""
    console = Console()
    console.print(f"\n[bold]{escape(matter.key)}[/bold] of {escape(matter.model)}", highlight=False)
    console.print(f"{escape(matter.question)}\n{waiting(matter, now)}", highlight=False)
    if matter.votes:
        console.print(_table(("role", "name", "vote", "conflict", "said", "when"), [
            (v.role, v.by, v.vote, v.conflict, v.comment, f"{v.at:%-d %b %Y %H:%M} UTC") for v in matter.votes
        ]))  # fmt: skip
    if matter.absent:
        console.print(f"Not voted: {', '.join(matter.absent)}", highlight=False)
    for held in matter.decisions:
        said = f"{held.at:%-d %b %Y}, {held.by} ({held.role}): {held.reason}"
        console.print(f"[bold]{held.decision}[/bold], {escape(said)}", highlight=False)
        for condition in held.conditions:
            console.print(f"  on condition: {escape(condition)}", highlight=False)
        if held.recheck:
            console.print(f"  looked at again on {held.recheck:%-d %b %Y}", highlight=False)
    for action in matter.actions:
        said = f"{action.key}: {action.what}, {action.owner}, due {action.due:%-d %b %Y}"
        console.print(f"{escape(said)}: {owing(action, now)}", highlight=False)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
