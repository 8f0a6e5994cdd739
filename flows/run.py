"""Running a model's file: the windows it owes at a moment, each audited, recorded, and copied out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flows import eligible as eligibles
from flows import source as sources
from flows.home import Home
from flows.home import now as now  # those who run a model ask here for both
from flows.home import open_ledger as open_ledger
from flows.monitor import Told, due, quietly, refuse_overlap, stage_at, step
from flows.source import Source
from flows.telling import after_audits, channels_for
from monitors import glance
from monitors.audit import Audit, Stage
from monitors.config import ModelConfig
from monitors.errors import ConfigError, RoundsError
from monitors.evaluate import Setting
from monitors.ledger import Ledger
from monitors.reference import Reference
from monitors.release import keep, kept
from monitors.window import Window, moment

log = logging.getLogger("rounds")

Choose = Callable[[ModelConfig, datetime], list[tuple[Window, Stage]]]
Before = Callable[[ModelConfig, Window, Source, Ledger, Told], None]


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
    choose = span(moment(since), moment(until or at)) if since else last_complete if together else due
    before = _together if together else None
    return [asdict(d) for d in run(Path(path), place, choose, moment(at), told=log.info, before=before)]


def run(
    path: Path,
    home: Home,
    choose: Choose,
    at: datetime,
    *,
    copy: bool = True,
    told: Told = quietly,
    before: Before | None = None,
) -> Iterator[Round]:
    """Audit the chosen windows of a model's file, oldest first, one at a time.

    `before` is done for each window first, and may leave findings in the ledger for its audit.
    The record comes first: when MLflow is away the audit stands, and its copy is owed.
    """
    config = sources.read(path)
    channels = channels_for(path)
    chosen = choose(config, at)
    ledger = open_ledger(home)
    source = sources.connect(config, path.parent)
    eligible = eligibles.connect(config, path.parent)
    try:
        for window, stage in chosen:
            told(f"{config.model}: {window.start:%d %b %Y} to {window.end:%d %b %Y}")
            if before is not None:
                refuse_overlap(config, window)
                before(config, window, source, ledger, told)
            yield _one(config, window, stage, source, ledger, eligible)
            if copy:
                settle(config, ledger, home, told)
        after_audits(config, ledger, channels, now())
        glance.keep(ledger, config.model)
    finally:
        source.close()
        if eligible is not None:
            eligible.close()


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


def overlapping(config: ModelConfig, window: Window) -> bool:
    """Whether a window overlaps its own reference."""
    try:
        refuse_overlap(config, window)
    except ConfigError:
        return True
    return False


def _one(
    config: ModelConfig,
    window: Window,
    stage: Stage,
    source: Source,
    ledger: Ledger,
    eligible: Source | None = None,
) -> Round:
    before = len(ledger.entries("audit", model=config.model, window=str(window)))
    audit = step(
        config, window, source, stage=stage, ledger=ledger, setting=setting(config), eligible=eligible
    )
    after = len(ledger.entries("audit", model=config.model, window=str(window)))
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


def owed(config: ModelConfig, ledger: Ledger) -> list[Audit]:
    """Audits whose copy has not reached MLflow, oldest first."""
    held = {entry.key for entry in ledger.entries("copied", model=config.model)}
    return [r.audit for r in ledger.audits(config.model) if r.digest not in held]


def settle(config: ModelConfig, ledger: Ledger, home: Home, told: Told = quietly) -> int:
    """Send every owed copy, then mark it sent: a crash repeats, and never loses. Returns what is left."""
    pending = owed(config, ledger)
    for audit in pending:
        try:
            from flows.tracking import log_audit, page_of  # imports MLflow, which takes seconds

            shown = kept(ledger, audit)
            artifacts = _report(config, audit, ledger, home, told)
            run_id = log_audit(
                shown,
                config=config,
                ledger=ledger,
                tracking_uri=home.mlflow_uri,
                artifacts=artifacts,
            )
            page = page_of(run_id, home.mlflow_uri)
        except RoundsError as error:
            log.warning("the copy for MLflow is owed: %s", error)
            return len(owed(config, ledger))
        ledger.append(
            "copied",
            audit.digest,
            {"run_id": run_id, **({"page": page} if page else {})},
            model=audit.model,
            version=audit.version,
            window=str(audit.window),
            stage=audit.stage,
        )
    return 0


def _report(
    config: ModelConfig, audit: Audit, ledger: Ledger, home: Home, told: Told
) -> dict[str, bytes | Path]:
    """The Evidently report of a window, where the config asks for one; never a reason to fail."""
    if not _wants_report(config, audit, ledger):
        return {}
    profile = ledger.profile(audit.profile)
    reference = ledger.find("reference", audit.reference)
    if profile is None or reference is None:
        return {}
    from flows.evidently_report import report_window

    told(f"{config.model}: writing the Evidently report")
    return report_window(audit, config, Reference.read(reference.body), profile, home.evidently)


def _wants_report(config: ModelConfig, audit: Audit, ledger: Ledger) -> bool:
    """`always`, `never`, or when the data show something they did not show a window earlier."""
    if config.evidently.report != "on_change":
        return config.evidently.report == "always"
    earlier = ledger.audits(audit.model, before=audit.window.start, last=1)
    return news(audit) != (news(earlier[0].audit) if earlier else frozenset())


def news(audit: Audit) -> frozenset[tuple[str, str, str | None]]:
    """The data findings that are beyond their margin."""
    return frozenset(
        f.key
        for f in audit.findings
        if f.family in ("quality", "drift") and f.verdict == "beyond" and f.severity != "info"
    )
