"""Running a model's file: the windows it owes at a moment, each audited, recorded, and copied out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flows import eligible as eligibles
from flows import source as sources
from flows.channel import ChannelsConfig
from flows.copying import settle
from flows.counting import rows_in
from flows.home import Home
from flows.home import now as now  # those who run a model ask here for both
from flows.home import open_ledger as open_ledger
from flows.logs import look
from flows.monitor import Marks, Told, overlapping, quietly, refuse_overlap, stage_at, step
from flows.owing import enrol, owing, repair
from flows.planned import planned
from flows.shelf import Shelf
from flows.source import Source
from flows.telling import after_audits, channels_for
from monitors import glance
from monitors.audit import Stage
from monitors.calendar import Calendar
from monitors.calendar import keep as keep_calendar
from monitors.config import ModelConfig
from monitors.errors import ConfigError, RoundsError
from monitors.evaluate import Setting
from monitors.ledger import Ledger, Recorded
from monitors.release import keep
from monitors.window import Window, moment

log = logging.getLogger("rounds")
RENEWED = 100  # windows of one run, after which a source's engine gives back what it kept of them

Choose = Callable[[ModelConfig, datetime], list[tuple[Window, Stage]]]
Before = Callable[[ModelConfig, Window, Source, Ledger, Told], None]
Stands = Callable[[Window, Stage, Marks], Recorded | None]


@dataclass(frozen=True, slots=True)
class Round:
    """What became of one window."""

    model: str
    window: str
    stage: Stage
    digest: str
    worst: str
    new: bool


def run_window(
    path: str,
    at: str,
    home: str,
    since: str | None = None,
    until: str | None = None,
    together: bool = False,
) -> list[dict[str, Any]]:
    """Audit what a model's file owes at a moment; plain values in and out, for schedulers.

    With `since` and `until`, every window inside that is complete at the moment instead. With
    `together`, the last complete window alone, its columns looked at together first.

    Raises RoundsError; its `retryable` says whether the same call may succeed later.
    """
    place = Home.of(os.environ, Path(home))
    if since:
        from flows.backfill import backfill  # which stands on this file

        span_of = moment(since), moment(until or at)
        filled = backfill(Path(path), place, *span_of, moment(at), told=log.info, patient=True)
        return [asdict(each) for each in filled]
    choose, before = (last_complete, _together) if together else (None, None)
    done = run(Path(path), place, choose, moment(at), told=log.info, before=before, patient=True)
    return [asdict(each) for each in done]


def run(
    path: Path,
    home: Home,
    choose: Choose | None,
    at: datetime,
    *,
    copy: bool = True,
    told: Told = quietly,
    before: Before | None = None,
    patient: bool = False,
    stands: Stands | None = None,
) -> Iterator[Round]:
    """Audit the chosen windows of a model's file, oldest first, one at a time.

    Without `choose`, all that the schedule owes at the moment: what an outage left out as well.
    `before` is done for each window first, and may leave findings in the ledger for its audit.
    A window of which `stands` gives an audit, asked with its stage and the source's marks, is
    not counted again.
    A run that is `patient` goes on with the next window where one cannot be audited, and raises at
    its end. The record comes first: when MLflow or a channel is away the audit stands, and what
    is owed is owed; what an earlier run left owed is sent also when the source is away.
    """
    config = sources.read(path)
    channels = channels_for(path)
    chosen = choose(config, at) if choose else None
    ledger, calendar = open_ledger(home), planned(path)
    keep_calendar(ledger, config.model, calendar, config.zone)
    refused: list[RoundsError] = []
    shelf = Shelf(home.chance, now().date())
    repair(config, ledger)
    if choose is None:
        enrol(config, ledger, at)
    try:
        source = sources.connect(config, path.parent)
        try:
            eligible = eligibles.connect(config, path.parent)
            try:
                marks = Marks(source, eligible)
                if chosen is None:
                    chosen = owing(
                        config, ledger, at, path.parent, marks, lambda w: rows_in(config, w, source)
                    )
                if stands is None and chosen:  # a backfill goes back; who runs on is told
                    look(source, config, ledger, chosen[-1][0])
                for number, (window, stage) in enumerate(chosen, start=1):
                    if number % RENEWED == 0:
                        for each in (source, *([eligible] if eligible is not None else [])):
                            sources.renew(each)
                    of = f" ({number} of {len(chosen)})" if len(chosen) > 1 else ""
                    told(f"{config.model}: {window.start:%d %b %Y} to {window.end:%d %b %Y}{of}")
                    held = stands(window, stage, marks) if stands is not None else None
                    if held is not None:
                        worst = str(keep(ledger, held.audit).worst)
                        yield Round(config.model, str(window), stage, held.digest, worst, new=False)
                        continue
                    try:
                        if before is not None:
                            refuse_overlap(config, window)
                            before(config, window, source, ledger, told)
                        done = _one(config, window, stage, source, ledger, eligible, calendar, shelf)
                    except RoundsError as error:
                        if error.retryable or not patient:
                            raise
                        log.warning("%s: %s: not audited: %s", config.model, window, error)
                        refused.append(error)
                        continue
                    yield done
                    if copy:
                        settle(config, ledger, home, now(), told)
            finally:
                if eligible is not None:
                    eligible.close()
        finally:
            source.close()
            shelf.close()
    except RoundsError:
        _afterwards(config, ledger, home, channels, told, copy=copy)
        raise
    _afterwards(config, ledger, home, channels, told, copy=copy)
    if refused:
        raise refused[-1]


def _afterwards(
    config: ModelConfig, ledger: Ledger, home: Home, channels: ChannelsConfig, told: Told, *, copy: bool
) -> None:
    """Send on what is owed: to people, to the pages, and to MLflow."""
    after_audits(config, ledger, channels, now())
    glance.keep(ledger, config.model, config.columns.site)
    if copy:
        settle(config, ledger, home, now(), told)


def last_complete(config: ModelConfig, at: datetime) -> list[tuple[Window, Stage]]:
    """The last window that is complete at a moment, at the stage it has reached."""
    window = config.grid.ending_by(at)
    return [(window, stage_at(config, window, at))]


def span(start: datetime, end: datetime) -> Choose:
    """Chooses every window wholly inside [start, end) that does not overlap the reference."""

    def chosen(config: ModelConfig, at: datetime) -> list[tuple[Window, Stage]]:
        inside = [window for window in config.grid.inside(start, end) if window.end <= at]
        apart = [window for window in inside if not overlapping(config, window)]
        if not apart:
            why = (
                f"all {len(inside)} windows there overlap the reference"
                if inside
                else f"no complete window of {config.window.length} lies there"
            )
            raise ConfigError([f"{config.model}: {start:%Y-%m-%d} to {end:%Y-%m-%d}: {why}"])
        return [(window, stage_at(config, window, at)) for window in apart]

    return chosen


def _one(
    config: ModelConfig,
    window: Window,
    stage: Stage,
    source: Source,
    ledger: Ledger,
    eligible: Source | None = None,
    calendar: Calendar | None = None,
    shelf: Shelf | None = None,
) -> Round:
    before = len(ledger.entries("audit", model=config.model, window=str(window), bodies=False))
    audit = step(
        config, window, source, stage=stage, ledger=ledger, setting=replace(setting(config), shelf=shelf),
        eligible=eligible, calendar=calendar,
    )  # fmt: skip
    after = len(ledger.entries("audit", model=config.model, window=str(window), bodies=False))
    worst = str(keep(ledger, audit).worst)
    return Round(config.model, str(window), stage, audit.digest, worst, after > before)


def _together(config: ModelConfig, window: Window, source: Source, ledger: Ledger, told: Told) -> None:
    from flows.multivariate import look_together  # leads to scikit-learn, which takes seconds

    look_together(config, window, source, ledger, told)


def setting(config: ModelConfig) -> Setting:
    """What evaluating needs besides counts; Evidently only where a plan names it: loading takes seconds."""
    if not any(rule.measure.startswith("evidently:") for rule in config.plan):
        return Setting()
    from flows.evidently_report import measure

    return Setting(foreign=measure)
