"""Findings on a terminal: what moved, for whom, how sure, and what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.window import Window
from monitors.words import sentences as words
from monitors.words.figures import measured

LOOK = {
    Verdict.BEYOND: ("● beyond", "bold red"),
    Verdict.FAILED: ("✕ failed", "bold magenta"),
    Verdict.DIFFERENT: ("◐ different", "yellow"),
    Verdict.CANNOT_TELL: ("? cannot tell", "dim"),
    Verdict.WITHHELD: ("– withheld", "dim"),
    Verdict.WITHIN: ("○ within", "green"),
}
_SHOWN = (Verdict.BEYOND, Verdict.FAILED, Verdict.DIFFERENT)


def live() -> bool:
    """Whether somebody watches: a line may then change, which in a pipe or a log it may not."""
    return Console(stderr=True).is_terminal


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Say what is being done, in one line that gives way to the next."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda message: console.print(f"  {message}", highlight=False)
        return
    with console.status("starting") as line:
        yield line.update


def show_audit(audit: Audit, *, new: bool = True) -> None:
    """One audit: its findings that ask for someone, and how many the rest are."""
    console = Console()
    console.print(f"\n[bold]{audit.model}[/bold] {days(audit.window)}, {_rows(audit)}, "
                  f"stage {audit.stage}{'' if new else ' (already recorded)'}", highlight=False)  # fmt: skip
    shown = [f for f in audit.findings if f.verdict in _SHOWN and f.severity != "info"]
    if shown:
        console.print(_findings(shown))
    console.print(f"  {_counted(audit)}", highlight=False)
    if caution := words.caution(audit.findings):
        console.print(f"  Caution: {caution}", highlight=False)
    if audit.plan:
        console.print(f"  Plan: {audit.plan}", highlight=False)


def show_demo(
    audits: Sequence[Audit], folder: Path, config: Path, port: int, pack: str | None = None
) -> None:
    """The demo's end: what moved over all windows, and where to look."""
    console = Console()
    last = audits[-1]
    windows = Table(title="Every window", title_justify="left", box=None, pad_edge=False)
    for heading in ("window", "patients", *(str(v).replace("_", " ") for v in WORST_FIRST)):
        windows.add_column(heading, justify="left" if heading == "window" else "right")
    for audit in audits:
        counts = audit.counts()
        windows.add_row(
            days(audit.window),
            "withheld" if audit.rows is None else f"{audit.rows:,}",
            *(Text(str(counts[v]), style=LOOK[v][1] if counts[v] else "dim") for v in WORST_FIRST),
        )
    console.print(windows)
    console.print(f"\n[bold]What to look at in the last window[/bold] ({days(last.window)})\n")
    shown = [f for f in last.findings if f.verdict in _SHOWN and f.severity != "info"]
    console.print(_findings(sorted(shown, key=_urgency), audits))
    console.print(f"  {_counted(last)}\n", highlight=False)
    console.print(_places(folder, config, port, pack), highlight=False, soft_wrap=True)


def _findings(shown: Sequence[Finding], audits: Sequence[Audit] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for heading in ("verdict", "what and for whom", "how sure", "who acts, and first"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "verdict")
    for finding in shown:
        table.add_row(
            Text(*LOOK[finding.verdict]),
            words.sentence(finding),
            _sure(finding, audits),
            f"{finding.severity}: {finding.action or 'no action was agreed'}",
        )
    return table


def _sure(finding: Finding, audits: Sequence[Audit]) -> str:
    parts = []
    if finding.low is not None and finding.high is not None:
        gap = finding.against is not None
        low, high = (measured(v, finding.unit, gap=gap) for v in (finding.low, finding.high))
        parts.append(f"{'gap ' if gap else ''}{low} to {high}")
    if bounds := words.bounds(finding):
        parts.append(f"whatever is not known, {bounds}")
    if finding.margin is not None:
        parts.append(f"margin {measured(finding.margin, finding.unit)}")
    if finding.n is not None:
        parts.append(f"n = {finding.n:,}")
    if worth := words.worth_of(finding):
        parts.append(worth)
    since = 0
    for audit in reversed(audits):
        same = [f for f in audit.findings if f.key == finding.key]
        if not same or same[0].verdict is not finding.verdict:
            break
        since += 1
    if since > 1:
        parts.append(f"{since} windows in a row")
    if wanted := words.needed(finding):
        parts.append(wanted)
    return ", ".join(parts) or (finding.reason or "")


def _urgency(finding: Finding) -> tuple[int, int]:
    order = ("page", "ticket", "committee", "info")
    return WORST_FIRST.index(finding.verdict), order.index(finding.severity)


def days(window: Window) -> str:
    """From its first day to the day after its last."""
    return f"{window.start:%-d %b %Y} to {window.end:%-d %b %Y}"


def _rows(audit: Audit) -> str:
    if audit.rows is None:
        return "rows withheld"
    return f"{audit.rows:,} rows" if audit.rows else "no rows"


def _counted(audit: Audit) -> str:
    counts = audit.counts()
    said = [f"{counts[v]} {str(v).replace('_', ' ')}" for v in WORST_FIRST if counts[v]]
    return "Findings: " + ", ".join(said) + "."


def _places(folder: Path, config: Path, port: int, pack: str | None) -> str:
    chosen = f" --pack {pack}" if pack else ""
    store = f"sqlite:///{folder}/mlflow/mlflow.db"
    return "\n".join(
        (
            *(["What was audited was written by rule; no patient is in it.\n"] if pack else []),
            "[bold]Where to look[/bold]",
            f"  pages       {_program('rounds')} demo{chosen} --serve --port {port}",
            f"              then http://127.0.0.1:{port}/ (Prometheus reads /metrics there)",
            f"  ledger      {folder}/ledger.db ({_program('rounds')} status, or verify)",
            f"  MLflow      {_program('mlflow')} server --backend-store-uri {store}",
            f"  Evidently   {_program('evidently')} ui --workspace {folder}/evidently",
            f"  the config  {config}",
        )
    )


def _program(name: str) -> str:
    """A program as it can be typed here: by its name, or with the folder it was installed in."""
    if shutil.which(name):
        return name
    beside = Path(sys.executable).with_name(name)
    inside = beside.is_relative_to(Path.cwd())
    return str(beside.relative_to(Path.cwd()) if inside else beside)
