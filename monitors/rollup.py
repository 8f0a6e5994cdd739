"""Rolling up: profiles of hours added to one of their day, which the ledger keeps in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import groupby

from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.ledger import Entry, Ledger
from monitors.profile import Profile
from monitors.window import FIRST, MONDAY, Grid, Length, Window

KIND = "rolled_up"


@dataclass(frozen=True)
class RolledUp:
    """One window of the coarser grid, and the profiles inside it as one.

    Attributes:
        window: the coarser window, such as a day.
        profile: the sum of its parts; None where they cannot stand for all of it, and then `why` says so.
        parts: the digest of each part, oldest first: what the sum can be checked against.
        why: the reason and what it is about; "" where there is a sum.
    """

    window: Window
    profile: Profile | None
    parts: tuple[str, ...]
    why: str = ""


def rolled_up(profiles: Iterable[Profile], into: Grid, until: datetime) -> Iterator[RolledUp]:
    """Profiles of one model version, added up to the windows of a coarser grid that end by a moment.

    Counts add, so a day's sum holds what counting the day at once would give: rows, histograms,
    cubes, coverage, to the last one. Two things are known within a part only: that a patient came
    back, and that a row came twice. A window its parts do not fill has no sum, since a day that
    lacks an hour would read as a quiet day; nor has one whose parts were counted on other bins.

    Args:
        profiles: oldest first, one of each window, as the ledger holds them; they may be many, and
            are read as they are needed.
        into: the coarser grid, as of `P1D` in the model's time zone: a day has 23 hours in spring.
        until: what ends later is left as it is, such as the last thirty days.

    >>> from datetime import timedelta
    >>> from zoneinfo import ZoneInfo
    >>> from monitors.window import Length, MONDAY, moment
    >>> first = moment("2026-01-05")
    >>> hours = [Window(first + timedelta(hours=i), first + timedelta(hours=i + 1)) for i in range(30)]
    >>> counted = [Profile(hour, 3, 0, None, None, {}, {}) for hour in hours]
    >>> days = Grid(Length.parse("P1D"), MONDAY, ZoneInfo("UTC"))
    >>> [(day.profile.rows, len(day.parts)) for day in rolled_up(counted, days, moment("2026-01-06"))]
    [(72, 24)]
    """
    for index, inside in groupby(profiles, lambda profile: into.index(profile.window.start)):
        window = into.window(index)
        if window.end > until:
            return
        parts = tuple(inside)
        told = tuple(part.digest for part in parts)
        if why := _unfilled(window, [part.window for part in parts]):
            yield RolledUp(window, None, told, why)
            continue
        try:
            yield RolledUp(window, reduce(lambda one, other: one + other, parts), told)
        except ValueError as error:
            yield RolledUp(window, None, told, str(error))


def _unfilled(window: Window, parts: Sequence[Window]) -> str:
    """Why parts do not make up a window; "" where they do."""
    if parts[-1].end > window.end:
        return f"{parts[-1]} goes beyond {window}; windows add to it only where their length divides it"
    ends = [window.start, *(part.end for part in parts)]
    starts = [*(part.start for part in parts), window.end]
    for end, start in zip(ends, starts, strict=True):
        if start < end:
            return f"two parts of {window} share the time from {start:%H:%M} UTC; give one of each window"
        if start > end:
            return f"nothing was counted from {Window(end, start)}; audit it, and it rolls up"
    return ""


def final(config: ModelConfig, head: Entry) -> bool:
    """Whether nothing more is awaited of an audited window: its outcomes are in, or none are."""
    return head.stage == "outcome" or not config.columns.awaits


def sums(
    ledger: Ledger, config: ModelConfig, into: Length, until: datetime, since: datetime | None = None
) -> Iterator[RolledUp]:
    """The coarser windows of a model, ended between two moments, that its ledger has no sum of yet.

    One whose outcomes are not all in waits, and is not told of; nor is one whose counts are gone.
    """
    if config.grid.length.approximate >= into.approximate:
        return
    grid = Grid(into, FIRST if into.months else MONDAY, config.zone)
    heads = {
        Window.parse(str(head.window)): head
        for head in ledger.heads(config.model)
        if head.version == config.version
    }
    done = {
        e.window
        for e in ledger.entries(KIND, model=config.model, bodies=False)
        if e.version == config.version
    }
    for day, windows in _by_day(sorted(heads), grid):
        if (
            day.end > until
            or (since and day.end <= since)
            or str(day) in done
            or not all(final(config, heads[w]) for w in windows)
        ):
            continue
        if why := _unfilled(day, windows):
            yield RolledUp(day, None, (), why)
            continue
        audits = [recorded.audit for recorded in ledger.read([heads[window] for window in windows])]
        parts = [ledger.profile(audit.profile) for audit in audits]
        if None not in parts:
            yield from rolled_up([part for part in parts if part is not None], grid, until)


def keep(ledger: Ledger, config: ModelConfig, summed: RolledUp) -> None:
    """Write a sum down, with the digests of its parts.

    Raises LedgerError where another sum of that window is there.
    """
    if summed.profile is None:
        return
    window = str(summed.window)
    body = {"parts": list(summed.parts), "profile": summed.profile.payload()}
    key = f"{config.model}|{config.version}|{window}"
    ledger.append(KIND, key, body, model=config.model, version=config.version, window=window)


def standing_for(ledger: Ledger, audit: Audit) -> RolledUp | None:
    """The sum that stands for the counts of an audited window; None where there is none."""
    for head in ledger.entries(KIND, model=audit.model, bodies=False):
        window = Window.parse(str(head.window))
        inside = window.start <= audit.window.start and audit.window.end <= window.end
        if inside and head.version == audit.version and (entry := ledger.get(KIND, head.key)):
            return RolledUp(window, Profile.read(entry.body["profile"]), tuple(entry.body["parts"]))
    return None


def _by_day(windows: Sequence[Window], grid: Grid) -> Iterator[tuple[Window, list[Window]]]:
    """Windows by the coarser one they begin in, in order."""
    day: Window | None = None
    inside: list[Window] = []
    for window in windows:
        if day is None or window.start >= day.end:
            if day is not None:
                yield day, inside
            day, inside = grid.window(grid.index(window.start)), []
        inside.append(window)
    if day is not None:
        yield day, inside
