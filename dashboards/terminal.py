"""Findings on a terminal: what moved, for whom, how sure, and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dashboards import words
from dashboards.figures import measured
from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.ledger import Ledger
from monitors.window import Window

_LOOK = {
    Verdict.BEYOND: ("● beyond", "bold red"),
    Verdict.FAILED: ("✕ failed", "bold magenta"),
    Verdict.DIFFERENT: ("◐ different", "yellow"),
    Verdict.CANNOT_TELL: ("? cannot tell", "dim"),
    Verdict.WITHHELD: ("– withheld", "dim"),
    Verdict.WITHIN: ("○ within", "green"),
}
_SHOWN = (Verdict.BEYOND, Verdict.FAILED, Verdict.DIFFERENT)


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
    console.print(f"\n[bold]{audit.model}[/bold] {_days(audit.window)}, {_rows(audit)}, "
                  f"stage {audit.stage}{'' if new else ' (already recorded)'}", highlight=False)  # fmt: skip
    shown = [f for f in audit.findings if f.verdict in _SHOWN and f.severity != "info"]
    if shown:
        console.print(_findings(shown))
    console.print(f"  {_counted(audit)}", highlight=False)


def show_demo(audits: Sequence[Audit], folder: Path, config: Path, port: int) -> None:
    """The demo's end: what moved over all windows, and where to look."""
    console = Console()
    last = audits[-1]
    windows = Table(title="Every window", title_justify="left", box=None, pad_edge=False)
    for heading in ("window", "patients", *(str(v).replace("_", " ") for v in WORST_FIRST)):
        windows.add_column(heading, justify="left" if heading == "window" else "right")
    for audit in audits:
        counts = audit.counts()
        windows.add_row(
            _days(audit.window),
            "< 11" if audit.rows is None else f"{audit.rows:,}",
            *(Text(str(counts[v]), style=_LOOK[v][1] if counts[v] else "dim") for v in WORST_FIRST),
        )
    console.print(windows)
    console.print(f"\n[bold]What to look at in the last window[/bold] ({_days(last.window)})\n")
    shown = [f for f in last.findings if f.verdict in _SHOWN and f.severity != "info"]
    console.print(_findings(sorted(shown, key=_urgency), audits))
    console.print(f"  {_counted(last)}\n", highlight=False)
    console.print(_places(folder, config, port), highlight=False, soft_wrap=True)


def show_status(ledger: Ledger, now: datetime, as_json: bool) -> None:
    """A line per model: its last window, when that closed, and its verdicts."""
    console = Console()
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "last window", "closed", "stage", "rows", "worst", "beyond", "cannot tell"):
        table.add_column(heading)
    last = {head.model: head for head in ledger.heads()}
    for model, head in sorted(last.items(), key=lambda item: str(item[0])):
        window = Window.parse(str(head.window))
        families = head.summary["families"]
        counts = {v: sum(f[str(v)] for f in families.values()) for v in WORST_FIRST}
        worst = Verdict(head.summary["worst"])
        if as_json:
            line = {"model": model, "version": head.version, "window": head.window, "stage": head.stage,
                    "rows": head.summary["rows"], "worst": worst,
                    "closed_days_ago": round((now - window.end).total_seconds() / 86400, 2),
                    "findings": {str(v): n for v, n in counts.items()}}  # fmt: skip
            print(json.dumps(line, sort_keys=True))  # noqa: T201  for other programs to read
            continue
        table.add_row(
            str(model), _days(window), f"{(now - window.end).days:,} days ago", head.stage,
            f"{head.summary['rows']:,}", Text(*_LOOK[worst]),
            str(counts[Verdict.BEYOND]), str(counts[Verdict.CANNOT_TELL]),
        )  # fmt: skip
    if not as_json:
        console.print(table if last else "No model has been audited yet: rounds run MODEL.yaml")


def _findings(shown: Sequence[Finding], audits: Sequence[Audit] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for heading in ("verdict", "what and for whom", "how sure", "who acts, and first"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "verdict")
    for finding in shown:
        table.add_row(
            Text(*_LOOK[finding.verdict]),
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
    if finding.margin is not None:
        parts.append(f"margin {measured(finding.margin, finding.unit)}")
    if finding.n is not None:
        parts.append(f"n = {finding.n:,}")
    since = 0
    for audit in reversed(audits):
        same = [f for f in audit.findings if f.key == finding.key]
        if not same or same[0].verdict is not finding.verdict:
            break
        since += 1
    if since > 1:
        parts.append(f"{since} windows in a row")
    return ", ".join(parts) or (finding.reason or "")


def _urgency(finding: Finding) -> tuple[int, int]:
    order = ("page", "ticket", "committee", "info")
    return WORST_FIRST.index(finding.verdict), order.index(finding.severity)


def _days(window: Window) -> str:
    return f"{window.start:%-d %b %Y} to {window.end:%-d %b %Y}"


def _rows(audit: Audit) -> str:
    if audit.rows is None:
        return "fewer than 11 rows"
    return f"{audit.rows:,} rows" if audit.rows else "no rows"


def _counted(audit: Audit) -> str:
    counts = audit.counts()
    said = [f"{counts[v]} {str(v).replace('_', ' ')}" for v in WORST_FIRST if counts[v]]
    return "Findings: " + ", ".join(said) + "."


def _places(folder: Path, config: Path, port: int) -> str:
    return "\n".join(
        (
            "[bold]Where to look[/bold]",
            f"  pages       rounds serve --config {config.parent} --port {port}",
            f"              then http://127.0.0.1:{port}/ (Prometheus reads /metrics there)",
            f"  ledger      {folder}/ledger.db (rounds status, rounds verify)",
            f"  MLflow      mlflow server --backend-store-uri sqlite:///{folder}/mlflow/mlflow.db",
            f"  Evidently   evidently ui --workspace {folder}/evidently",
            f"  the config  {config}",
        )
    )
