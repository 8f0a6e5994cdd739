"""Every AI tool that is known of, and what was only seen in use: `rounds inventory`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._files import declared_in
from commands._options import BEYOND
from monitors.governance.tools import FACTS, OUTCOMES, STAGES
from monitors.governance.value import AIMS

if TYPE_CHECKING:
    from flows.home import Home

_BY = click.option("--by", required=True, metavar="NAME")
_REASON = click.option("--reason", required=True, metavar="TEXT")
_FACT = click.option(
    "--fact", "facts", multiple=True, metavar="NAME=TEXT", help=f"One of: {', '.join(FACTS)}."
)


@click.group(invoke_without_command=True)
@click.option(
    "--config", "folder", type=click.Path(path_type=Path), default=Path("configs/models"), show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="One tool a line, as JSON.")
@click.pass_context
def inventory(context: click.Context, folder: Path, as_json: bool) -> None:
    """Every AI tool, monitored or not; record, report, import, reconcile, and move them on."""
    context.meta["folder"] = folder
    if context.invoked_subcommand is None:
        from dashboards.terminal_inventory import show_tools
        from flows.run import now, open_ledger
        from monitors.governance.inventory import queue
        from monitors.governance.tools import alike, tools

        ledger, configs = open_ledger(context.obj), declared_in(folder)
        found = tools(ledger, configs)
        show_tools(found, len(queue(ledger, configs)), alike(found.values()), now(), as_json)


@inventory.command("record")
@click.argument("name")
@_FACT
@_BY
@click.pass_obj
def inventory_record(home: Home, name: str, facts: tuple[str, ...], by: str) -> None:
    """Record a tool, or facts of it anew."""
    from flows.run import open_ledger
    from monitors.governance.inventory import record

    made = record(open_ledger(home), name, _pairs(facts), by)
    click.echo(f"{made.body['name']}: recorded, entry {made.seq}")


@inventory.command("report")
@click.argument("name")
@_FACT
@_BY
@click.pass_obj
def inventory_report(home: Home, name: str, facts: tuple[str, ...], by: str) -> None:
    """Say that a tool is in use which may not be known. Nobody is blamed for it."""
    from flows.run import open_ledger
    from monitors.governance.inventory import report

    made = report(open_ledger(home), name, _pairs(facts), by)
    click.echo(f"{made.key}: thank you; entry {made.seq}")


@inventory.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, metavar="TEXT", help="Where the list is from, such as: procurement.")
@_BY
@click.pass_obj
def inventory_import(home: Home, file: Path, source: str, by: str) -> None:
    """Take in a list of tools (CSV with a column `name`) from procurement, sign-on or the network."""
    from flows.run import open_ledger
    from monitors.config_file import text_of
    from monitors.governance.inventory import read_list, take_in

    rows = read_list(text_of(file, "a list of tools as"), file.name)
    ledger = open_ledger(home)
    before = ledger.last()
    entries = take_in(ledger, rows, by, source)
    new = sum(entry.seq > (before.seq if before else 0) for entry in entries)
    click.echo(f"{len(entries)} rows, {new} of them new; `rounds inventory queue` lists what is not known")


@inventory.command("mlflow")
@_BY
@click.pass_obj
def inventory_mlflow(home: Home, by: str) -> None:
    """Take in the registered models of MLflow, with their aliases."""
    from flows.registry import facts, registered_models
    from flows.run import open_ledger
    from monitors.governance.inventory import report

    ledger = open_ledger(home)
    found = registered_models(home.mlflow_uri)
    for model in found:
        report(ledger, model.name, facts(model), by, "MLflow")
    click.echo(f"{len(found)} registered models; `rounds inventory queue` lists what is not known")


@inventory.command("queue")
@click.pass_context
def inventory_queue(context: click.Context) -> None:
    """What was seen in use and is no known tool."""
    from dashboards.terminal_inventory import show_queue
    from flows.run import open_ledger
    from monitors.governance.inventory import queue

    show_queue(queue(open_ledger(context.obj), declared_in(context.meta["folder"])))


@inventory.command("settle")
@click.argument("sighting")
@click.option("--as", "outcome", required=True, type=click.Choice(OUTCOMES))
@click.option("--tool", metavar="NAME", help="Which known tool it is, or what to call the new one.")
@_BY
@_REASON
@click.pass_context
def inventory_settle(
    context: click.Context, sighting: str, outcome: str, tool: str | None, by: str, reason: str
) -> None:
    """Say what a sighting is."""
    from flows.run import open_ledger
    from monitors.governance.inventory import settle

    configs = declared_in(context.meta["folder"])
    made = settle(open_ledger(context.obj), configs, sighting, outcome, by, reason, tool)
    click.echo(f"{sighting}: {outcome}, entry {made.seq}")


@inventory.command("gate")
@click.argument("name")
@click.option("--to", required=True, type=click.Choice(STAGES))
@click.pass_context
def inventory_gate(context: click.Context, name: str, to: str) -> None:
    """What a tool needs before it moves on; exit status 3 where something is unmet."""
    from flows.run import now, open_ledger
    from monitors.governance.gates import gates
    from monitors.governance.inventory import find

    ledger = open_ledger(context.obj)
    found = gates(find(ledger, declared_in(context.meta["folder"]), name), to, ledger, now())
    for gate in found:
        click.echo(f"{'met  ' if gate.met else 'UNMET'}  {gate.asks}: {gate.found}")
    if not found:
        click.echo(f"nothing is asked before {to}")
    if not all(gate.met for gate in found):
        sys.exit(BEYOND)


@inventory.command("move")
@click.argument("name")
@click.option("--to", required=True, type=click.Choice(STAGES))
@_BY
@_REASON
@click.option("--despite", is_flag=True, help="Although gates are unmet; they are kept with the move.")
@click.pass_context
def inventory_move(context: click.Context, name: str, to: str, by: str, reason: str, despite: bool) -> None:
    """Move a tool on in its life, through its gates."""
    from flows.run import now, open_ledger
    from monitors.governance.inventory import move

    configs = declared_in(context.meta["folder"])
    made = move(open_ledger(context.obj), configs, name, to, by, reason, now(), despite)
    click.echo(f"{name}: {to}, entry {made.seq}")


@inventory.command("value")
@click.argument("name")
@click.option("--aim", required=True, type=click.Choice(AIMS))
@click.option("--measure", required=True, metavar="TEXT")
@click.option("--baseline", default="", metavar="TEXT", help="Before it was used. [not measured]")
@click.option("--measured", default="", metavar="TEXT", help="As measured here. [not measured]")
@click.option("--claimed", default="", metavar="TEXT", help="As somebody claims; never mixed with the above.")
@click.option("--method", default="", metavar="TEXT", help="How it was measured.")
@click.option("--on", type=click.DateTime(formats=["%Y-%m-%d"]), metavar="DAY", help="When it was measured.")
@_BY
@click.pass_obj
def inventory_value(
    home: Home,
    name: str,
    aim: str,
    measure: str,
    baseline: str,
    measured: str,
    claimed: str,
    method: str,
    on: datetime | None,
    by: str,
) -> None:
    """Record what a tool is worth: one measure of one aim."""
    from flows.run import open_ledger
    from monitors.governance.value import record

    day = on.date() if on else None
    made = record(
        open_ledger(home), name, aim, measure, by,
        baseline=baseline, measured=measured, claimed=claimed, method=method, on=day,
    )  # fmt: skip
    click.echo(f"{name}: {measure}: measured {made.body['measured']}, entry {made.seq}")


def _pairs(facts: tuple[str, ...]) -> dict[str, str]:
    if unpaired := [fact for fact in facts if "=" not in fact]:
        raise click.UsageError(f"--fact is NAME=TEXT (got {unpaired[0]!r})")
    return {name.strip(): text for name, _, text in (fact.partition("=") for fact in facts)}
