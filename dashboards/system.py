"""A system of sites on a terminal, as suppressed files tell of it: bounds, and who withheld what."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from monitors.suppressed import SHARE, SystemShare, SystemView
from monitors.words.figures import measured


def show(view: SystemView) -> None:
    """One window: every share that can be told, and how many cannot."""
    console = Console()
    days = f"{view.window.start:%-d %b %Y} to {view.window.end:%-d %b %Y}"
    said = f"\n[bold]{view.model}[/bold] {days}, {len(view.sites)} sites, stage {view.stage}"
    console.print(said, highlight=False)
    told = [share for share in view.shares if share.low is not None]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("share", "of whom", "lies in", "with chance", "n", "withheld at"):
        table.add_column(heading, overflow="fold")
    for share in told:
        whom = share.subject if share.group is None else f"{share.subject} {share.group}"
        sure = _between(share.sure_low, share.sure_high)
        lacking = ", ".join(share.lacking)
        table.add_row(share.metric, whom, _between(share.low, share.high), sure, _n(share), lacking)
    console.print(table)
    if left := len(view.shares) - len(told):
        why = "too few people where they are shown, or nobody can say how many are not"
        console.print(f"  {left} withheld: {why}.", highlight=False)
    console.print(
        "  No verdicts: the truth may lie anywhere in these bounds; sealed files give it.", highlight=False
    )


def _between(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    ends = [measured(value, SHARE) for value in (low, high)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _n(share: SystemShare) -> str:
    shown = f"{share.n or 0:,}"
    return f"{shown} to {(share.n or 0) + share.unseen:,}" if share.unseen else shown
