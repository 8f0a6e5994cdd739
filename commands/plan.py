"""An audit's plan, registered and approved before anyone looks: `rounds plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._auditing import progress
from commands._options import MODEL

if TYPE_CHECKING:
    from flows.home import Home


@click.group(invoke_without_command=True)
@click.pass_context
def plan(context: click.Context) -> None:
    """What an audit will ask, fixed before the data are looked at; without a word, every plan."""
    if context.invoked_subcommand is None:
        from dashboards.terminal_governance import show_plans
        from flows.home import open_ledger
        from monitors.governance.registration import registered

        show_plans(registered(open_ledger(context.obj)))


@plan.command("register")
@MODEL
@click.argument("file", metavar="PLAN.yaml", type=click.Path(path_type=Path))
@click.pass_obj
def plan_register(home: Home, model: Path, file: Path) -> None:
    """Write PLAN.yaml down as a version, and say which margins its volume cannot resolve."""
    from dashboards.terminal_governance import show_plan
    from flows.registering import register_file

    with progress(quiet=False) as told:
        made = register_file(model, file, home, told)
    show_plan(made)


@plan.command("approve")
@click.argument("name", metavar="PLAN")
@click.option("--version", "number", type=click.IntRange(1), help="[its last]")
@click.option("--by", required=True, metavar="NAME")
@click.option("--role", required=True, metavar="ROLE", help="Such as: chair of the AI committee.")
@click.option("--reason", required=True, metavar="TEXT")
@click.option("--key", type=click.Path(path_type=Path), help="Sign the approval with it.")
@click.pass_obj
def plan_approve(
    home: Home, name: str, number: int | None, by: str, role: str, reason: str, key: Path | None
) -> None:
    """Approve a version; what was audited of its period by then is counted and said."""
    from dashboards.terminal_governance import show_plan
    from flows.home import open_ledger
    from monitors.governance.registration import APPROVED, approve, find
    from monitors.governance.signature import private_key, sign

    ledger = open_ledger(home)
    signer = private_key(key) if key else None  # refused before anything is written
    made = approve(ledger, name, number or find(ledger, name).number, by, role, reason)
    entry = ledger.get(APPROVED, f"{name}|{made.number}")
    if signer is not None and entry is not None:
        sign(ledger, entry, signer, f"{made.name} approved")
    show_plan(made)


@plan.command("show")
@click.argument("name", metavar="PLAN")
@click.option("--version", "number", type=click.IntRange(1), help="[its last]")
@click.option("--json", "as_json", is_flag=True, help="What was hashed, as JSON.")
@click.pass_obj
def plan_show(home: Home, name: str, number: int | None, as_json: bool) -> None:
    """One version: its questions, margins with reasons, and who approved it."""
    from dashboards.terminal_governance import show_plan
    from flows.home import open_ledger
    from monitors.canonical import canonical
    from monitors.governance.registration import find

    found = find(open_ledger(home), name, number)
    if as_json:
        click.echo(canonical(found.plan.model_dump(mode="json", by_alias=True)))
    else:
        show_plan(found)
