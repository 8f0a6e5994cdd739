"""A reference: the period a model is compared with, counted once and kept by digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from monitors.canonical import digest
from monitors.histogram import Bins
from monitors.profile import Profile


@dataclass(frozen=True)
class Reference:
    """The counts of the reference period, whole and window by window.

    `blocks` are the profiles of windows inside the period, oldest first; what they differ by
    among themselves is what the reference does by itself from one window to the next.
    """

    profile: Profile
    blocks: tuple[Profile, ...] = ()

    @cached_property
    def digest(self) -> str:
        """The name it is kept under."""
        return digest(self.payload())

    @property
    def bins(self) -> dict[str, Bins]:
        """The frozen bins, by column."""
        return {column: held.bins for column, held in self.profile.histograms.items()}

    @property
    def score_edges(self) -> tuple[float, ...]:
        """The frozen edges of the score cells."""
        return self.profile.score_edges

    def payload(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "schema": 1,
            "profile": self.profile.payload(),
            "blocks": [block.payload() for block in self.blocks],
        }

    @classmethod
    def read(cls, payload: Mapping[str, Any], recorded: str | None = None) -> Reference:
        """Back from plain values, and the digest they were kept under."""
        made = cls(
            Profile.read(payload["profile"]),
            tuple(Profile.read(block) for block in payload["blocks"]),
        )
        if recorded is not None:
            made.__dict__["digest"] = recorded  # where its property keeps it: a copy has its own
        return made
