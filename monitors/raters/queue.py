"""A review queue: which outputs of a window people are to read, drawn by rule and named by nothing but a key.

The key is a keyed hash of the output's id: whoever holds the key's secret, beside the source, can
say which output it is, and nobody who reads the ledger can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitors.acting import NotAccepted
from monitors.canonical import digest
from monitors.ledger import Entry, Ledger

QUEUE = "review_queue"
EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Output:
    """One output to read: the stratum it was drawn from, and what a judge model said of it (1, 0, or -1)."""

    stratum: str
    judged: int = -1


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many outputs of a window a stratum has, and how many of these a judge model flagged or did not."""

    rows: int
    flagged: int = 0
    unflagged: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """A drawn queue.

    Attributes:
        by: the sensitive column outputs were drawn by, "" where all were drawn alike.
        judge: the column of a judge model's flag, "" without one.
        asks: the question that judge and margin are about.
        margin: the share of outputs from which a yes to it is too often; None where nobody set one.
        strata: every stratum of the window, read or not.
        outputs: by key, in the order they are to be read.
    """

    key: str
    model: str
    version: str
    window: str
    by: str
    judge: str
    asks: str
    margin: float | None
    strata: Mapping[str, Stratum]
    outputs: Mapping[str, Output] = field(default_factory=dict)
    seq: int = 0

    @property
    def rows(self) -> int:
        """Outputs in the window."""
        return sum(stratum.rows for stratum in self.strata.values())

    @property
    def name(self) -> str:
        """What a queue is called: the same draw has the same name."""
        return f"Q-{digest([self.model, self.body()])[7:15]}"

    def body(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "window": self.window, "version": self.version, "by": self.by, "judge": self.judge,
            "asks": self.asks,
            "margin": self.margin,
            "strata": {n: [s.rows, s.flagged, s.unflagged] for n, s in self.strata.items()},
            "outputs": [[key, each.stratum, each.judged] for key, each in self.outputs.items()],
        }  # fmt: skip

    @classmethod
    def read(cls, entry: Entry) -> Queue:
        """Back from the ledger."""
        body = entry.body
        return cls(
            entry.key, str(entry.model), body["version"], body["window"], body["by"], body["judge"],
            body["asks"],
            body["margin"],
            {name: Stratum(*counts) for name, counts in body["strata"].items()},
            {key: Output(stratum, judged) for key, stratum, judged in body["outputs"]},
            entry.seq,
        )  # fmt: skip


def allotted(rows: Mapping[str, int], wanted: int) -> dict[str, int]:
    """How many to draw of each stratum: as many of each, and of a small one all there are.

    >>> allotted({"en": 600, "es": 40, "zh": 8}, 60)
    {'en': 26, 'es': 26, 'zh': 8}
    """
    drawn = dict.fromkeys(rows, 0)
    left = min(wanted, sum(rows.values()))
    while left:
        open_ = [name for name in sorted(rows) if drawn[name] < rows[name]]
        share = max(left // len(open_), 1)
        for name in open_:
            more = min(share, rows[name] - drawn[name], left)
            drawn[name] += more
            left -= more
    return drawn


def keep(ledger: Ledger, queue: Queue) -> Queue:
    """Write a queue down; drawn again the same, it is the one that is there."""
    if not queue.outputs:
        raise NotAccepted(f"{queue.window} holds no output to read")
    kept = ledger.append(
        QUEUE, queue.name, queue.body(), model=queue.model, version=queue.version, window=queue.window
    )
    return Queue.read(kept)


def queues(ledger: Ledger, model: str | None = None) -> list[Queue]:
    """Every queue, oldest first."""
    return [Queue.read(entry) for entry in ledger.entries(QUEUE, model=model)]


def find(ledger: Ledger, key: str) -> Queue:
    """A queue by its name. Raises NotAccepted."""
    entry = ledger.get(QUEUE, key)
    if entry is None:
        raise NotAccepted(f"there is no review queue {key[:40]!r}; `rounds review` lists them")
    return Queue.read(entry)
