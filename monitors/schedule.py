"""A schedule: a cron line people wrote, when it next comes, and since when a model has been on one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

WATCHED = "watched"  # the ledger's word for since when a model has been on the schedule
_FIELD = re.compile(r"[\d*/,\-A-Za-z#?]+")
_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)  # of a leap year


def five_fields(schedule: str | None) -> str | None:
    """The cron line, where it has five fields and comes at some time; else ValueError with the remedy."""
    if schedule is None:
        return None
    parts = schedule.split()
    if len(parts) != 5 or not all(_FIELD.fullmatch(part) for part in parts):
        raise ValueError(f"must be a cron line of five fields such as '0 6 * * 1' (got {schedule!r})")
    try:
        next_run(schedule, ZoneInfo("UTC"), _SOME_DAY)
    except (CronSimError, StopIteration):
        raise ValueError(
            f"must be a cron line that comes at some time, such as '0 6 * * 1': minute 0-59, hour 0-23, "
            f"day 1-31, month 1-12, weekday 0-7 (got {schedule!r})"
        ) from None
    return schedule


def next_run(schedule: str, zone: ZoneInfo, at: datetime) -> datetime:
    """When a cron line comes at or after a moment, in a time zone; in UTC.

    >>> monday = datetime(2026, 1, 5, 6, tzinfo=UTC)
    >>> f"{next_run('0 6 * * 1', ZoneInfo('UTC'), monday):%a %d %H:%M}"
    'Mon 05 06:00'
    >>> f"{next_run('0 6 * * 1', ZoneInfo('America/Chicago'), monday):%a %d %H:%M}"
    'Mon 05 12:00'
    """
    before = at.astimezone(zone) - timedelta(seconds=1)
    return next(CronSim(schedule.replace("?", "*"), before)).astimezone(UTC)
