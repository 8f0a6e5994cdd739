"""Assessed: a period of one model version as a committee's report is written from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.ledger import Entry
from monitors.metric import Estimate
from monitors.window import Window

if TYPE_CHECKING:
    from monitors.profile import Profile
    from monitors.reference import Reference

Edition = Literal["restricted", "shareable"]
Place = tuple[str, str, str | None]
"""(measure, subject, group)."""


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """A period of one model version, as a committee's report is written from it.

    Attributes:
        audit: as judged; shown: as the edition's readers may see it.
        profile, reference: the counts behind it; in the shareable edition pooled as approved.
        parts: the windows added up, oldest first, where there is more than one.
        values: what everyone and each shown group has itself, with 95 % limits.
        before: the same in the reference; an attribute stands there with all its groups or not at all.
        history: the windows up to the period's end as people may see them, for what changed over time.
        pools: by attribute, the groups that approved pools hold.
        entry: where the last window's audit stands in the ledger.
        again: whether a window was counted with outcomes before, otherwise than now: drawn bands of
            scores could be set against those drawn then.
        aside: whether a handful without score, decision or outcome is left out.
        earlier: the windows of the releases that this one was set against.
    """

    config: ModelConfig
    edition: Edition
    audit: Audit
    shown: Audit
    profile: Profile
    reference: Reference
    parts: tuple[Profile, ...]
    values: Mapping[Place, Estimate]
    before: Mapping[Place, Estimate]
    history: tuple[Audit, ...]
    pools: Mapping[str, Mapping[str, tuple[str, ...]]]
    entry: Entry
    aside: bool = False
    again: bool = False
    earlier: tuple[str, ...] = ()

    @property
    def window(self) -> Window:
        """The period."""
        return self.audit.window
