"""Telling: what each recorded audit changed becomes alerts, and each is told once a channel.

Told, then marked told: a crash repeats, and never loses. What was not told stays owed.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flows import channel as ports
from flows.channel import Channel, ChannelsConfig, Declared
from flows.notices import Told, linked, notice
from monitors.acting import Held, held, raised
from monitors.alert import changes
from monitors.calendar import kept as planned_of
from monitors.calendar import said
from monitors.canonical import digest
from monitors.carried import Carried, histories
from monitors.config import ModelConfig
from monitors.errors import LedgerError, RoundsError
from monitors.heads import keyed
from monitors.ledger import Entry, Ledger
from monitors.notice import Notice
from monitors.release import kept

log = logging.getLogger("rounds")
MOST = 50  # alerts in one message
WEIGHED = "weighed"  # the ledger's word for an audit whose changes are written down
Connect = Callable[[str, Declared, Mapping[str, str]], Channel]
URGENCY = ("page", "committee", "ticket", "info")


@dataclass(frozen=True, slots=True)
class Owed:
    """A notice and the key under which it will be marked told."""

    key: str
    notice: Notice
    late: bool = False  # it was over before anybody heard: worth a line in the digest, not a call


def channels_for(path: Path, environ: Mapping[str, str] = os.environ) -> ChannelsConfig:
    """The channels of a model's file: ROUNDS_CHANNELS, else channels.yaml beside it or its folder."""
    named = environ.get("ROUNDS_CHANNELS")
    places = [path.parent, *([path.parent.parent] if path.parent.name == "models" else [])]
    files = [Path(named)] if named else [place / "channels.yaml" for place in places]
    return ports.read(next((file for file in files if file.is_file()), files[-1]))


def after_audits(config: ModelConfig, ledger: Ledger, channels: ChannelsConfig, at: datetime) -> int:
    """Weigh what was recorded and tell what is owed; returns how much still is. Never raises ours."""
    try:
        weigh(config, ledger, channels)
        return tell(ledger, channels, os.environ, at)
    except RoundsError as error:
        log.warning("alerts are owed: %s", error)
        return -1


def weigh(config: ModelConfig, ledger: Ledger, channels: ChannelsConfig) -> int:
    """Write down what each audit not weighed yet changed; returns how many were weighed.

    An older window that is restated may change what later ones meant, so those are weighed
    again; what was already written stays as it was first said. What stood before the first
    of them is carried over from the last window weighed, where its history is still the same.
    """
    done = {entry.key for entry in ledger.entries(WEIGHED, model=config.model, bodies=False)}
    heads = sorted(ledger.heads(config.model), key=lambda head: str(head.window))
    pending = [place for place, head in enumerate(heads) if head.digest not in done]
    if not pending:
        return 0
    calendar = planned_of(ledger, config.model)
    start, state = _carried(ledger, heads[: pending[0]])
    before = ledger.read(heads[start - 1 : start])[0] if start and state.last else None
    for place, head in enumerate(heads[start:], start):
        (each,) = ledger.read([head])
        audit = kept(ledger, each.audit)
        if place >= pending[0]:
            changed = changes(state.standing, audit)
            kept_as = f"entry {head.seq}, {ledger.head()}" if changed else ""
            told = Told(each, before.audit if before else None, kept_as, said(calendar, audit, config.zone))
            for change in changed:
                made = linked(notice(change, told, config, channels), channels)
                raised(ledger, made, str(audit.window))
        state, before = state.after(audit, each.digest), each
        if head.digest not in done:
            with contextlib.suppress(LedgerError):  # another worker weighed it in the same moment
                ledger.append(WEIGHED, each.digest, state.payload(), model=config.model, window=head.window)
    return len(pending)


def _carried(ledger: Ledger, heads: Sequence[Entry]) -> tuple[int, Carried]:
    """How many of these windows need not be looked at again, and what stands after them."""
    known = histories(head.digest for head in heads)
    for place in range(len(heads) - 1, -1, -1):
        entry = ledger.get(WEIGHED, heads[place].digest)
        if entry is not None and entry.gone:  # a retention rule let go what stood here and before
            return place + 1, Carried(known[place])
        state = Carried.read(entry.body) if entry else None
        if state is not None and state.history == known[place]:
            return place + 1, state
    return 0, Carried()


def tell(
    ledger: Ledger,
    channels: ChannelsConfig,
    environ: Mapping[str, str],
    at: datetime,
    connect: Connect = ports.connect,
) -> int:
    """Tell what is owed on every channel; returns how much is owed after it."""
    before = keyed(ledger.engine, "told")
    # What every channel has told the end of is owed no more: a fleet's years of alerts are not read for it.
    ends = [f"|resolved|{name}" for name in channels.channels]
    over = [{key.removesuffix(end) for key in before if key.endswith(end)} for end in ends]
    alerts = held(ledger, at, set[str].intersection(*over) if over else ())
    left = 0
    for name, declared in channels.channels.items():
        told = ledger.entries("told", bodies=False)
        owing = owed(alerts, {entry.key for entry in told}, name, declared)
        if not owing:
            continue
        try:
            way = connect(name, declared, environ)
            left += len(owing) - _tell(ledger, way, name, declared, owing, told, at)
        except RoundsError as error:
            log.warning("%s; %d alerts are owed", error, len(owing))
            left += len(owing)
    return left


def owed(alerts: Sequence[Held], told: set[str], name: str, declared: Declared) -> list[Owed]:
    """What a channel has not told yet, the most urgent first.

    A silence that ran out over an alert that still fires and nobody has taken makes it owed again.
    """
    found = []
    # Told again when a silence had run out, a key ends in how many had.
    begun = told | {key.rpartition("|")[0] for key in told if key.rpartition("|")[2].isdecimal()}
    for alert in alerts:
        wanted = alert.notice.severity in (*declared.at_once, *declared.digest)
        if alert.notice.silent or alert.silenced is not None or not wanted:
            continue
        began, ended = f"{alert.key}|firing|{name}", f"{alert.key}|resolved|{name}"
        heard = began in begun
        if alert.closed is not None:
            if ended not in told:
                found.append(Owed(ended, alert.notice, late=not heard))
        elif alert.acknowledged is None or not heard:
            key = f"{began}|{alert.lapsed}" if alert.lapsed else began
            if key not in told:
                found.append(Owed(key, alert.notice))
    return sorted(found, key=lambda o: (URGENCY.index(o.notice.severity), o.notice.starts, o.key))


def _tell(
    ledger: Ledger,
    way: Channel,
    name: str,
    declared: Declared,
    owing: Sequence[Owed],
    told: Sequence[Entry],
    at: datetime,
) -> int:
    """Send and mark; returns how many were told. Raises RoundsError where the channel does."""
    count = 0
    now = [o for o in owing if o.notice.severity in declared.at_once and not o.late]
    recent = ledger.those([e.seq for e in told if e.at > at - timedelta(hours=1)], bodies=True)
    lately = {e.body["message"] for e in recent if e.body["channel"] == name}
    spare = declared.at_most - len(lately)
    pages = [o for o in now if o.notice.severity == "page"]
    others = [o for o in now if o.notice.severity != "page"]
    batches = [*_batches(pages), *(_batches(others)[: max(0, spare - len(_batches(pages)))])]
    for batch in batches:
        count += _send(ledger, way, name, batch)
    rest = [o for o in owing if o not in now]
    day = f"{name}|{at:%Y-%m-%d}"
    if rest and ledger.get("digest", day) is None:
        for batch in _batches(rest):
            count += _send(ledger, way, name, batch)
        ledger.append("digest", day, {})
    return count


def _batches(owing: Sequence[Owed]) -> list[Sequence[Owed]]:
    return [owing[start : start + MOST] for start in range(0, len(owing), MOST)]


def _send(ledger: Ledger, way: Channel, name: str, batch: Sequence[Owed]) -> int:
    way.send([o.notice for o in batch])
    message = digest([o.key for o in batch])
    for each in batch:
        with contextlib.suppress(LedgerError):  # another worker told it too, in another message
            body = {"channel": name, "message": message}
            ledger.append("told", each.key, body, model=each.notice.model)
    return len(batch)


def trial(channels: ChannelsConfig, at: datetime) -> Notice:
    """A message that says it is a test, with every link a real one has."""
    base = channels.url.rstrip("/")
    return Notice(
        {"alertname": "RoundsTest", "severity": "info", "service": "rounds", "model_id": "no-model",
         "site": channels.site, "environment": channels.environment},
        {"summary": "This is a test. Nothing is wrong.",
         "description": "Somebody asked Rounds to send a test message.",
         "action_first": "Do nothing but notice that it came.",
         "runbook_url": f"{base}/runbooks/watchdog", "dashboard_url": f"{base}/",
         "ack_url": f"{base}/alerts"},
        at,
    )  # fmt: skip
