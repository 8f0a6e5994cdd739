"""One window of one model, from source to recorded audit; the same with or without a scheduler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from flows import eligible as eligibles
from flows.binning import freeze
from flows.counting import Frozen, count, untimed
from flows.earlier import with_slow_change
from flows.frame import Frame
from flows.periods import near
from flows.source import Source
from monitors import altered, multivariate
from monitors.audit import Audit, Stage
from monitors.calendar import Calendar, quietened
from monitors.canonical import digest
from monitors.config import FixedReference, ModelConfig
from monitors.cube import Cube
from monitors.errors import ConfigError
from monitors.evaluate import Setting, evaluate
from monitors.governance.registration import cited
from monitors.ledger import Ledger
from monitors.period import pooled
from monitors.profile import Profile
from monitors.raters import stock
from monitors.reference import Reference
from monitors.slow import watched
from monitors.turns import declared
from monitors.version import SOFTWARE
from monitors.window import Window

Told = Callable[[str], None]


def quietly(message: str) -> None:
    """Tell nobody."""


def step(
    config: ModelConfig,
    window: Window,
    source: Source | Any,
    *,
    stage: Stage | None = None,
    ledger: Ledger | None = None,
    setting: Setting | None = None,
    told: Told = quietly,
    eligible: Source | Any | None = None,
    calendar: Calendar | None = None,
) -> Audit:
    """Audit one window.

    Args:
        config: the model's declaration.
        window: which one; it must not overlap the reference.
        source: an open source, or a pandas, Polars or Arrow table.
        stage: "scored" leaves outcomes unread; "outcome" (the default where outcomes are named)
            takes them as matured.
        ledger: where the audit, its profile and the reference are kept; None keeps nothing.
        setting: the seed of chance, and Evidently where the plan names it.
        told: hears what is being done.
        calendar: what is left out of the reference, and of which windows nobody is called.
        eligible: who ought to be scored: an open source, or a table; where the config declares it.

    Raises:
        RoundsError: when the window cannot be audited at all; nothing is then recorded.
    """
    calendar = calendar or Calendar()
    opened = source if hasattr(source, "fingerprint") else Frame(source, config)
    try:
        refuse_overlap(config, window)
        stage = stage or ("outcome" if config.columns.awaits else "scored")
        if eligible is not None:
            eligible = eligibles.opened(eligible, config)
        reference = reference_for(config, window, opened, ledger, told, eligible, calendar)
        profile = _counted(config, window, opened, reference, stage)
        if eligible is not None:
            profile = replace(profile, eligible=eligibles.counted(config, window, eligible))
        if ledger is not None:
            profile = replace(profile, reviews=stock.of_window(ledger, config, window))
        source_digest = fingerprint(opened, eligible, window)
    finally:
        if opened is not source:
            opened.close()
    return concluded(
        config, profile, reference, stage, source=source_digest, ledger=ledger, setting=setting,
        calendar=calendar,
    )  # fmt: skip


def concluded(
    config: ModelConfig,
    profile: Profile,
    reference: Reference,
    stage: Stage,
    *,
    source: str,
    ledger: Ledger | None = None,
    setting: Setting | None = None,
    calendar: Calendar | None = None,
) -> Audit:
    """The audit of a window that has been counted, recorded where there is a ledger."""
    window = profile.window
    period = pooled(config, profile, stage, ledger) if ledger is not None else None
    setting = replace(setting or Setting(), period=period)
    audit = Audit(
        model=config.model,
        version=config.version,
        window=window,
        stage=stage,
        rows=profile.rows,
        config=config.digest,
        reference=reference.digest,
        profile=profile.digest,
        software=SOFTWARE,
        source=source,
        plan=cited(ledger, config.model, window) if ledger is not None else None,
        findings=(
            *evaluate(config, profile, reference, stage, setting),
            *(multivariate.kept(ledger, config, window) if ledger is not None else ()),
            *(altered.kept(ledger, config, window) if ledger is not None else ()),
        ),
    )
    if ledger is not None and ledger.get("config", config.digest) is None:
        said, version = declared(config), config.version
        ledger.append("config", config.digest, said, model=config.model, version=version)
    audit = quietened(audit, calendar or Calendar(), config.zone)
    audit = with_slow_change(audit, ledger, watched(config.rules()))
    # Where the ledger has said the same before, what it said stands.
    return ledger.record(audit, profile)[0].audit if ledger is not None else audit


def reference_for(
    config: ModelConfig,
    window: Window,
    source: Source,
    ledger: Ledger | None,
    told: Told = quietly,
    eligible: Source | None = None,
    calendar: Calendar | None = None,
) -> Reference:
    """The reference a window is compared with: from the ledger, or counted now and kept there."""
    period = config.reference_window(window)
    left_out = (calendar or Calendar()).excluded(config.model, period, config.zone)
    key = reference_key(config, period, left_out)
    if ledger is not None and (kept := ledger.get("reference", key)):
        return Reference.read(kept.body, kept.digest)
    told(f"counting the reference {period.start:%d %b %Y} to {period.end:%d %b %Y}")
    reference = freeze(source.table(), config, period, where=source.name, told=told, left_out=left_out)
    if eligible is not None:
        there = eligibles.counted(config, period, eligible)
        reference = replace(reference, profile=replace(reference.profile, eligible=there))
    if ledger is not None:
        ledger.append(
            "reference",
            key,
            reference.payload(),
            model=config.model,
            version=config.version,
            window=str(period),
        )
    return reference


def reference_key(config: ModelConfig, period: Window, left_out: Sequence[Window] = ()) -> str:
    """What a reference is kept under: everything that decides its counts, margins left out."""
    decides = {"source", "columns", "window", "timezone"}
    decides |= {name for name in ("eligible", "joined") if getattr(config, name)}
    facts = config.model_dump(mode="json", include=decides)
    shared = getattr(config.reference, "bins", None)
    more = [*([shared] if shared else []), *([[str(part) for part in left_out]] if left_out else [])]
    return digest([config.model, config.version, facts, str(period), *more])


def fingerprint(source: Source, eligible: Source | None, window: Window | None = None) -> str:
    """Of all that a window is counted from: another one means that the counts may be others."""
    own = source.fingerprint(window)
    return own if eligible is None else digest([own, eligible.fingerprint()])


@dataclass(frozen=True)
class Marks:
    """What a source is known by as it is now: as a whole, and by what it holds of a window."""

    source: Source
    eligible: Source | None = None

    @cached_property
    def whole(self) -> str:
        """Of all of it, worked out once."""
        return fingerprint(self.source, self.eligible)

    def hold(self, counted_from: str | None, window: Window) -> bool:
        """Whether what a window was counted from is there still, as it was."""
        return counted_from == self.whole or (counted_from == fingerprint(self.source, self.eligible, window))


def refuse_overlap(config: ModelConfig, window: Window) -> None:
    """Raise ConfigError where a window would be compared with itself."""
    period = config.reference_window(window)
    if period.overlaps(window):
        raise ConfigError(
            [
                (
                    f"reference: {period.start:%Y-%m-%d} to {period.end:%Y-%m-%d} overlaps the "
                    f"window {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}; audit windows "
                    f"outside the reference, or move it"
                )
            ]
        )


def overlapping(config: ModelConfig, window: Window) -> bool:
    """Whether a window overlaps its own reference."""
    try:
        refuse_overlap(config, window)
    except ConfigError:
        return True
    return False


def stage_at(config: ModelConfig, window: Window, moment: datetime) -> Stage:
    """Which stage a window has reached at a moment: outcomes count once all have matured."""
    if not config.columns.awaits or config.outcome is None:
        return "scored"
    matured = config.outcome.matures_after.after(window.end, config.zone)
    return "outcome" if matured <= moment else "scored"


def due(config: ModelConfig, moment: datetime, last: Window | None = None) -> list[tuple[Window, Stage]]:
    """What a run owes at the least: the last complete window, and the last whose outcomes matured.

    `last` is the last window whose data are there, where that is another than the last complete one.
    """
    last = last or config.grid.ending_by(moment)
    owed: list[tuple[Window, Stage]] = [(last, stage_at(config, last, moment))]
    if config.outcome is None or not config.columns.awaits or owed[0][1] == "outcome":
        return owed
    index = config.grid.index(last.start)
    while stage_at(config, earlier := config.grid.window(index), moment) != "outcome":
        index -= 1
    fixed = isinstance(config.reference, FixedReference)
    if not (fixed and config.reference_window(earlier).end > earlier.start):
        owed.insert(0, (earlier, "outcome"))
    return owed


def _counted(
    config: ModelConfig, window: Window, source: Source, reference: Reference, stage: Stage
) -> Profile:
    table = source.table()
    profile = count(
        table,
        config,
        window,
        Frozen(reference.bins, reference.score_edges),
        outcomes=stage == "outcome",
        where=source.name,
    )
    before = reference.profile.unreadable
    # What the reference could not count has nothing to be compared with.
    cubes = {a: Cube.of(a, ()) if a in before else cube for a, cube in profile.cubes.items()}
    said = {subject: f"in the reference, {reason}" for subject, reason in before.items()}
    untold = untimed(near(table, window, config), config.columns, source.name)
    said |= {**source.unread(), **profile.unreadable, **untold}
    return replace(profile, cubes=cubes, unreadable=said)
