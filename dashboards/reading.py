"""Reading: the ledger as people may see it, every audit through the one door of withholding."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from dashboards.counts import Counts
from dashboards.freshness import Freshness, freshness
from dashboards.stretch import SPAN, Listed, Stretch, about, find
from monitors import acting
from monitors.acting import Held, Quiet
from monitors.audit import Audit
from monitors.calendar import kept as kept_calendar
from monitors.calendar import turned
from monitors.config import ModelConfig
from monitors.copies import TAKEN, asides
from monitors.errors import Removed
from monitors.glance import WINDOWS, Glance, glance, kept
from monitors.heads import keyed
from monitors.ledger import Entry, Ledger, Recorded
from monitors.oncall import OnCall
from monitors.release import RULES, summary
from monitors.retention import Done, done
from monitors.schedule import WATCHED
from monitors.turns import Turn, turns
from monitors.window import Window

NEVER = datetime.min.replace(tzinfo=UTC)
AGAIN = timedelta(minutes=5)  # a silence may run out while the ledger stands still
HELD = 1_500  # findings kept in memory, some 1 MB; but always a stretch of audits


@dataclass
class Reading:
    """What pages and /metrics read. Nothing unpublished leaves it.

    The ledger only ever grows, so what was read is kept until the hash of its last entry changes.
    """

    ledger: Ledger
    configs: Mapping[str, ModelConfig]
    published: Callable[[Audit], Audit]
    now: Callable[[], datetime]
    oncall: OnCall = field(default_factory=OnCall)
    _held: OrderedDict[str, Recorded] = field(default_factory=OrderedDict)
    _newest: dict[str, int] = field(default_factory=dict)
    _glances: dict[str, tuple[int, Glance | None]] = field(default_factory=dict)
    _alerts: tuple[str, datetime, tuple[list[Held], list[Quiet]]] = ("", NEVER, ([], []))
    _owed: tuple[str, datetime, dict[str, int]] = ("", NEVER, {})
    _retained: tuple[str, Done | None] = ("", None)
    _lock: Lock = field(default_factory=Lock)
    _reading_glances: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.counts = Counts(self.ledger, self.configs)

    def glances(self) -> dict[str, Glance | None]:
        """Every model declared or audited, at a glance; read again only when it has a new audit.

        A run leaves its model's glance in the ledger. Where none is there yet (Rounds is newer
        than the last run) the audits themselves are read, once.
        """
        with self._reading_glances:
            # The ledger only grows: what was written since is read, not every audit there is.
            self._newest |= self.ledger.newest("audit", after=max(self._newest.values(), default=0))
            newest = dict(self._newest)
            stale = {m: seen for m, seen in newest.items() if self._glances.get(m, (0, None))[0] != seen}
            found: dict[str, Glance | None] = dict(kept(self.ledger, stale))
            for model, seen in stale.items():
                held = found[model] if model in found else self._glance(model)
                self._glances[model] = seen, held
            told = {model: self._glances[model][1] for model in newest}
            return {model: told.get(model) for model in sorted({*self.configs, *newest})}

    def _glance(self, model: str) -> Glance | None:
        audits = [self._publish(r) for r in self.ledger.audits(model, last=WINDOWS)]
        config = self.configs.get(model)
        site = config.columns.site if config else None
        return glance(audits, self.ledger.awaiting(model), site=site)

    def alerts(self) -> tuple[list[Held], list[Quiet]]:
        """The alerts that last, and every silence; read again when the ledger grew, or one may end."""
        head, now = self.ledger.head(), self.now()
        if self._alerts[0] != head or self._alerts[1] < now:
            read = acting.lasting(self.ledger, now), acting.quiet(self.ledger)
            self._alerts = head, now + AGAIN, read
        return self._alerts[2]

    def owed(self) -> dict[str, int]:
        """Audits not copied to MLflow, and pages nobody was told; counted anew when the ledger grew."""
        head = self.ledger.head()
        if self._owed[0] != head or self._owed[1] < self.now():
            told = {key.partition("|")[0] for key in keyed(self.ledger.engine, "told")}
            pages = [
                alert
                for alert in self.alerts()[0]
                if alert.state == "open" and alert.notice.severity == "page" and not alert.notice.silent
            ]
            untold = sum(alert.key not in told for alert in pages)
            counts = {
                "copies_owed": self.ledger.lacking("copied"),
                "copies_set_aside": len(asides(self.ledger)),
                "pages_untold": untold,
            }
            self._owed = head, self.now() + AGAIN, counts
        return self._owed[2]

    def retained(self) -> Done | None:
        """When retention was last done; read again when the ledger grew."""
        head = self.ledger.head()
        if self._retained[0] != head:
            self._retained = head, done(self.ledger)
        return self._retained[1]

    def stretch(self, model: str, asked: str = "", span: int = SPAN) -> Stretch | None:
        """The published audits about a window, the last where none is asked for, oldest first.

        None where the model has no audit, or not of that window. An audit never changes, so what was
        read is kept, and a new window costs the reading of one.
        """
        held = self.ledger.places(model)
        at = find([window for _, window in held], asked) if asked else len(held) - 1
        if at is None or at < 0:
            return None
        read = about(held, at, span)
        ends = Window.parse(held[0][1]), Window.parse(held[-1][1])
        heads = self.ledger.those([held[place][0] for place in read])
        found = self._read(heads, heads[at - read.start])
        place = next(i for i, each in enumerate(found) if each.seq == held[at][0])
        return Stretch(found, place, span, len(held), *ends)

    def _read(self, heads: Sequence[Entry], asked: Entry) -> list[Recorded]:
        """Windows in their order. What was worked out for want of a release holds until the ledger grows.

        Those whose findings a retention rule let go are left out. Raises Removed where the one that
        was asked for is among them.
        """
        with self._lock:
            held = {head.seq: self._held[str(head.seq)] for head in heads if str(head.seq) in self._held}
        wanted = {f"{head.digest}|{RULES}": head for head in heads if head.seq not in held}
        fresh: dict[str, Recorded] = {}
        told: set[int] = set()
        for release in self.ledger.several("release", list(wanted)):
            head = wanted[release.key]
            told.add(head.seq)
            if release.gone and head.seq != asked.seq:
                continue
            shown, revision = Audit.read(release.body), int(head.summary["revision"])
            held[head.seq] = fresh[str(head.seq)] = Recorded(shown, head.at, revision, head.digest, head.seq)
        chain = self.ledger.head()
        for head in heads:
            if head.seq in held or head.seq in told:
                continue
            key = f"{head.seq}|{chain}"
            with self._lock:
                known = self._held.get(key)
            with self._left_out(head, asked):
                held[head.seq] = fresh[key] = known or self._publish(self.ledger.read([head])[0])
        with self._lock:
            for key in (str(seq) for seq in held if str(seq) in self._held):
                self._held.move_to_end(key)
            # Oldest first, so that they are the first to go.
            self._held.update(sorted(fresh.items(), key=lambda made: made[1].audit.window))
            many = sum(len(each.audit.findings) for each in self._held.values())
            while many > HELD and len(self._held) > SPAN:
                many -= len(self._held.popitem(last=False)[1].audit.findings)
        return [held[head.seq] for head in heads if head.seq in held]

    @staticmethod
    @contextlib.contextmanager
    def _left_out(head: Entry, asked: Entry) -> Iterator[None]:
        try:
            yield
        except Removed:
            if head.seq == asked.seq:
                raise

    def freshness(self, model: str, last: Window | None) -> Freshness:
        """Where a model stands in time, given the last window of it that was audited."""
        entry = None if last else self.ledger.get(WATCHED, model)
        return freshness(self.configs.get(model), last, self.now(), entry.at if entry else None)

    def heard(self, model: str) -> bool:
        """Whether any window of the model was audited."""
        return bool(self.ledger.heads(model, last=1))

    def listed(self, model: str) -> list[Listed]:
        """All windows of a model, oldest first, without their findings."""
        told = {e.key: e.summary for e in self.ledger.entries("release", model=model, bodies=False)}
        found = []
        for head in self.ledger.heads(model):
            said = told.get(f"{head.digest}|{RULES}", {})
            known = said if "software" in said else summary(self._read([head], head)[0].audit)
            found.append(Listed.of(head, known))
        return found

    def turns(self, model: str, audits: Sequence[Audit]) -> tuple[Turn, ...]:
        """What changed between these windows of a model: versions, thresholds, feeds, plans, references."""
        configs = {entry.key: entry.body for entry in self.ledger.entries("config", model=model)}
        found = turns(audits, configs)
        config = self.configs.get(model)
        if config is None:
            return found
        windows = sorted({audit.window for audit in audits})
        planned = turned(kept_calendar(self.ledger, model), model, windows, config.zone)
        return tuple(sorted([*found, *planned], key=lambda turn: turn.window))

    def superseded(self, recorded: Recorded) -> Audit | None:
        """What stood for the window before, as people may see it; None where nothing did."""
        earlier = self.ledger.superseded(recorded.audit, before=recorded.seq)
        return self.published(earlier) if earlier else None

    def copy_of(self, recorded: Recorded) -> tuple[str, str | None] | None:
        """The MLflow run that holds a copy of an audit, and its page; None where none was made."""
        entry = self.ledger.get("copied", recorded.digest)
        if entry is None:
            return None
        page = str(entry.body.get("page") or "")
        return str(entry.body["run_id"]), page if page.startswith(("http://", "https://")) else None

    def copy_removed(self, recorded: Recorded) -> str | None:
        """When the copy in MLflow was removed and under which rule; None where it was not."""
        entry = self.ledger.get(TAKEN, recorded.digest)
        return f"removed on {entry.at:%Y-%m-%d} under the rule {entry.body['rule']}" if entry else None

    def _publish(self, recorded: Recorded) -> Recorded:
        return replace(recorded, audit=self.published(recorded.audit))
