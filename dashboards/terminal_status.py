"""Status on a terminal: a line per model, when it was last heard and what stood then."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dashboards.freshness import Freshness, freshness
from dashboards.terminal import LOOK, days
from monitors.audit import Finding, Verdict
from monitors.config import ModelConfig
from monitors.ledger import Entry, Ledger
from monitors.release import summed
from monitors.retention import done
from monitors.schedule import WATCHED
from monitors.window import Window, utc
from monitors.words import sentences as words
from monitors.words.figures import counted, date, spell

HEADINGS = ("model", "heard", "last window", "closed", "stage", "rows", "worst", "beyond", "cannot tell")
Line = tuple[str, Freshness, Entry | None, Mapping[str, Any]]


def show_status(ledger: Ledger, now: datetime, as_json: bool, configs: Mapping[str, ModelConfig]) -> None:
    """A line per model declared or audited: its last window, whether it is heard, and its verdicts."""
    console = Console()
    table = Table(box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading)
    lines, standing = list(_lines(ledger, now, configs)), list[str]()
    for model, fresh, head, said in lines:
        crept = [Finding.read(payload) for payload in said.get("slow", ())]
        standing += [f"{model}: {words.sentence(f)}" for f in crept]
        if as_json:
            told = _told(model, fresh, head, said, now) | {"slow_changes": _slow_changes(crept)}
            print(json.dumps(told, sort_keys=True))  # noqa: T201  for other programs to read
            continue
        table.add_row(model, heard(fresh, now), *(_figures(head, said, now) if head else ()))
    if not as_json:
        console.print(table if lines else "No model has been audited yet: rounds run MODEL.yaml")
        for line in standing:
            console.print(line, highlight=False)
        if kept := done(ledger):
            console.print(
                f"Retention was last done {kept.at:%-d %b %Y}; {kept.bodies:,} let go.", highlight=False
            )


def heard(fresh: Freshness, now: datetime) -> Text:
    """Whether a model is heard as its schedule promised, in a few words.

    >>> from datetime import UTC
    >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
    >>> str(heard(Freshness("stale", monday, monday, 3), monday))
    'silent: 3 windows missed'
    >>> str(heard(Freshness("manual", monday, None, 7), monday))
    'run by hand'
    """
    if fresh.state == "stale":
        return Text(f"silent: {counted(fresh.missed, 'window')} missed", style="bold red")
    if fresh.state == "never" and fresh.due:
        late = "was due" if fresh.due <= now else "due"
        return Text(f"never; {late} by {date(fresh.due)}", style="bold red")
    if fresh.state == "due" and fresh.due:
        return Text(f"due by {date(fresh.due)}")
    return Text({"current": "in time", "manual": "run by hand", "resting": "none expected"}.get(
        fresh.state, "in no file here"
    ))  # fmt: skip


def _lines(ledger: Ledger, now: datetime, configs: Mapping[str, ModelConfig]) -> Iterator[Line]:
    """What is shown has passed the door of withholding."""
    heads = ledger.heads(last=1)
    told = {str(head.model): (head, said) for head, said in zip(heads, summed(ledger, heads), strict=True)}
    unheard = sorted(configs.keys() - told.keys())
    since = {entry.key: entry.at for entry in ledger.several(WATCHED, unheard)}
    for model in unheard:
        yield model, freshness(configs[model], None, now, since.get(model)), None, {}
    for model, (head, said) in told.items():
        yield model, freshness(configs.get(model), Window.parse(str(head.window)), now), head, said


def _figures(head: Entry, said: Mapping[str, Any], now: datetime) -> tuple[str | Text, ...]:
    window, rows, counts = Window.parse(str(head.window)), said["rows"], said["counts"]
    return (
        days(window), f"{spell(now - window.end)} ago", str(head.stage),
        "withheld" if rows is None else f"{rows:,}", Text(*LOOK[Verdict(said["worst"])]),
        str(counts[Verdict.BEYOND]), str(counts[Verdict.CANNOT_TELL]),
    )  # fmt: skip


def _told(
    model: str, fresh: Freshness, head: Entry | None, said: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    window = Window.parse(str(head.window)) if head else None
    return {
        "model": model, "freshness": fresh.state, "missed": fresh.missed,
        "due": utc(fresh.due) if fresh.due else None,
        "version": head.version if head else None, "window": str(window) if window else None,
        "stage": head.stage if head else None, "rows": said.get("rows"), "worst": said.get("worst"),
        "closed_days_ago": round((now - window.end).total_seconds() / 86400, 2) if window else None,
        "findings": said.get("counts", {}),
    }  # fmt: skip


def _slow_changes(crept: Sequence[Finding]) -> list[dict[str, str]]:
    """The slow changes that stand, each with the start of the first window it rests on."""
    return [
        {"check": f.name, "since": f.since, "way": "up" if (f.value or 0.0) > 0 else "down"}
        for f in crept
        if f.since is not None and f.slow is not None
    ]
