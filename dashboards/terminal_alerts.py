"""Alerts on a terminal: which are open, and how a month of them went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitors.acting import Held, Quiet
from monitors.review import Line
from monitors.words.figures import date, day, spell


def show_alerts(
    alerts: Sequence[Held], now: datetime, *, everything: bool = False, quiet: Sequence[Quiet] = ()
) -> None:
    """What is silenced or going to be; then a line an alert, those nobody has taken first."""
    console = Console()
    order = ("open", "acknowledged", "silenced", "history")
    shown = [h for h in alerts if everything or h.state != "history"]
    _quiet(console, quiet, now)
    if not shown:
        console.print("No alert is open.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("key", "state", "who acts", "since", "what"):
        table.add_column(heading)
    for alert in sorted(shown, key=lambda h: order.index(h.state)):
        trial = " (on trial)" if alert.notice.silent else ""
        said = alert.notice.annotations.get("description", "")
        table.add_row(
            alert.key, Text(alert.state + trial), Text(alert.notice.severity), date(alert.notice.starts),
            Text("".join(c if c.isprintable() else "�" for c in said)[:300]),
        )  # fmt: skip
    console.print(table)
    waiting = [now - h.raised for h in shown if h.state == "open"]
    if waiting:
        console.print(f"  {len(waiting)} open, the oldest for {spell(max(waiting))}.", highlight=False)


def _quiet(console: Console, quiet: Sequence[Quiet], now: datetime) -> None:
    for each in quiet:
        if each.mark.until is not None and not each.over(now):
            what = "one check of " if each.check else ""
            stretch = f"{day(each.start)} to {day(each.mark.until)} UTC"
            told = f"Silenced: {what}{each.model}, {stretch}, by {each.mark.by}"
            console.print(Text("".join(c if c.isprintable() else "�" for c in told)[:300]))


def show_review(lines: Sequence[Line], month: str) -> None:
    """A line a rule."""
    console = Console()
    if not lines:
        console.print(f"No alert was raised in {month}.")
        return
    table = Table(title=f"Alerts of {month}", title_justify="left", box=None, pad_edge=False)
    for heading in ("rule", "who", "fired", "acted on", "by itself", "again", "not useful"):
        table.add_column(heading)
    for heading in ("median answer", "median open", "actionable", "proposed"):
        table.add_column(heading)
    for line in lines:
        table.add_row(
            Text(line.rule[:60]), line.severity, *map(str, (line.fired, line.acted, line.alone)),
            *map(str, (line.again, line.useless)), spell(line.answer) if line.answer is not None else "–",
            spell(line.open_for) if line.open_for is not None else "–",
            f"{line.actionable:.0%}" if line.actionable is not None else "–", line.proposal,
        )  # fmt: skip
    console.print(table)
