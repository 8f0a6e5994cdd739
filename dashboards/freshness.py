"""Freshness: how long since a model was heard, and when the next audit is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitors.config import ModelConfig
from monitors.schedule import next_run
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
        due: the moment by which the next window's audit ought to be there: the schedule's next run
            once its rows may be there, and grace. It stays until that audit comes.
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
    """How long after its start an audit may take: a quarter window, an hour to two days."""
    quarter = config.window.length.approximate / 4
    return min(max(quarter, timedelta(hours=1)), timedelta(days=2))


def freshness(
    config: ModelConfig | None, last: Window | None, now: datetime, since: datetime | None = None
) -> Freshness:
    """Judge the last audited window against the grid of windows and the schedule at this moment.

    Args:
        config: the model's declaration; None where no file declares it.
        last: the last window that was audited; None where none was.
        now: the moment it is judged at.
        since: when the model came on the schedule; None where no scheduler has taken it up. Read only
            where nothing was audited: what is due first is then due by a day that stays where it is.
    """
    closed = last.end if last else None
    if config is None:
        return Freshness("undeclared", closed, None)
    grid = config.grid
    if config.governance.lifecycle in RESTING:
        return Freshness("resting", closed, None)
    missed = max(0, grid.index(now) - grid.index(last.end)) if last else 0
    if config.schedule is None:
        return Freshness("manual", closed, None, missed)
    if last is None:
        if since is None:  # it has a schedule, and nobody runs it
            return Freshness("never", None, grid.ending_by(now).end)
        first = grid.ending_by(since)
        return Freshness("never", None, _run_after(config, max(_ready(config, first), since)))
    due = _run_after(config, _ready(config, grid.window(grid.index(last.end))))
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
    # What has matured is counted at the next run, which for many is a window away.
    matured = config.outcome.matures_after.after(awaiting, config.zone)
    return max(_run_after(config, matured), matured + config.window.length.approximate + grace(config))


def _ready(config: ModelConfig, window: Window) -> datetime:
    """From when the rows of a window may be taken as there."""
    delay = config.arrival.delay
    return delay.after(window.end, config.zone) if delay else window.end


def _run_after(config: ModelConfig, at: datetime) -> datetime:
    """By when the first run of the schedule from a moment on ought to be done."""
    run = next_run(config.schedule or "* * * * *", config.zone, at)
    return run + timedelta(minutes=config.jitter) + grace(config)
