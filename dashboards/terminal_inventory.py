"""The inventory on a terminal: a line a tool, what was only seen, and functions that several serve."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboards.sheets import tool_rows
from monitors.governance.tools import Sighting, Tool


def show_tools(
    found: Mapping[str, Tool], waiting: int, alike: Mapping[str, Sequence[str]], now: datetime, as_json: bool
) -> None:
    """A line a tool."""
    console, rows = Console(), tool_rows(found.values(), now)
    if as_json:
        for row in rows.records():
            print(json.dumps(row, sort_keys=True))  # noqa: T201  for other programs to read
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    shown = ("name", "function", "vendor", "tier", "lifecycle", "monitored", "clinical_owner", "review")
    for heading in shown:
        table.add_column(heading.replace("_", " "), overflow="fold")
    for row in rows.records():
        table.add_row(*(escape(str(row[name] or "–")) for name in shown))
    console.print(table if found else "No tool is known: rounds inventory record NAME --by …")
    for function, names in alike.items():
        console.print(f"Same function: {escape(function)}: {escape(', '.join(names))}", highlight=False)
    if waiting:
        console.print(f"Seen and not known: {waiting} (rounds inventory queue)", highlight=False)


def show_queue(found: Sequence[Sighting]) -> None:
    """A line a sighting."""
    console = Console()
    if not found:
        console.print("Everything that was seen is known.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("sighting", "name", "vendor", "seen by", "on", "since"):
        table.add_column(heading, overflow="fold")
    for seen in found:
        told = (
            seen.key,
            seen.name,
            seen.facts.get("vendor", "–"),
            seen.by,
            seen.source,
            f"{seen.at:%-d %b %Y}",
        )
        table.add_row(*map(escape, told))
    console.print(table)
