"""What lies before the committee, and what it decided: `rounds decide`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitors.governance.matters import DECISIONS, ROLES, VOTES, WORKED

if TYPE_CHECKING:
    from flows.home import Home
    from monitors.ledger import Entry, Ledger

_BY = click.option("--by", required=True, metavar="NAME")
_ROLE = click.option("--role", required=True, metavar="ROLE", help=f"Such as: {', '.join(ROLES[:3])}.")
_KEY = click.option("--key", type=click.Path(path_type=Path), help="Sign it with this Ed25519 key.")
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Also what is decided and closed.")
@click.pass_context
def decide(context: click.Context, everything: bool) -> None:
    """What is open and overdue; bring a matter, vote, decide, agree on actions and close them."""
    if context.invoked_subcommand is None:
        from dashboards.terminal_decisions import show_matters
        from flows.run import now, open_ledger
        from monitors.governance.matters import matters

        show_matters(matters(open_ledger(context.obj)), now(), everything=everything)


@decide.command("show")
@click.argument("matter")
@click.pass_obj
def decide_show(home: Home, matter: str) -> None:
    """One matter whole: votes, dissent, decision, conditions, actions."""
    from dashboards.terminal_decisions import show_matter
    from flows.run import now, open_ledger
    from monitors.governance.deciding import find

    show_matter(find(open_ledger(home), matter), now())


@decide.command("bring")
@click.option("--model", required=True)
@click.option("--question", required=True, metavar="TEXT")
@_BY
@click.pass_obj
def decide_bring(home: Home, model: str, question: str, by: str) -> None:
    """Bring something that is no report before the committee."""
    from flows.run import open_ledger
    from monitors.governance.deciding import bring

    made = bring(open_ledger(home), model, question, by)
    click.echo(f"{made.key}: open, entry {made.seq}")


@decide.command("vote")
@click.argument("matter")
@_BY
@_ROLE
@click.option("--vote", required=True, type=click.Choice(VOTES))
@click.option("--conflict", required=True, metavar="TEXT", help="Conflicts of interest; or: none.")
@click.option("--comment", default="", metavar="TEXT", help="Needed to reject, abstain or set conditions.")
@_KEY
@click.pass_obj
def decide_vote(
    home: Home, matter: str, by: str, role: str, vote: str, conflict: str, comment: str, key: Path | None
) -> None:
    """Sign a matter off in one role."""
    from flows.run import open_ledger
    from monitors.governance.deciding import sign

    ledger = open_ledger(home)
    _written(
        ledger, lambda: sign(ledger, matter, by, role, vote, conflict, comment), key, f"{vote}, as {role}"
    )


@decide.command("record")
@click.argument("matter")
@click.option("--decision", required=True, type=click.Choice(DECISIONS))
@click.option("--reason", required=True, metavar="TEXT")
@click.option("--condition", "conditions", multiple=True, metavar="TEXT")
@click.option("--recheck", type=_DAY, metavar="DAY", help="When it is looked at again.")
@_BY
@_ROLE
@_KEY
@click.pass_obj
def decide_record(
    home: Home,
    matter: str,
    decision: str,
    reason: str,
    conditions: tuple[str, ...],
    recheck: datetime | None,
    by: str,
    role: str,
    key: Path | None,
) -> None:
    """Record what was decided, with its reason; roles that have not voted are named in it."""
    from flows.run import open_ledger
    from monitors.governance import deciding

    ledger, day = open_ledger(home), _day(recheck)
    _written(
        ledger,
        lambda: deciding.decide(ledger, matter, decision, reason, by, role, conditions, day),
        key,
        f"{decision}, as {role}",
    )
    if matter.startswith("R-"):
        click.echo("`rounds audit` for its model and period issues the report anew with the decision in it.")


@decide.command("action")
@click.argument("matter")
@click.option("--what", required=True, metavar="TEXT")
@click.option("--owner", required=True, metavar="NAME")
@click.option("--due", required=True, type=_DAY, metavar="DAY")
@click.option("--check", required=True, metavar="TEXT", help="How one will know that it worked.")
@click.pass_obj
def decide_action(home: Home, matter: str, what: str, owner: str, due: datetime, check: str) -> None:
    """Agree on an action."""
    from flows.run import open_ledger
    from monitors.governance.deciding import owe

    made = owe(open_ledger(home), matter, what, owner, due.date(), check)
    click.echo(f"{made.key}: agreed, entry {made.seq}")


@decide.command("close")
@click.argument("action")
@_BY
@click.option("--outcome", required=True, metavar="TEXT")
@click.option("--worked", required=True, type=click.Choice(WORKED))
@click.pass_obj
def decide_close(home: Home, action: str, by: str, outcome: str, worked: str) -> None:
    """Close an action, saying what came of it."""
    from flows.run import open_ledger
    from monitors.governance.deciding import close

    made = close(open_ledger(home), action, by, outcome, worked)
    click.echo(f"{made.key}: closed, entry {made.seq}")


def _written(ledger: Ledger, write: Callable[[], Entry], key: Path | None, meaning: str) -> None:
    """Write an entry and, with a key, sign it; a key that is none is refused before anything is written."""
    from monitors.governance.signature import private_key, sign

    signer = private_key(key) if key else None
    entry = write()
    signed = f", signed in entry {sign(ledger, entry, signer, meaning).seq}" if signer else ""
    click.echo(f"{entry.body['matter']}: {entry.kind.replace('_', ' ')}, entry {entry.seq}{signed}")


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None
