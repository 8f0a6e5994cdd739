"""Counts: a window's own, its reference's and earlier ones of it, for the charts that no finding holds.

Read as they are asked for, a column or an attribute at a time, and as plain numbers: what is drawn is
some hundred cells, and a library of arrays would take the server more memory than all its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

from monitors import views
from monitors.audit import Verdict
from monitors.columns import ScoreAtLeast
from monitors.config import ModelConfig
from monitors.histogram import Histogram
from monitors.ledger import Ledger, Recorded

HELD = 64  # drawn columns and attributes kept in memory, of a few hundred numbers each
Drawn = views.Overlaid | views.ByGroup | None
Body = Mapping[str, Any]


@dataclass
class Counts:
    """What charts are drawn from. What was worked out is kept until the ledger grows."""

    ledger: Ledger
    configs: Mapping[str, ModelConfig]
    _held: dict[tuple[str, ...], Drawn] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def overlaid(self, recorded: Recorded, column: str) -> views.Overlaid | None:
        """A column now and in the reference, as people may see it; None where they may not."""
        config = self.configs.get(recorded.audit.model)
        subject = "score" if config and column == config.columns.score else column
        said = [f for f in recorded.audit.findings if f.subject == subject and f.group is None]
        if not said or all(f.verdict is Verdict.WITHHELD for f in said):
            return None
        found = self._kept(recorded, "column", column, partial(self._overlaid, recorded, column))
        return found if isinstance(found, views.Overlaid) else None

    def by_group(self, recorded: Recorded, attribute: str) -> views.ByGroup | None:
        """How scores and outcomes go together by group, as people may see it; None where they may not."""
        found = self._kept(recorded, "attribute", attribute, partial(self._by_group, recorded, attribute))
        return found if isinstance(found, views.ByGroup) else None

    def removed(self, recorded: Recorded) -> str | None:
        """What is said where a window's counts or its reference's were let go; None where they stand."""
        named = {"profile": recorded.audit.profile, "reference": recorded.audit.reference}
        gone = next(filter(None, (self.ledger.emptied(*each) for each in named.items())), None)
        return gone.body.said if gone else None

    def _kept(self, recorded: Recorded, kind: str, name: str, work: Callable[[], Drawn]) -> Drawn:
        key = (self.ledger.head(), recorded.digest, kind, name)
        with self._lock:
            if key in self._held:
                return self._held[key]
        found = work()
        with self._lock:
            self._held[key] = found
            while len(self._held) > HELD:
                del self._held[next(iter(self._held))]
        return found

    def _overlaid(self, recorded: Recorded, column: str) -> views.Overlaid | None:
        mine, others = self._profiles(recorded)
        reference = self.ledger.find("reference", recorded.audit.reference) if mine else None
        if mine is None or reference is None or reference.gone:
            return None
        bodies = (mine, reference.body["profile"], *others)
        read = [each["histograms"].get(column) for each in bodies]
        if read[0] is None or read[1] is None:
            return None
        now, then, *before = [Histogram.read(each) for each in read if each is not None]
        return views.overlaid(now, then, before)

    def _by_group(self, recorded: Recorded, attribute: str) -> views.ByGroup | None:
        mine, others = self._profiles(recorded)
        # Counted twice with outcomes, the two could be set against each other.
        again = any(row[1] >= 0 for each in others for row in _rows(each, "") or ())
        rows = None if mine is None or again else _rows(mine, attribute)
        if mine is None or rows is None:
            return None
        config = self.configs.get(recorded.audit.model)
        decision = config.columns.decision if config else None
        threshold = decision.score_at_least if isinstance(decision, ScoreAtLeast) else None
        return views.of_rows(rows, mine["score_edges"], recorded.audit, attribute, threshold)

    def _profiles(self, recorded: Recorded) -> tuple[Body | None, list[Body]]:
        """A window's counts, and other counts of the same window."""
        audit = recorded.audit
        same = self.ledger.entries("profile", model=audit.model, window=str(audit.window))
        mine = next((e for e in same if e.key == audit.profile), None)
        others = [e for e in same if e is not mine and e.version == audit.version]
        # Of what another count of this window told nothing can be looked up once it is gone.
        if mine is None or mine.gone or any(entry.gone for entry in others):
            return None, []
        return mine.body, [entry.body for entry in others]


def _rows(profile: Body, attribute: str) -> list[Any] | None:
    """An attribute's rows, as its cube keeps them; None where it was not counted."""
    cube = profile["cubes"].get(attribute)
    return None if cube is None else list(cube["rows"])
