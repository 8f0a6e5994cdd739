"""Owing: which windows a model's schedule still has to audit at a moment, oldest first.

Nothing here is remembered but since when a model has been on the schedule: what is missing is read
from the ledger, so a crash, an outage or a worker that was killed is made up for by whichever run
comes next.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median

from flows.monitor import Marks, due, overlapping, stage_at
from monitors.audit import Audit, Stage
from monitors.config import ModelConfig
from monitors.errors import LedgerError
from monitors.ledger import Entry, Ledger
from monitors.raters import stock
from monitors.release import keep
from monitors.schedule import WATCHED
from monitors.window import Window, moment, utc

FEWEST, REMEMBERED = 3, 8  # windows from which is known how many rows one has, and those looked at
Rows = Callable[[Window], int]
REPAIRED = 4  # the last audits whose release is made good where a crash came between


def owing(
    config: ModelConfig,
    ledger: Ledger,
    at: datetime,
    folder: Path,
    marks: Marks | None = None,
    rows: Rows | None = None,
) -> list[tuple[Window, Stage]]:
    """Every window a scheduled run owes at a moment, each at the stage it has reached.

    The last complete window and the last whose outcomes matured; every window between the first one
    of this schedule and now that has no audit; every audited window whose outcomes matured since; and
    the last windows whose source has changed since they were counted, as `arrival.recount` says; and
    every one of which people have read outputs since, where the plan asks what they found.

    Args:
        config: the model's declaration.
        ledger: where its audits are.
        at: the moment the run was scheduled for, never the clock's.
        folder: where a marker's relative path starts from.
        marks: of the source as it is now; None counts nothing again.
        rows: how many rows a window holds now; None waits for none.
    """
    standing = ledger.heads(config.model, before=at)
    wanted = _wanted(config, standing)
    last = ready_by(
        config, at, folder, lambda window: rows is None or wanted is None or rows(window) >= wanted
    )
    if last is None:
        return []
    heads = {str(entry.window): entry for entry in standing}
    audited = {Window.parse(window): entry for window, entry in heads.items()}
    owed = dict(due(config, at, last))
    others = [window for window in audited if not on_grid(config, window)]
    for window in config.grid.inside(enrol(config, ledger, at), last.end):
        if window not in audited and not any(window.overlaps(other) for other in others):
            owed[window] = stage_at(config, window, at)
    for window, entry in audited.items():
        if entry.stage == "scored" and on_grid(config, window) and stage_at(config, window, at) == "outcome":
            owed[window] = "outcome"
    said = stock.said_since(ledger, config)
    for window, entry in audited.items():
        if said.get(str(window), 0) > entry.seq and on_grid(config, window):
            owed.setdefault(window, stage_at(config, window, at))
    if marks is not None:
        latest = sorted(w for w in audited if on_grid(config, w) and w < last)
        for window in latest[len(latest) - config.arrival.recount :] if config.arrival.recount else []:
            if not marks.hold(_counted_from(ledger, heads[str(window)].digest), window):
                owed.setdefault(window, stage_at(config, window, at))
    return sorted((w, stage) for w, stage in owed.items() if not overlapping(config, w))


def enrol(config: ModelConfig, ledger: Ledger, at: datetime) -> datetime:
    """Write down, once, since when a model is on the schedule: its last complete window, and all later.

    Done before anything that may fail, so that a first run that never came is made up for as well.
    """
    entry = ledger.get(WATCHED, config.model)
    if entry is None:
        since = {"since": utc(config.grid.ending_by(at).start)}
        with contextlib.suppress(LedgerError):  # another worker said so in the same moment
            ledger.append(WATCHED, config.model, since, model=config.model)
        entry = ledger.get(WATCHED, config.model)
    return moment(entry.body["since"]) if entry else config.grid.ending_by(at).start


def _wanted(config: ModelConfig, standing: Sequence[Entry]) -> float | None:
    """So many rows a window is waited for; None where nothing is asked, or too little is known yet."""
    share = config.arrival.rows
    known = [entry.summary["rows"] for entry in standing if entry.version == config.version][-REMEMBERED:]
    return share * median(known) if share is not None and len(known) >= FEWEST else None


def ready_by(
    config: ModelConfig, at: datetime, folder: Path, enough: Callable[[Window], bool] = lambda _: True
) -> Window | None:
    """The last complete window whose data can be taken as there at a moment.

    None where its marker has not been written, or its rows are not there, nor those of the window
    before it: nothing after it is looked at either, since a feed that is late with one window is
    late with the next. What was waited for as long as the config's patience is taken as it is.
    """
    arrival, window = config.arrival, config.grid.ending_by(at)
    while arrival.delay is not None and arrival.delay.after(window.end, config.zone) > at:
        window = config.grid.window(config.grid.index(window.start) - 1)
    for each in (window, config.grid.window(config.grid.index(window.start) - 1)):
        waited = arrival.patience is not None and arrival.patience.after(each.end, config.zone) <= at
        if waited or ((arrival.marker is None or _marked(config, each, folder)) and enough(each)):
            return each
    return None


def repair(config: ModelConfig, ledger: Ledger) -> None:
    """Make good what a crash left undone right after an audit was written: its release."""
    heads = sorted(ledger.heads(config.model), key=lambda entry: entry.seq)
    for head in heads[-REPAIRED:]:
        entry = ledger.get(head.kind, head.key)
        if entry is not None and not entry.gone:
            keep(ledger, Audit.read(entry.body))


def on_grid(config: ModelConfig, window: Window) -> bool:
    """Whether a window is one of those the model's file declares now."""
    return config.grid.window(config.grid.index(window.start)) == window


def _counted_from(ledger: Ledger, content: str) -> str | None:
    entry = ledger.find("audit", content)
    return entry.body["source"] if entry else None


def _marked(config: ModelConfig, window: Window, folder: Path) -> bool:
    """Whether the marker of a window is there; its name is written with the window's local days."""
    start, end = (edge.astimezone(config.zone) for edge in (window.start, window.end))
    return (folder / str(config.arrival.marker).format(start=start, end=end)).exists()
