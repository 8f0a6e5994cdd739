"""The ledger: the append-only record of what Rounds saw; everything after it can be repeated from it.

One table of entries, each holding the hash of the one before it. An entry's `key` is unique
within its kind, so a rerun, a retry or two workers that race leave one entry, not two.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc

from monitors import chain, entry_table, restated
from monitors.audit import Audit, Stage
from monitors.canonical import canonical, digest, digest_of
from monitors.chain import GENESIS as GENESIS
from monitors.chain import Checked, Row
from monitors.errors import LedgerError, LedgerUnavailable
from monitors.heads import LIGHT, audited, awaiting, lacking, light, newest, places, standing
from monitors.removal import Gone, told
from monitors.window import moment, utc

if TYPE_CHECKING:
    from monitors.profile import Profile

STAGES: tuple[Stage, ...] = ("scored", "outcome")
_TRIES = 50  # racing writers append one after the other; each loss is one more try
_FEW = 50  # models asked for by name; of more all are read
_TOGETHER = 500  # bodies asked for at once
_entries = entry_table.entries


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `body` is decoded, `Gone` where it was let go; `summary` is quick to read."""

    seq: int
    at: datetime
    kind: str
    key: str
    model: str | None
    version: str | None
    window: str | None
    window_end: str | None
    stage: str | None
    summary: Mapping[str, Any]
    body: Any
    digest: str
    previous: str
    hash: str

    @property
    def gone(self) -> bool:
        """Whether a retention rule let its body go; reading it then raises Removed."""
        return isinstance(self.body, Gone)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An audit as it stands in the ledger, when and as which entry; `revision` counts from 1."""

    audit: Audit
    at: datetime
    revision: int
    digest: str
    seq: int = 0


class Ledger:
    """Opens, and where it is new creates, the ledger at a database URL.

    >>> from datetime import UTC
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: datetime(2026, 1, 5, tzinfo=UTC))
    >>> ledger.append("note", "a", {"said": "hello"}).seq, ledger.append("note", "a", {"said": "hello"}).seq
    (1, 1)
    """

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self.url = url
        self._now = now
        self._engine = entry_table.opened(url)
        weakref.finalize(self, entry_table.let_go, self._engine)  # when nobody asks any more
        try:
            entry_table.make(self._engine)
        except exc.OperationalError as error:
            shown = self._engine.url.render_as_string(hide_password=True)
            raise LedgerUnavailable(f"{shown}: the ledger cannot be opened: {error.orig}") from None

    def append(
        self,
        kind: str,
        key: str,
        body: Any,
        *,
        model: str | None = None,
        version: str | None = None,
        window: str | None = None,
        stage: str | None = None,
        summary: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Write one entry, or find the one that is already there under this kind and key.

        Raises LedgerError when the key is taken by a different body.
        """
        text = canonical(body)
        content = digest_of(text)
        row: dict[str, Any] = {
            "kind": kind,
            "key": key,
            "model": model,
            "version": version,
            "window": window,
            "window_end": chain.ending(window),
            "stage": stage,
            "summary": canonical(dict(summary or {})),
            "body": chain.packed(text),
            "digest": content,
        }
        for _ in range(_TRIES):
            if found := self.get(kind, key):
                if found.digest != content:
                    raise LedgerError(f"{kind} {key!r} is already in the ledger with another body")
                return found
            try:
                with entry_table.reached(self._engine), self._engine.begin() as connection:
                    last = connection.execute(
                        sa.select(_entries.c.seq, _entries.c.hash).order_by(_entries.c.seq.desc()).limit(1)
                    ).first()
                    seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
                    row |= {"seq": seq + 1, "at": utc(self._now()), "previous": previous}
                    row["hash"] = chain.hashed(row)
                    connection.execute(sa.insert(_entries).values(**row))
            except exc.IntegrityError:
                continue  # another writer took this place in the chain, or this very key
            return self._entry(row)
        raise LedgerError(f"{kind} {key!r} could not be written: too many writers at once")

    def get(self, kind: str, key: str) -> Entry | None:
        """The entry under that kind and key, or None."""
        found = list(self._select((_entries.c.kind == kind) & (_entries.c.key == key)))
        return found[0] if found else None

    def several(self, kind: str, keys: Sequence[str], *, bodies: bool = True) -> Iterator[Entry]:
        """The entries of a kind under these keys, those that are there, each read as it is asked for.

        A body, as plain values, takes several times the place of what is made of it.
        """
        for start in range(0, len(keys), _TOGETHER):
            wanted = _entries.c.key.in_(keys[start : start + _TOGETHER])
            yield from self._select((_entries.c.kind == kind) & wanted, bodies=bodies)

    def find(self, kind: str, content: str) -> Entry | None:
        """The first entry of a kind whose body has this digest, or None."""
        found = list(self._select((_entries.c.kind == kind) & (_entries.c.digest == content)))
        return found[-1] if found else None

    def emptied(self, kind: str, content: str) -> Entry | None:
        """An entry whose body, of this digest, a retention rule let go; None where it stands or never was."""
        empty = sa.func.length(_entries.c.body) == 0
        return next(self._select((_entries.c.kind == kind) & (_entries.c.digest == content) & empty, 1), None)

    def place(self, chain_hash: str) -> int | None:
        """The number of the entry with this hash; None where no entry has it."""
        query = sa.select(_entries.c.seq).where(_entries.c.hash == chain_hash)
        with self._reading() as connection:
            return connection.scalar(query)

    def entries(
        self,
        kind: str,
        *,
        model: str | None = None,
        window: str | None = None,
        before: datetime | None = None,
        last: int | None = None,
        bodies: bool = True,
    ) -> list[Entry]:
        """Entries of a kind, oldest first; `before` bounds the window's end, `last` the number.

        Without `bodies` they are quick to read, however large; their hashes, which stand behind
        the bodies, are then left empty as well.
        """
        where = _entries.c.kind == kind
        if model is not None:
            where &= _entries.c.model == model
        if window is not None:
            where &= (_entries.c.window == window) & (_entries.c.window_end == chain.ending(window))
        if before is not None:
            where &= _entries.c.window_end <= utc(before)
        return list(self._select(where, last, bodies=bodies))[::-1]

    def record(self, audit: Audit, profile: Profile) -> tuple[Recorded, bool]:
        """Write an audit with its profile; the second value says whether it is new.

        The same audit again changes nothing, also when the source was written anew or has grown
        beyond the window since, or a plan was approved since: what was counted there is the same. A
        different one for the same model, version, window and stage becomes the next revision and
        supersedes the earlier.
        """
        stem = f"{audit.model}|{audit.version}|{audit.window}|{audit.stage}"
        self.append(
            "profile",
            profile.digest,
            profile.payload(),
            model=audit.model,
            version=audit.version,
            window=str(audit.window),
        )
        body = audit.payload()
        for revision in range(1, _TRIES * 100):
            key = f"{stem}|{revision}"
            later = self.get("audit", f"{stem}|{revision + 1}")
            found = self.get("audit", key)
            if found and not later and _counted(found.body) == _counted(body):
                standing = replace(audit, source=found.body["source"], plan=found.body.get("plan"))
                return Recorded(standing, found.at, revision, found.digest, found.seq), False
            if found:
                continue
            try:
                entry = self.append(
                    "audit",
                    key,
                    body,
                    model=audit.model,
                    version=audit.version,
                    window=str(audit.window),
                    stage=audit.stage,
                    summary=restated.of_audit(audit, revision, self.superseded(audit)),
                )
            except LedgerError:
                continue  # a racing worker wrote this revision with other counts
            return Recorded(audit, entry.at, revision, entry.digest, entry.seq), True
        raise LedgerError(f"audit {stem!r} has too many revisions")

    def superseded(self, audit: Audit, before: int | None = None) -> Audit | None:
        """What stood for a window before an audit, at whatever stage: the last written; None at first.

        `before` is the audit's own place in the ledger, where it has one.
        """
        held = self.entries("audit", model=audit.model, window=str(audit.window))
        earlier = [e for e in held if e.version == audit.version and (before is None or e.seq < before)]
        return _recorded(max(earlier, key=lambda e: e.seq)).audit if earlier else None

    def audits(
        self, model: str, *, before: datetime | None = None, last: int | None = None
    ) -> list[Recorded]:
        """One audit a window, oldest first: its latest revision at its furthest stage.

        `before` keeps windows that ended by that moment: history means before this window,
        or a backfill would alert differently from a live run.
        """
        return self.read(self.heads(model, before=before, last=last))

    def read(self, heads: Sequence[Entry]) -> list[Recorded]:
        """The audits of these heads, in their order."""
        found: dict[int, Recorded] = {}
        for start in range(0, len(heads), _TOGETHER):
            wanted = [head.seq for head in heads[start : start + _TOGETHER]]
            # Each is read as it comes: its body, as plain values, takes several times the place.
            found |= {e.seq: _recorded(e) for e in self._select(_entries.c.seq.in_(wanted))}
        return [found[head.seq] for head in heads]

    def heads(
        self,
        model: str | None = None,
        *,
        before: datetime | None = None,
        since: datetime | None = None,
        last: int | None = None,
    ) -> list[Entry]:
        """Like `audits` but without bodies, for one model or all: quick, whatever the history.

        `since` leaves out windows that ended by that moment; `last` is of each model.
        """
        with self._reading() as connection:
            found = light(connection, standing(connection, model, before, since, last))
        return [self._entry(row) for row in found]

    def places(self, model: str) -> list[tuple[int, str]]:
        """Number and window of each audit of a model that stands, oldest first: the quickest there is."""
        with self._reading() as connection:
            return places(connection, model)

    def awaiting(self, model: str) -> datetime | None:
        """When the oldest window of a model ended whose outcomes are not counted; None: none waits."""
        with self._reading() as connection:
            ended = awaiting(connection, model)
        return moment(ended) if ended else None

    def those(self, seqs: Sequence[int], *, bodies: bool = False) -> list[Entry]:
        """The entries with these numbers, in their order; without bodies unless they are asked for."""
        if bodies:
            parts = (seqs[start : start + _TOGETHER] for start in range(0, len(seqs), _TOGETHER))
            found = {each.seq: each for part in parts for each in self._select(_entries.c.seq.in_(part))}
            return [found[seq] for seq in seqs]
        with self._reading() as connection:
            return [self._entry(row) for row in light(connection, seqs)]

    def lacking(self, kind: str) -> int:
        """How many audits as they stand have no entry of a kind under their digest."""
        with self._reading() as connection:
            return lacking(connection, kind)

    def newest(self, kind: str, model: str | None = None, *, after: int = 0) -> dict[str, int]:
        """The last entry's number by model, of a kind; of entries written `after` that number alone."""
        with self._reading() as connection:
            return newest(connection, kind, model, after)

    def latest(self, kind: str, models: Sequence[str]) -> Iterator[Entry]:
        """The last entry of a kind of each of these models, each read as it is asked for."""
        newest = sa.select(sa.func.max(_entries.c.seq)).where(_entries.c.kind == kind)
        if len(models) <= _FEW:
            newest = newest.where(_entries.c.model.in_(models))
        found = self._select(_entries.c.seq.in_(newest.group_by(_entries.c.model))) if models else ()
        yield from (entry for entry in found if entry.model in models)

    def models(self) -> list[str]:
        """Every model with an audit, in alphabetical order."""
        with self._reading() as connection:
            return audited(connection)

    def profile(self, profile_digest: str) -> Profile | None:
        """A profile by its digest; None where it is not there, or was let go."""
        from monitors.profile import Profile  # whoever reads no counts loads no arrays for them

        entry = self.get("profile", profile_digest)
        return Profile.read(entry.body) if entry and not entry.gone else None

    def last(self) -> Entry | None:
        """The last entry; None where nothing was ever written."""
        newest = sa.select(sa.func.max(_entries.c.seq)).scalar_subquery()
        return next(self._select(_entries.c.seq == newest), None)

    def head(self) -> str:
        """The hash of the last entry; what an anchor outside keeps."""
        with self._reading() as connection:
            query = sa.select(_entries.c.hash).order_by(_entries.c.seq.desc()).limit(1)
            return connection.scalar(query) or GENESIS

    def verify(self) -> int:
        """Check every entry's digest, hash and link, as `checked`; returns how many there are."""
        return self.checked().entries

    def checked(self) -> Checked:
        """Check every entry; also says how many bodies were let go by which rule.

        Raises LedgerError naming the first entry that does not hold.
        """
        with self._reading() as connection:
            rows = connection.execute(sa.select(_entries).order_by(_entries.c.seq)).mappings()
            return chain.check(dict(row) for row in rows)

    @property
    def engine(self) -> sa.Engine:
        """The database, for what writes beside the chain: a body that is let go."""
        return self._engine

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with entry_table.reached(self._engine), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def _select(
        self, where: sa.ColumnElement[bool], last: int | None = None, *, bodies: bool = True
    ) -> Iterator[Entry]:
        columns = list(_entries.c) if bodies else [_entries.c[name] for name in LIGHT]
        query = sa.select(*columns).where(where)
        order = (_entries.c.window_end.desc(), _entries.c.seq.desc())
        with self._reading() as connection:
            for row in connection.execute(query.order_by(*order).limit(last)).mappings():
                yield self._entry(dict(row))

    def _entry(self, row: Row) -> Entry:
        body = chain.unpacked(row, lambda: self._said(row)) if "body" in row else None
        named = {name: row.get(name, "") for name in Entry.__slots__ if name not in ("at", "summary", "body")}
        return Entry(**named, at=moment(row["at"]), summary=json.loads(row["summary"]), body=body)

    def _said(self, row: Row) -> str:
        said = told(self._engine, row)
        if said is None:
            raise chain.altered(row)
        return said


def _counted(body: Mapping[str, Any]) -> str:
    return digest({name: value for name, value in body.items() if name not in ("source", "plan")})


def _recorded(entry: Entry) -> Recorded:
    revision = int(entry.summary["revision"])
    return Recorded(Audit.read(entry.body, entry.digest), entry.at, revision, entry.digest, entry.seq)
