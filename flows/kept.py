"""The id of something made elsewhere, kept in the ledger so that a retry finds it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitors.audit import Audit
from monitors.errors import LedgerError
from monitors.ledger import Ledger


def kept(
    ledger: Ledger,
    kind: str,
    stem: str,
    name: str,
    body: Mapping[str, str],
    *,
    audit: Audit,
    alive: Callable[[str], bool],
    lost: Callable[[], list[str]],
    create: Callable[[], str],
) -> str:
    """The one id known under this stem; found, adopted, or made now.

    Where the other side has no unique key of its own, a lost answer leaves a thing nobody
    knows, and two workers make two: so look before creating, and let the ledger decide.

    Args:
        ledger: whose unique key decides.
        kind: of the entries.
        stem: what the thing is for; a generation is added, since what was made may be deleted.
        name: what the id is called in the entry's body.
        body: what stands beside it.
        audit: whose model, version, window and stage the entry carries.
        alive: whether a known id still stands for something.
        lost: ids made for this stem whose answer never arrived.
        create: makes a new one and returns its id.
    """
    for generation in range(1, 1000):  # an entry is never changed
        key = f"{stem}|{generation}"
        entry = ledger.get(kind, key)
        if entry is None:
            identity = next(iter(lost()), None) or create()
            try:
                entry = ledger.append(
                    kind,
                    key,
                    {name: identity, **body},
                    model=audit.model,
                    version=audit.version,
                    window=str(audit.window),
                    stage=audit.stage,
                )
            except LedgerError:
                entry = ledger.get(kind, key)  # another worker was first
        if entry is not None and alive(str(entry.body[name])):
            return str(entry.body[name])
    raise LedgerError(f"{kind} {stem!r}: what is made is never there afterwards")
