"""Anchors: heads of the ledger kept where its operator cannot write, against which it is held later.

A chain shows that no entry was altered. Whoever holds the whole file can still cut off its end, or
write the chain anew from some entry on; only a head that was kept elsewhere shows that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors.chain import Checked
from monitors.errors import LedgerError
from monitors.ledger import GENESIS, Ledger
from monitors.window import utc

_LINE = re.compile(r"(?:(?P<length>\d+)\s+)?(?P<head>sha256:[0-9a-f]{64})(?:\s+(?P<at>\S+))?")

PROVES = (
    "These are the bytes that were written, in this order: no entry was altered, taken out or moved.",
    "Up to each anchor that was given, nothing was cut off and the chain was not written anew.",
    "A signature shows that whoever holds that key signed the ledger as it stood at that entry.",
)
PROVES_NOT = (
    "That what was written is true: it shows the record was kept, not that the data behind it were right.",
    "Anything after the last anchor: those entries may have been cut off or written anew.",
    "Who typed a name: unless a signature is by a key of theirs, a name is what a form or a login said.",
    "That nothing was left out: what was never written is not missed.",
)
LET_GO = "What a retention rule let go is named by an entry: which, when, under which rule, and its digest."
UNANCHORED = "That nothing was cut off or written anew: keep the head elsewhere, and give it with --anchor."


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head as it was kept, with the number of entries there were and when, where that was kept too."""

    head: str
    length: int | None = None
    at: str | None = None

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.length, self.head, self.at) if part is not None)


def parse(text: str) -> tuple[Anchor, ...]:
    """The anchors of a file: one a line, "ENTRIES HEAD WHEN" or the head alone; "#" begins a remark.

    >>> parse("# kept by the privacy office" + chr(10) + "7 sha256:" + "a" * 64)[0].length
    7
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        match = _LINE.fullmatch(said)
        if match is None:
            raise LedgerError(
                f"line {number} is no anchor; one is ENTRIES sha256:… WHEN, as `rounds verify` prints it"
            )
        length = match["length"]
        found.append(Anchor(match["head"], int(length) if length else None, match["at"]))
    return tuple(found)


def anchor(ledger: Ledger, at: datetime) -> Anchor:
    """The ledger as it stands now, to be kept elsewhere."""
    head = ledger.head()
    return Anchor(head, ledger.place(head) or 0, utc(at))


def shown(anchored: bool, signed: bool, removed: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a verification that held proves, and what it does not."""
    first = (PROVES[0], *([LET_GO] if removed else []))
    proved = (*first, *(PROVES[1:2] if anchored else ()), *(PROVES[2:] if signed else ()))
    return proved, PROVES_NOT if anchored else (UNANCHORED, PROVES_NOT[0], *PROVES_NOT[2:])


def hold(ledger: Ledger, anchors: Sequence[Anchor], least: int = 0) -> Checked:
    """Check the chain and hold it against anchors; returns its entries, and what was let go.

    Raises LedgerError where an entry was altered, where an anchored head is not in its place, and
    where there are fewer entries than `least` or than an anchor counted.
    """
    checked = ledger.checked()
    count = checked.entries
    wanted = max([least, *(a.length or 0 for a in anchors)])
    if count < wanted:
        raise LedgerError(
            f"the ledger has {count} entries where there were {wanted}: entries were cut off or rewritten"
        )
    for kept in anchors:
        if kept.head == GENESIS:
            continue  # kept before anything was written
        place = ledger.place(kept.head)
        if place is None or kept.length not in (None, place):
            raise LedgerError(f"{kept} is not in this ledger: entries were cut off or rewritten")
    return checked
