"""A calibration on a terminal: each check's margin, what it costs, what it finds, and what to commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show(calibration: Mapping[str, Any]) -> None:
    """The table, the budget's sum, and the plan to commit; takes `Calibration.payload`."""
    console = Console()
    console.print(
        f"\n[bold]{calibration['model']}[/bold]: about {calibration['rows']:,.0f} rows a window, "
        f"{calibration['windows']:.3g} windows a quarter, reckoned from {calibration['blocks']} windows "
        f"of the reference",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("severity", "check", "unit"):
        table.add_column(heading, overflow="fold")
    for heading in ("margin", "false/quarter", "finds", "proposed", "false/quarter", "finds"):
        table.add_column(heading, justify="right")
    for line in calibration["proposals"]:
        name = f"{line['metric']} of {line['subject']}"
        if line["why"]:
            table.add_row(line["severity"], name, line["why"], _number(line["margin"]), *["–"] * 5)
            continue
        table.add_row(
            line["severity"], name, line["unit"],
            _number(line["margin"]), _rare(line["false_alerts"]), _number(line["finds"]),
            _number(line["proposed"]), _rare(line["proposed_false_alerts"]),
            _number(line["proposed_finds"]),
        )  # fmt: skip
    console.print(table)
    console.print("\nFalse alerts a quarter to expect in all, after debouncing:", highlight=False)
    for severity, expected in calibration["expected"].items():
        budget = f" (budget: {expected['budget']:g})"
        console.print(
            f"  {severity}: {_rare(expected['now'])} now, {_rare(expected['proposed'])} as proposed{budget}",
            highlight=False,
        )
    console.print(
        "\n`finds`: the change that a window shows as beyond with 80 % power. "
        "`proposed`: the smallest margin that keeps the budget and that this volume can be within.\n"
        "Nothing was written. To agree, put what you want of this into the model's file:\n",
        highlight=False,
    )
    console.print(calibration["plan"], highlight=False, markup=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _rare(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if value >= 0.005 else "< 0.01"
