"""Periods: windows that people approved to be counted together, one after another and never overlapping.

Sums that roll forward by one window tell, subtracted from each other, of single windows; so a
period is fixed by the grid, and its sum is told once, in the window that ends it.
"""

from __future__ import annotations

from dataclasses import replace

from monitors.audit import Stage
from monitors.config import ModelConfig
from monitors.ledger import STAGES, Ledger
from monitors.profile import Profile
from monitors.window import Window


def period_of(config: ModelConfig, window: Window) -> tuple[Window, ...]:
    """The windows of the period that a window lies in, oldest first; none where no period was approved.

    A window that is not on the model's grid lies in none.
    """
    many = config.pooling.periods if config.pooling else None
    at = config.grid.index(window.start)
    if many is None or config.grid.window(at) != window:
        return ()
    first = at - at % many
    return tuple(config.grid.window(i) for i in range(first, first + many))


def pooled(config: ModelConfig, profile: Profile, stage: Stage, ledger: Ledger) -> Profile | None:
    """The period that ends with this window, its cubes added up from the ledger; None in any other window.

    None as well where a window of the period is not recorded at this stage, or was counted on
    other groups or score cells.
    """
    windows = period_of(config, profile.window)
    if not windows or windows[-1] != profile.window:
        return None
    between = ledger.heads(config.model, since=windows[0].start, before=profile.window.start)
    heads = {h.window: h for h in between if h.version == config.version}
    whole = profile
    for window in reversed(windows[:-1]):
        head = heads.get(str(window))
        if head is None or head.stage is None or STAGES.index(_stage(head.stage)) < STAGES.index(stage):
            return None
        recorded = ledger.get(head.kind, head.key)
        before = ledger.profile(recorded.body["profile"]) if recorded else None
        if before is None or not _alike(before, whole):
            return None
        cubes = {attribute: before.cubes[attribute] + cube for attribute, cube in whole.cubes.items()}
        whole = replace(
            whole, window=Window(window.start, whole.window.end), rows=before.rows + whole.rows, cubes=cubes
        )
    return whole


def _stage(name: str) -> Stage:
    return "outcome" if name == "outcome" else "scored"


def _alike(one: Profile, other: Profile) -> bool:
    return one.cubes.keys() == other.cubes.keys() and one.score_edges == other.score_edges
