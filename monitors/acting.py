"""Acting on alerts: what stands open, and what people said to it; all of it entries of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitors.canonical import digest
from monitors.errors import LedgerError, RoundsError
from monitors.heads import keyed
from monitors.ledger import Entry, Ledger
from monitors.notice import Notice
from monitors.window import moment, utc

LONGEST_SILENCE = timedelta(days=7)
_OVER = "|resolved"  # what the key of an alert's end ends in
LONGEST_TEXT = 500  # characters of a name or a reason: long enough to say why, too short for a case note


class NotAccepted(RoundsError):
    """What a person asked for cannot be done; it says what can."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody said to an alert, and when."""

    by: str
    reason: str
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """A stretch of time in which nobody is told of a check, or of a model that is being changed.

    Attributes:
        model: which model; check: one check of it, None for all of them, as in a planned change.
        start, mark: since when it holds; who said so, why, and until when.
    """

    model: str
    check: str | None
    start: datetime
    mark: Mark

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at a moment."""
        return self.start <= at and not self.over(at)

    def over(self, at: datetime) -> bool:
        """Whether it has run out."""
        return self.mark.until is not None and self.mark.until <= at


@dataclass(frozen=True, slots=True)
class Held:
    """One alert as it stands at a moment.

    Attributes:
        notice: what it last said; raised: when it was first written, closed: when it was over.
        acknowledged, not_useful: what was said to it; silenced: the silence in force now.
        lapsed: how many silences over it have run out.
    """

    notice: Notice
    raised: datetime
    closed: datetime | None = None
    acknowledged: Mark | None = None
    silenced: Mark | None = None
    not_useful: Mark | None = None
    lapsed: int = 0

    @property
    def key(self) -> str:
        """What people call it by."""
        return self.notice.key

    @property
    def state(self) -> str:
        """Where it belongs on the page: open, acknowledged, silenced or history."""
        if self.closed is not None:
            return "history"
        if self.silenced is not None:
            return "silenced"
        return "acknowledged" if self.acknowledged is not None else "open"


def raised(ledger: Ledger, notice: Notice, window: str) -> Entry:
    """Write an alert's beginning or end; written again it stays as it was first said."""
    key = f"{notice.key}|{notice.status}"
    if found := ledger.get("alert", key):
        return found
    try:
        return ledger.append("alert", key, notice.payload(), model=notice.model, window=window)
    except LedgerError:  # another worker said it in other words
        if found := ledger.get("alert", key):
            return found
        raise


def held(ledger: Ledger, at: datetime, but: Collection[str] = ()) -> list[Held]:
    """Every alert there ever was `but` those with these keys, newest first, as it stands at a moment."""
    said = {kind: _by_key(ledger.entries(kind)) for kind in ("acknowledged", "not_useful")}
    silences = quiet(ledger)
    found: dict[str, Held] = {}
    said_of = keyed(ledger.engine, "alert")
    wanted = sorted(seq for key, seq in said_of.items() if key.rpartition("|")[0] not in but)
    for entry in ledger.those(wanted, bodies=True):
        notice = Notice.read(entry.body)
        before = found.get(notice.key)
        over = entry.at if notice.ends else None
        now, lapsed = _silences(silences, notice, at)
        found[notice.key] = Held(
            notice,
            before.raised if before else entry.at,
            over or (before.closed if before else None),
            said["acknowledged"].get(notice.key),
            now,
            said["not_useful"].get(notice.key),
            lapsed,
        )
    return sorted(found.values(), key=lambda h: (h.raised, h.key), reverse=True)


def lasting(ledger: Ledger, at: datetime) -> list[Held]:
    """The alerts that are not over, newest first: years of those that are leave it quick."""
    over = [key for key in keyed(ledger.engine, "alert") if key.endswith(_OVER)]
    return held(ledger, at, {key.removesuffix(_OVER) for key in over})


def acknowledge(ledger: Ledger, key: str, by: str, reason: str, at: datetime) -> Entry:
    """Say that somebody has it. Raises NotAccepted."""
    return _answer(ledger, "acknowledged", _known(ledger, key, at), by, reason)


def not_useful(ledger: Ledger, key: str, by: str, reason: str, at: datetime) -> Entry:
    """Say that it should not have come, and why; the monthly review counts it. Raises NotAccepted."""
    return _answer(ledger, "not_useful", _known(ledger, key, at), by, reason)


def silence(
    ledger: Ledger,
    key: str,
    by: str,
    reason: str,
    until: datetime,
    at: datetime,
    start: datetime | None = None,
) -> Entry:
    """Tell nobody of this check, or of a whole model named by `key`, for at most seven days.

    `start` may lie in the future: a change of the model that is planned. Raises NotAccepted.
    """
    begin = max(at, start) if start else at
    if not begin < until <= begin + LONGEST_SILENCE:
        latest = f"{begin + LONGEST_SILENCE:%Y-%m-%d %H:%M} UTC"
        raise NotAccepted(f"a silence ends in the future and within seven days, by {latest}")
    whole = key in ledger.models()
    alert = None if whole else _known(ledger, key, at)
    body = {
        "check": alert.notice.check if alert else None,
        "model": alert.notice.model if alert else key,
        "key": None if whole else key,
        **_words(by, reason),
        "until": utc(until),
        "from": utc(begin),
    }
    return ledger.append("silenced", digest(body), body, model=body["model"])


def quiet(ledger: Ledger) -> list[Quiet]:
    """Every silence and planned change there ever was, oldest first."""
    return [
        Quiet(e.body["model"], e.body["check"], moment(e.body["from"]), _mark(e))
        for e in sorted(ledger.entries("silenced"), key=lambda e: e.seq)
    ]


def find(ledger: Ledger, key: str, at: datetime) -> Held | None:
    """An alert by its key."""
    return next((h for h in held(ledger, at) if h.key == key), None)


def _known(ledger: Ledger, key: str, at: datetime) -> Held:
    if alert := find(ledger, key, at):
        return alert
    raise NotAccepted(f"there is no alert {key[:40]!r}; `rounds alerts` lists those that are open")


def _words(by: str, reason: str) -> dict[str, str]:
    said = {"by": by.strip(), "reason": reason.strip()}
    for name, text in said.items():
        if not text:
            raise NotAccepted(f"say {name!r}: an answer has a name and a reason")
        if len(text) > LONGEST_TEXT:
            raise NotAccepted(f"{name!r} has {len(text)} characters; at most {LONGEST_TEXT}")
    return said


def _answer(ledger: Ledger, kind: str, alert: Held, by: str, reason: str) -> Entry:
    if found := ledger.get(kind, alert.key):
        raise NotAccepted(f"{alert.key} was answered so already, by {found.body['by']}")
    return ledger.append(kind, alert.key, _words(by, reason), model=alert.notice.model)


def _by_key(entries: Iterable[Entry]) -> dict[str, Mark]:
    return {entry.key: _mark(entry) for entry in entries}


def _mark(entry: Entry) -> Mark:
    body: Mapping[str, Any] = entry.body
    until = body.get("until")
    return Mark(body["by"], body["reason"], entry.at, moment(until) if until else None)


def _silences(silences: Iterable[Quiet], notice: Notice, at: datetime) -> tuple[Mark | None, int]:
    """The silence in force over an alert, if any, and how many have run out since it began."""
    mine = [q for q in silences if q.model == notice.model and q.check in (None, notice.check)]
    now = next((q.mark for q in reversed(mine) if q.holds(at)), None)
    return now, sum(q.over(at) for q in mine)
