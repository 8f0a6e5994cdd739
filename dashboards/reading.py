"""Reading: the ledger as people may see it, every audit through the one door of withholding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from monitors import acting
from monitors.acting import Held, Quiet
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.glance import WINDOWS, Glance, glance, kept
from monitors.ledger import Ledger, Recorded
from monitors.oncall import OnCall
from monitors.window import Window

NEVER = datetime.min.replace(tzinfo=UTC)
AGAIN = timedelta(minutes=5)  # a silence may run out while the ledger stands still
HELD = 8  # models whose published history is kept in memory; the ledger itself is quick enough


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
    _held: dict[str, tuple[str, list[Recorded]]] = field(default_factory=dict)
    _glances: dict[str, tuple[int, Glance | None]] = field(default_factory=dict)
    _alerts: tuple[str, datetime, tuple[list[Held], list[Quiet]]] = ("", NEVER, ([], []))
    _owed: tuple[str, datetime, dict[str, int]] = ("", NEVER, {})
    _lock: Lock = field(default_factory=Lock)
    _reading_glances: Lock = field(default_factory=Lock)

    def glances(self) -> dict[str, Glance | None]:
        """Every model declared or audited, at a glance; read again only when it has a new audit.

        A run leaves its model's glance in the ledger. Where none is there yet (Rounds is newer
        than the last run) the audits themselves are read, once.
        """
        with self._reading_glances:
            newest = self.ledger.newest("audit")
            stale = {m: seen for m, seen in newest.items() if self._glances.get(m, (0, None))[0] != seen}
            found: dict[str, Glance | None] = dict(kept(self.ledger, stale))
            for model, seen in stale.items():
                held = found[model] if model in found else self._glance(model)
                self._glances[model] = seen, held
            told = {model: self._glances[model][1] for model in newest}
            return {model: told.get(model) for model in sorted({*self.configs, *newest})}

    def _glance(self, model: str) -> Glance | None:
        audits = [self._publish(r) for r in self.ledger.audits(model, last=WINDOWS)]
        return glance(audits, self.ledger.heads(model))

    def alerts(self) -> tuple[list[Held], list[Quiet]]:
        """Every alert as it stands, and every silence; read again when the ledger grew, or one may end."""
        head, now = self.ledger.head(), self.now()
        if self._alerts[0] != head or self._alerts[1] < now:
            read = acting.held(self.ledger, now), acting.quiet(self.ledger)
            self._alerts = head, now + AGAIN, read
        return self._alerts[2]

    def owed(self) -> dict[str, int]:
        """Audits not copied to MLflow, and pages nobody was told; counted anew when the ledger grew."""
        head = self.ledger.head()
        if self._owed[0] != head or self._owed[1] < self.now():
            told = {entry.key.partition("|")[0] for entry in self.ledger.entries("told")}
            pages = [
                alert
                for alert in self.alerts()[0]
                if alert.state == "open" and alert.notice.severity == "page" and not alert.notice.silent
            ]
            untold = sum(alert.key not in told for alert in pages)
            counts = {"copies_owed": self.ledger.lacking("copied"), "pages_untold": untold}
            self._owed = head, self.now() + AGAIN, counts
        return self._owed[2]

    def history(self, model: str) -> list[Recorded]:
        """All published audits of a model, oldest first."""
        head = self.ledger.head()
        with self._lock:
            held = self._held.get(model)
        if held and held[0] == head:
            return held[1]
        found = [self._publish(r) for r in self.ledger.audits(model)]
        with self._lock:
            self._held[model] = (head, found)
            while len(self._held) > HELD:
                del self._held[next(iter(self._held))]
        return found

    def _publish(self, recorded: Recorded) -> Recorded:
        return replace(recorded, audit=self.published(recorded.audit))


def find(history: Sequence[Recorded], asked: str) -> int | None:
    """Where a window stands in a history; asked by `start/end`, or by its first day.

    Newest first: of two versions that saw the same window the later one is found.
    """
    for place in range(len(history) - 1, -1, -1):
        window = history[place].audit.window
        if asked in (str(window), str(window).partition("T")[0]):
            return place
    try:
        wanted = Window.parse(asked)
    except ValueError:
        return None
    places = (p for p in range(len(history) - 1, -1, -1) if history[p].audit.window == wanted)
    return next(places, None)
