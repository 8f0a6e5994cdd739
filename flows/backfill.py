"""Backfill: every window of a span, oldest first; one that was interrupted goes on where it stopped.

Which windows are done is read from the ledger: an audit that stands, of the same configuration, and
either counted from the source as it is now, or found the same by a whole backfill of it, or written
since this very backfill began.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from flows import source as sources
from flows.home import Home, open_ledger
from flows.monitor import Marks, Told, quietly
from flows.run import Round, run, span
from monitors.audit import Stage
from monitors.calendar import KIND as CALENDAR
from monitors.config import ModelConfig
from monitors.ledger import Entry, Ledger, Recorded
from monitors.raters import stock
from monitors.window import Window, utc

BEGUN, ENDED = "backfill_begun", "backfill_ended"


def backfill(
    path: Path,
    home: Home,
    start: datetime,
    end: datetime,
    at: datetime,
    *,
    copy: bool = True,
    told: Told = quietly,
    patient: bool = False,
) -> Iterator[Round]:
    """Audit every window wholly inside [start, end) that is complete at a moment, as `run` does.

    A window that is done is given back as it stands, and not counted again.
    """
    config, ledger = sources.read(path), open_ledger(home)
    stem = f"{config.model}|{utc(start)}|{utc(end)}|{config.digest}"
    begun = left = _left(ledger, config, stem)
    mark = ""

    def stands(window: Window, stage: Stage, marks: Marks) -> Recorded | None:
        nonlocal begun, mark
        mark = marks.whole
        done = _done(config, ledger, window, stage, marks, stem, begun)
        if done is None and begun is None:  # said once there is work: a rerun writes nothing
            key = f"{stem}|{len(_begun(ledger, config, stem)) + 1}"
            begun = ledger.append(BEGUN, key, {"from": utc(start), "to": utc(end)}, model=config.model)
        return done

    yield from run(
        path, home, span(start, end), at, copy=copy, told=told, patient=patient, stands=stands
    )  # fmt: skip
    if begun is not None:
        # One that went on cannot speak for what was counted before: the source may have changed since.
        ledger.append(ENDED, begun.key, {"source": None if left else mark}, model=config.model)


def _begun(ledger: Ledger, config: ModelConfig, stem: str) -> list[Entry]:
    held = ledger.entries(BEGUN, model=config.model, bodies=False)
    return sorted((e for e in held if e.key.startswith(f"{stem}|")), key=lambda e: e.seq)


def _left(ledger: Ledger, config: ModelConfig, stem: str) -> Entry | None:
    """The entry of an earlier backfill of this span, under this configuration, that did not end."""
    ended = {entry.key for entry in ledger.entries(ENDED, model=config.model, bodies=False)}
    return next((entry for entry in _begun(ledger, config, stem) if entry.key not in ended), None)


def _done(
    config: ModelConfig,
    ledger: Ledger,
    window: Window,
    stage: Stage,
    marks: Marks,
    stem: str,
    begun: Entry | None,
) -> Recorded | None:
    held = ledger.heads(config.model, since=window.start, before=window.end)
    head = next((h for h in held if (h.window, h.version) == (str(window), config.version)), None)
    planned = ledger.newest(CALENDAR, config.model).get(config.model, 0)
    said = stock.said_since(ledger, config)
    if head is None or head.stage != stage or head.seq < max(planned, said.get(str(window), 0)):
        return None
    (recorded,) = ledger.read([head])
    since = begun is not None and head.seq > begun.seq
    same = (
        since
        or marks.hold(recorded.audit.source, window)
        or any(
            # What a whole backfill found the same stands under the source it was first counted from.
            entry.seq > head.seq and entry.body["source"] == marks.whole
            for entry in ledger.entries(ENDED, model=config.model)
            if entry.key.startswith(f"{stem}|")
        )
    )
    return recorded if same and recorded.audit.config == config.digest else None
