"""Freshness: how long since a model was heard, and when the next audit is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitors.config import ModelConfig
from monitors.window import Window

State = Literal["current", "due", "stale", "never", "undeclared", "manual", "resting"]
RESTING = ("proposed", "assessed", "paused", "retired")  # nobody expects an audit of these


@dataclass(frozen=True, slots=True)
class Freshness:
    """Where a model stands in time.

    Attributes:
        state: "current"; "due": a window has closed and its audit may still come in time;
            "stale": it did not come; "never": no audit at all; "undeclared": in the ledger
            but in no configuration; "manual": it has no schedule, so no audit was promised;
            "resting": its lifecycle expects none.
        closed: when the last audited window ended.
        due: the moment by which the next window's audit ought to be there.
        missed: windows that are over and have no audit.
    """

    state: State
    closed: datetime | None
    due: datetime | None
    missed: int = 0

    @property
    def loud(self) -> bool:
        """Whether it has to be shown as trouble: silence is never health."""
        return self.state in ("stale", "never")


def grace(config: ModelConfig) -> timedelta:
    """How long after a window closes its audit may take: a quarter window, an hour to two days."""
    quarter = config.window.length.approximate / 4
    return min(max(quarter, timedelta(hours=1)), timedelta(days=2))


def freshness(config: ModelConfig | None, last: Window | None, now: datetime) -> Freshness:
    """Judge the last audited window against the grid of windows at this moment."""
    closed = last.end if last else None
    if config is None:
        return Freshness("undeclared", closed, None)
    grid = config.grid
    awaited = grid.window(grid.index(last.end)) if last else grid.window(grid.index(now))
    delay = config.arrival.delay
    due = (delay.after(awaited.end, config.zone) if delay else awaited.end) + grace(config)
    if config.governance.lifecycle in RESTING:
        return Freshness("resting", closed, None)
    missed = max(0, grid.index(now) - grid.index(last.end)) if last else 0
    if config.schedule is None:
        return Freshness("manual", closed, None, missed)
    if last is None:
        return Freshness("never", None, due)
    if missed == 0:
        return Freshness("current", closed, due)
    return Freshness("due" if now < due else "stale", closed, due, missed)


def outcomes_due(config: ModelConfig | None, awaiting: datetime | None) -> datetime | None:
    """By when the outcomes of the oldest window still without them ought to be counted.

    `awaiting` is when that window ended. None where no outcome is declared, no run is promised,
    or every window has its own.
    """
    if config is None or config.outcome is None or not config.columns.awaits or awaiting is None:
        return None
    if config.governance.lifecycle in RESTING or config.schedule is None:
        return None
    # A run comes once a window, so what has matured is counted at the next one.
    wait = config.window.length.approximate + grace(config)
    return config.outcome.matures_after.after(awaiting, config.zone) + wait
