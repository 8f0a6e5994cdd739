"""Numbers and times as people read them: sensible digits, a true minus sign, UTC."""

from __future__ import annotations

import datetime as dates
import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from monitors.window import Window

MINUS = "\u2212"
NBSP = "\u00a0"
PLAIN = ("", "pure number", "ratio", "log-odds per log-odds")  # units that are not said
SHORT = {"reference SD": "SD", "rows per day": "a day", "people per 1,000": "per 1,000"}


def number(value: float | None, digits: int = 3) -> str:
    """About three significant digits, whole numbers with thousands.

    >>> number(0.31234), number(1234.6), number(-0.05), number(None)
    ('0.312', '1,235', '−0.050', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 100:
        shown = f"{value:,.0f}"
    elif size >= 10:
        shown = f"{value:.1f}"
    elif size >= 1:
        shown = f"{value:.2f}"
    elif size == 0 or round(size, digits) > 0:
        shown = f"{value:.{digits}f}"
    else:
        shown = f"{value:.1g}"
    return shown.replace("-", MINUS)


def percent(share: float | None) -> str:
    r"""A share as a percentage.

    >>> percent(0.056), percent(0.4921), percent(0.0004)
    ('5.6\xa0%', '49\xa0%', '0.04\xa0%')
    """
    if share is None:
        return "–"
    points = share * 100
    size = abs(points)
    digits = 0 if size >= 10 or size == 0 else 1 if size >= 0.1 else 2
    return f"{points:.{digits}f}{NBSP}%".replace("-", MINUS)


def signed(value: float | None) -> str:
    """A gap: its sign always shown.

    >>> signed(0.008), signed(-0.073)
    ('+0.008', '−0.073')
    """
    shown = number(value)
    return shown if value is None or value < 0 or shown == "–" else f"+{shown}"


def measured(value: float | None, unit: str, *, gap: bool = False) -> str:
    r"""A value with its unit, a gap with its sign.

    >>> measured(0.49, "share of rows"), measured(-0.11, "share of rows", gap=True), measured(0.31, "nats")
    ('49\xa0%', '−11\xa0points', '0.310\xa0nats')
    >>> measured(0.0, "groups"), measured(1.0, "groups")
    ('0\xa0groups', '1\xa0group')
    """
    if value is None:
        return "–"
    if unit.startswith("share"):
        if not gap:
            return percent(value)
        points = value * 100
        digits = 0 if abs(points) >= 10 else 1
        return f"{points:+.{digits}f}{NBSP}points".replace("-", MINUS)
    if unit == "groups":
        return counted(round(value), "group").replace(" ", NBSP)
    shown = signed(value) if gap else number(value)
    return shown if unit in PLAIN else f"{shown}{NBSP}{SHORT.get(unit, unit)}"


def tick(value: float, unit: str, *, gap: bool = False) -> str:
    r"""A label on an axis: round values without trailing zeros, and no unit but %.

    >>> tick(0.1, "share of rows", gap=True), tick(0.25, "nats"), tick(0.2, "share of rows")
    ('+10', '0.25', '20\xa0%')
    """
    share = unit.startswith("share")
    size = value * 100 if share else value
    shown = f"{size:+.4g}" if gap and size else f"{size:.4g}"
    return shown.replace("-", MINUS) + (f"{NBSP}%" if share and not gap else "")


def interval(low: float | None, high: float | None, unit: str, *, gap: bool = False) -> str:
    r"""Both ends, or nothing where there is no interval.

    >>> interval(0.61, 0.72, "share of rows"), interval(1.1, 1.5, "nats"), interval(None, None, "nats")
    ('61 to 72\xa0%', '1.10 to 1.50\xa0nats', '')
    """
    if low is None or high is None:
        return ""
    first, second = measured(low, unit, gap=gap), measured(high, unit, gap=gap)
    return f"{first.partition(NBSP)[0]} to {second}"


def day(moment: datetime) -> str:
    """A moment in UTC; the hour only where it is not midnight.

    >>> day(datetime(1992, 4, 6, tzinfo=UTC)), day(datetime(1992, 4, 6, 13, 30, tzinfo=UTC))
    ('6 Apr 1992', '6 Apr 1992, 13:30')
    """
    at, shown = moment.astimezone(UTC), date(moment)
    return shown if (at.hour, at.minute) == (0, 0) else f"{shown}, {at:%H:%M}"


@lru_cache(maxsize=256)  # a page says the same few days hundreds of times
def date(moment: datetime) -> str:
    """The day alone, in UTC.

    >>> date(datetime(1992, 4, 6, 13, 30, tzinfo=UTC))
    '6 Apr 1992'
    """
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%b %Y}"


def calendar(day: dates.date) -> str:
    """A day that people named, in no zone.

    >>> calendar(dates.date(1994, 10, 3))
    '3 Oct 1994'
    """
    return f"{day.day} {day:%b %Y}"


def period(window: Window) -> str:
    """From when to when, the year said once where it is one.

    >>> period(Window.parse("1992-01-07T00:00:00Z/1992-04-06T00:00:00Z"))
    '7 Jan – 6 Apr 1992'
    """
    start, end = day(window.start), day(window.end)
    year = f" {window.start.astimezone(UTC).year}"
    if window.start.astimezone(UTC).year == window.end.astimezone(UTC).year:
        start = start.replace(year, "", 1)
    return f"{start} – {end}"


def spell(stretch: timedelta) -> str:
    """A stretch of time in the unit that fits it.

    >>> spell(timedelta(hours=30)), spell(timedelta(days=90)), spell(timedelta(minutes=1))
    ('30 hours', '90 days', '1 minute')
    """
    seconds = abs(stretch.total_seconds())
    for unit, size, least in (
        ("year", 31_557_600, 2),
        ("day", 86_400, 2),
        ("hour", 3_600, 2),
        ("minute", 60, 1),
    ):
        if seconds >= size * least:
            count = round(seconds / size)
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun.

    >>> counted(1, "window"), counted(1240, "patient")
    ('1 window', '1,240 patients')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
