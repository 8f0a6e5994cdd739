"""The eligible: how many of each group ought to have been scored, from a source of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows import source as sources
from flows.counting import Frozen, count
from flows.frame import Frame
from flows.source import Source
from monitors.columns import Columns
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.window import Window

Counts = dict[str, dict[str, int]]  # attribute to group to people; "" holds everyone
_KEPT = ("time", "sensitive", "site")


def view(config: ModelConfig) -> ModelConfig:
    """The config as the eligible are counted by: their source, the time and the groups, and no more."""
    nothing = {name: field.default for name, field in Columns.model_fields.items() if name not in _KEPT}
    facts: dict[str, Any] = {name: getattr(config, name) for name in ModelConfig.model_fields}
    facts |= {"source": config.eligible, "eligible": None, "joined": (), "outcome": None, "plan": ()}
    # Made anew and not copied: a copy would keep the digest of what it was copied from.
    return ModelConfig.model_construct(**facts | {"columns": config.columns.model_copy(update=nothing)})


def connect(config: ModelConfig, folder: Path) -> Source | None:
    """Open the source of the eligible; None where none is declared.

    Raises SourceInvalid or SourceUnavailable.
    """
    if config.eligible is None:
        return None
    try:
        return sources.connect(view(config), folder)
    except SourceInvalid as error:
        raise SourceInvalid(f"eligible: {error}") from error


def opened(rows: Source | Any, config: ModelConfig) -> Source:
    """A source as it is, or one over a table in memory."""
    return rows if hasattr(rows, "fingerprint") else Frame(rows, view(config))


def counted(config: ModelConfig, window: Window, source: Source) -> Counts:
    """How many were eligible in a window: everyone, and by group. No row is fetched.

    Raises:
        SourceInvalid: naming the column and the remedy, when the eligible cannot be counted.
    """
    try:
        profile = count(source.table(), view(config), window, Frozen({}, ()), where=source.name)
    except SourceInvalid as error:
        raise SourceInvalid(f"eligible: {error}") from error
    if profile.unreadable:
        subject, reason = next(iter(profile.unreadable.items()))
        raise SourceInvalid(f"eligible: {source.name}: {subject!r} holds {reason}")
    return {
        attribute: {group: int(cube.n[cube.member(group)].sum()) for group in cube.groups}
        for attribute, cube in profile.cubes.items()
    }
