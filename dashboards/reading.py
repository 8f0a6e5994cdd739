"""Reading: the ledger as people may see it, every audit through the one door of withholding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from dashboards.glance import WINDOWS, Glance, glance
from dashboards.names import people
from monitors import acting
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.ledger import Entry, Ledger, Recorded
from monitors.window import Window

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
    _held: dict[str, tuple[str, list[Recorded]]] = field(default_factory=dict)
    _heads: tuple[str, dict[str, list[Entry]]] = ("", {})
    _glances: dict[str, tuple[tuple[str, ...], Glance | None]] = field(default_factory=dict)
    _owed: tuple[str, datetime, dict[str, int]] = ("", datetime.min.replace(tzinfo=UTC), {})
    _copied: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def heads(self) -> dict[str, list[Entry]]:
        """Each model's windows, oldest first, without what was found in them."""
        with self._lock:
            head = self.ledger.head()
            if self._heads[0] != head:
                found: dict[str, list[Entry]] = {}
                for entry in self.ledger.heads():
                    found.setdefault(entry.model or "", []).append(entry)
                self._heads = (head, found)
            return self._heads[1]

    def glances(self) -> dict[str, Glance | None]:
        """Every model declared or audited, at a glance; read again only when it has a new audit."""
        heads = self.heads()
        found: dict[str, Glance | None] = {}
        for model in sorted({*self.configs, *heads}):
            digests = tuple(entry.digest for entry in heads.get(model, [])[-WINDOWS:])
            held = self._glances.get(model)
            if held is None or held[0] != digests:
                audits = self.ledger.audits(model, last=WINDOWS) if digests else []
                who = people(self.configs.get(model))
                held = digests, glance([self._publish(r) for r in audits], who)
                self._glances[model] = held
            found[model] = held[1]
        return found

    def owed(self) -> dict[str, int]:
        """Audits not copied to MLflow, and pages nobody was told; counted anew when the ledger grew."""
        head = self.ledger.head()
        if self._owed[0] != head or self._owed[1] < self.now():
            audits = self._uncopied()
            told = {entry.key.partition("|")[0] for entry in self.ledger.entries("told")}
            pages = [
                alert
                for alert in acting.held(self.ledger, self.now())
                if alert.state == "open" and alert.notice.severity == "page" and not alert.notice.silent
            ]
            untold = sum(alert.key not in told for alert in pages)
            until = self.now() + AGAIN
            self._owed = head, until, {"copies_owed": audits, "pages_untold": untold}
        return self._owed[2]

    def _uncopied(self) -> int:
        """What was copied once stays copied, so only models with something open are asked about."""
        count = 0
        for model, heads in self.heads().items():
            if any(head.digest not in self._copied for head in heads):
                self._copied |= {entry.key for entry in self.ledger.entries("copied", model=model)}
            count += sum(head.digest not in self._copied for head in heads)
        return count

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
