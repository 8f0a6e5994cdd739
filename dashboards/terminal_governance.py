"""Plans on a terminal: what was asked, how far the answers may go, and who approved it when."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitors.governance.registration import Registered


def show_plans(plans: Sequence[Registered]) -> None:
    """A line per version."""
    console = Console()
    if not plans:
        console.print("No plan is registered: rounds plan register MODEL.yaml PLAN.yaml")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("plan", "model", "period", "questions", "standing"):
        table.add_column(heading, overflow="fold")
    for held in plans:
        table.add_row(
            held.name, held.plan.model, _period(held), str(len(held.plan.questions)), escape(held.standing)
        )
    console.print(table)


def show_plan(held: Registered) -> None:
    """One version whole."""
    console, plan = Console(), held.plan
    console.print(f"\n[bold]{held.name}[/bold] of {plan.model}, {_period(held)}\n{escape(plan.question)}\n",
                  highlight=False)  # fmt: skip
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("question", "of", "against", "margin", "family", "why this margin"):
        table.add_column(heading, overflow="fold")
    for asked in plan.questions:
        table.add_row(
            escape(asked.name), escape(", ".join(asked.groups) or "every group"), escape(asked.against),
            f"{asked.margin:g}", asked.family,
            escape(asked.reason if asked.people is None else f"{asked.people}: {asked.reason}"),
        )  # fmt: skip
    console.print(table)
    for left in plan.exclusions:
        console.print(f"Left out: {escape(left.what)}, because {escape(left.reason)}", highlight=False)
    for flag in held.flags:
        until = f"until {flag['until']}" if flag["until"] else "for longer than anyone can plan"
        told = f"{flag['question']}, {flag['group']}: a margin of {flag['margin']:g} will come back "
        console.print(f'[yellow]Flag:[/yellow] {escape(told)}"cannot tell" {until}', highlight=False)
    if held.approved_at is not None:
        said = f"Approved by {held.approved_by}, {held.role}, {held.approved_at:%-d %b %Y}: {held.reason}"
        console.print(escape(said), highlight=False)
    console.print(f"{held.standing[0].upper()}{held.standing[1:]}.\nHash: {held.digest}", highlight=False)


def _period(held: Registered) -> str:
    return f"{held.plan.period.start:%-d %b %Y} to {held.plan.period.end:%-d %b %Y}"
