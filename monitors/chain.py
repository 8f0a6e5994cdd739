"""The chain: what an entry's hash covers, how its body is kept, and whether a whole ledger still holds."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from monitors.canonical import digest
from monitors.entry_table import LEAVES, REMOVED
from monitors.errors import LedgerError
from monitors.removal import Gone, named

GENESIS = "sha256:" + "0" * 64
Row = Mapping[str, Any]
_LINKED = ("seq", "at", "kind", "key", "model", "version", "window", "stage", "summary", "digest", "previous")


@dataclass(frozen=True, slots=True)
class Checked:
    """A chain that holds: its entries, and by rule how many bodies were let go."""

    entries: int
    removed: Mapping[str, int]


def hashed(row: Row) -> str:
    """The hash of an entry: over all of it but the body, whose digest stands for it, and the one before."""
    return digest({name: row[name] for name in _LINKED})


def ending(window: str | None) -> str | None:
    """The end of a window, as it stands in an entry."""
    return (window or "").partition("/")[2] or None


def packed(text: str) -> bytes:
    """A body, as canonical JSON, as it is kept."""
    return zlib.compress(text.encode(), 6)


def unpacked(row: Row, said: Callable[[], str]) -> Any:
    """A body as it was given; of one that was let go, what refuses to be read and says why."""
    if not row["body"] and row["kind"] in LEAVES:
        return Gone(said)
    try:
        return from_json(zlib.decompress(row["body"]))  # in half the time of the standard library's
    except (zlib.error, ValueError):
        raise altered(row) from None


def altered(row: Row) -> LedgerError:
    """The refusal of an entry that does not hold."""
    return LedgerError(f"entry {row['seq']} ({row['kind']} {row['key']}) was altered")


def check(rows: Iterable[Row]) -> Checked:
    """Walk the whole chain, oldest first.

    A body may be gone only where a later entry `removed` names its number, kind and digest.

    Raises LedgerError naming the first entry that does not hold.
    """
    previous, count = GENESIS, 0
    gone: dict[int, tuple[str, str, str]] = {}
    removed: Counter[str] = Counter()
    for row in rows:
        count += 1
        emptied = not row["body"] and row["kind"] in LEAVES
        body: Any = None if emptied else unpacked(row, str)
        sound = (
            row["seq"] == count
            and row["previous"] == previous
            and row["window_end"] == ending(row["window"])
            and (emptied or digest(body) == row["digest"])
            and hashed(row) == row["hash"]
        )
        if not sound:
            raise altered(row)
        if emptied:
            gone[count] = row["kind"], row["digest"], row["key"]
        if row["kind"] == REMOVED:
            for seq, kind, content in named(body):
                if gone.get(seq, ("", "", ""))[:2] == (kind, content):
                    del gone[seq]
                    removed[str(body["rule"])] += 1
        previous = row["hash"]
    if gone:
        first = min(gone)
        kind, _, key = gone[first]
        raise LedgerError(
            f"entry {first} ({kind} {key}) was altered: its body is gone, and no entry says that a rule "
            f"let it go"
        )
    return Checked(count, dict(removed))
