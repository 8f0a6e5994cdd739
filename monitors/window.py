"""A window: the half-open stretch of time one audit looks at, and the grid windows lie on."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

_LENGTH = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_LONGEST = 1217  # months of 30 days: a hundred years
_YEARS = (1900, 2200)
MONDAY = date(1970, 1, 5)
FIRST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Length:
    """A stretch of the calendar (months and days) or of the clock (seconds), never both.

    >>> Length.parse("P2W"), str(Length.parse("PT36H"))
    (Length(months=0, days=14, seconds=0), 'PT36H')
    """

    months: int = 0
    days: int = 0
    seconds: int = 0

    @classmethod
    def parse(cls, text: str) -> Length:
        """Read an ISO 8601 duration. Raises ValueError when it is none, zero, or a mixture."""
        match = _LENGTH.fullmatch(text)
        part = {key: int(value or 0) for key, value in match.groupdict().items()} if match else {}
        length = cls(
            months=part.get("years", 0) * 12 + part.get("months", 0),
            days=part.get("weeks", 0) * 7 + part.get("days", 0),
            seconds=part.get("hours", 0) * 3600 + part.get("minutes", 0) * 60 + part.get("seconds", 0),
        )
        if sum(map(bool, (length.months, length.days, length.seconds))) != 1:
            raise ValueError(
                f"must be an ISO 8601 duration in one unit, such as P1D, P7D, P1M or PT6H (got {text!r})"
            )
        if max(length.months, length.days // 30, length.seconds // 2_592_000) > _LONGEST:
            raise ValueError(f"must be at most a hundred years (got {text!r})")
        return length

    def __str__(self) -> str:
        if self.months:
            return f"P{self.months}M"
        if self.days:
            return f"P{self.days}D"
        if self.seconds % 3600 == 0:
            return f"PT{self.seconds // 3600}H"
        return f"PT{self.seconds // 60}M" if self.seconds % 60 == 0 else f"PT{self.seconds}S"

    @property
    def approximate(self) -> timedelta:
        """Its usual duration, for expectations and labels; months count 30.44 days."""
        return timedelta(days=self.months * 30.44 + self.days, seconds=self.seconds)

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The moment this much later: calendar lengths keep the local clock, in that zone."""
        if self.seconds:
            return moment + timedelta(seconds=self.seconds)
        local = moment.astimezone(zone).replace(tzinfo=None)
        if self.months:
            years, month = divmod(local.month - 1 + self.months, 12)
            year = local.year + years
            day = min(local.day, monthrange(year, month + 1)[1])
            local = local.replace(year=year, month=month + 1, day=day)
        return (local + timedelta(days=self.days)).replace(tzinfo=zone).astimezone(UTC)


def utc(moment: datetime) -> str:
    """A moment as text, in UTC, to the second.

    >>> utc(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03:04:05Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str, zone: ZoneInfo | None = None) -> datetime:
    """Read a date or a date and time; without an offset it is meant in `zone` (default UTC).

    >>> moment("1992-01-07")
    datetime.datetime(1992, 1, 7, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=zone or UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of all, in some zones
        raise ValueError(
            f"must be a date or a date and time such as 2026-01-05 or 2026-01-05T06:00Z (got {text!r})"
        ) from None


def in_our_time(value: Any) -> Any:
    """A date, or text that begins like one, back. Raises ValueError where nobody could have counted then."""
    year = int(text[:4]) if (text := str(value))[:4].isdecimal() else _YEARS[0]
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise ValueError(f"must lie between {_YEARS[0]} and {_YEARS[1]} (got {value})")
    return value


@lru_cache(maxsize=512)
def _ends(text: str) -> tuple[datetime, datetime]:
    # Of a fleet hundreds of models look at the same windows: each moment is held in memory once.
    start, _, end = text.partition("/")
    return moment(start), moment(end)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The half-open interval [start, end), kept in UTC.

    >>> Window.parse("1992-01-07T00:00:00Z/1992-04-06T00:00:00Z").end.month
    4
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window's ends need a time zone")
        if not self.start < self.end:
            raise ValueError(f"a window must end after it starts (got {self})")

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read `start/end`, the form `str` writes."""
        return cls(*_ends(text))

    def __str__(self) -> str:
        return f"{utc(self.start)}/{utc(self.end)}"

    @property
    def duration(self) -> timedelta:
        """How long it really lasts; a local day is 23 or 25 hours long twice a year."""
        return self.end - self.start

    def overlaps(self, other: Window) -> bool:
        """Whether the two share any moment."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Grid:
    """Where windows lie: fixed by length, anchor and time zone, so a late run finds the same one.

    Windows of days and longer start at local midnight, whatever daylight saving does;
    windows of hours and shorter follow the absolute clock.

    >>> grid = Grid(Length.parse("P1D"), MONDAY, ZoneInfo("Europe/Berlin"))
    >>> str(grid.ending_by(moment("2026-03-30T12:00Z")))  # the day the clocks went forward
    '2026-03-28T23:00:00Z/2026-03-29T22:00:00Z'
    """

    length: Length
    anchor: date
    zone: ZoneInfo

    def _origin(self) -> datetime:
        return datetime(self.anchor.year, self.anchor.month, self.anchor.day, tzinfo=self.zone)

    def start(self, index: int) -> datetime:
        """Where the window of that index starts; index 0 starts at the anchor."""
        origin = self._origin()
        if self.length.seconds:
            return origin.astimezone(UTC) + timedelta(seconds=self.length.seconds * index)
        if self.length.months:
            count = origin.year * 12 + origin.month - 1 + self.length.months * index
            local = datetime(count // 12, count % 12 + 1, origin.day)
        else:
            local = origin.replace(tzinfo=None) + timedelta(days=self.length.days * index)
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def index(self, at: datetime) -> int:
        """The index of the window that contains the moment."""
        guess = int((at - self._origin()) / self.length.approximate)
        while self.start(guess) > at:
            guess -= 1
        while self.start(guess + 1) <= at:
            guess += 1
        return guess

    def window(self, index: int) -> Window:
        """The window of that index."""
        return Window(self.start(index), self.start(index + 1))

    def ending_by(self, at: datetime) -> Window:
        """The last window that is complete at the moment."""
        return self.window(self.index(at) - 1)

    def inside(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Every window wholly inside [start, end), oldest first."""
        index = self.index(start)
        if self.start(index) < start:
            index += 1
        while self.start(index + 1) <= end:
            yield self.window(index)
            index += 1
