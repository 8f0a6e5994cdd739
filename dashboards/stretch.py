"""A stretch of a model's windows, read for one page; and all of them, listed without being opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitors.audit import Audit, Stage, Verdict
from monitors.ledger import Entry, Recorded
from monitors.window import Window

SPAN = 30  # windows read about the one that is shown, unless a reader asks for more
SPANS = (SPAN, 120, 366)
AHEAD = 0.25  # the part of them that may lie after it


@dataclass(frozen=True, slots=True)
class Stretch:
    """Windows about one of them, oldest first.

    Attributes:
        history: as people may see them; place: where among them the one asked for is.
        span: how many at most; total: how many windows the model has; first, newest: the ends of all.
    """

    history: list[Recorded]
    place: int
    span: int
    total: int
    first: Window
    newest: Window

    @property
    def more(self) -> list[int]:
        """How many windows could be read instead, where the model has more than these."""
        return [n for n in SPANS if n != self.span and (n < self.span or self.total > self.span)]

    @property
    def beyond(self) -> list[Window]:
        """The first and the newest window of all, where they are not in this stretch; newest first."""
        inside = {recorded.audit.window for recorded in self.history}
        return [window for window in (self.newest, self.first) if window not in inside]


@dataclass(frozen=True, slots=True)
class Listed:
    """A line about one window, as people may see it. `outline` is its audit without findings."""

    outline: Audit
    at: datetime
    revision: int
    digest: str
    worst: Verdict

    @classmethod
    def of(cls, head: Entry, said: Mapping[str, Any]) -> Listed:
        """From an audit's entry, and what is kept in few words of its release."""
        stage: Stage = "outcome" if head.stage == "outcome" else "scored"
        outline = Audit(
            model=str(head.model), version=str(head.version), window=Window.parse(str(head.window)),
            stage=stage, rows=said["rows"], config=said["config"], reference=said["reference"],
            profile="", software=said["software"],
        )  # fmt: skip
        return cls(outline, head.at, int(head.summary["revision"]), head.digest, Verdict(said["worst"]))


def about(held: Sequence[object], at: int, span: int) -> range:
    """The places of the windows that are read about one of them."""
    end = min(len(held), at + int(span * AHEAD) + 1)
    return range(max(0, end - span), end)


def find(windows: Sequence[str], asked: str) -> int | None:
    """Where a window stands in a history; asked by `start/end`, or by its first day.

    Newest first: of two versions that saw the same window the later one is found.

    >>> find(["2026-01-05T00:00:00Z/2026-01-12T00:00:00Z"], "2026-01-05"), find([], "2026-01-05")
    (0, None)
    """
    try:
        wanted = str(Window.parse(asked))
    except ValueError:
        wanted = asked
    places = range(len(windows) - 1, -1, -1)
    return next((p for p in places if wanted in (windows[p], windows[p].partition("T")[0])), None)
