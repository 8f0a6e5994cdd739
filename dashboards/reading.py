"""Reading: the ledger as people may see it, every audit through the one door of withholding."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from dashboards.freshness import Freshness, freshness
from dashboards.stretch import SPAN, Listed, Stretch, about, find
from monitors import acting, views
from monitors.acting import Held, Quiet
from monitors.audit import Audit, Verdict
from monitors.calendar import kept as kept_calendar
from monitors.calendar import turned
from monitors.columns import ScoreAtLeast
from monitors.config import ModelConfig
from monitors.copies import TAKEN, asides
from monitors.errors import Removed
from monitors.glance import WINDOWS, Glance, glance, kept
from monitors.ledger import Entry, Ledger, Recorded
from monitors.oncall import OnCall
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.release import RULES, summary
from monitors.retention import Done, done
from monitors.schedule import WATCHED
from monitors.turns import Turn, turns
from monitors.window import Window

NEVER = datetime.min.replace(tzinfo=UTC)
AGAIN = timedelta(minutes=5)  # a silence may run out while the ledger stands still
COUNTED = 4  # windows whose counts are kept in memory
HELD = 8_000  # findings kept in memory, some 5 MB; but always a stretch of audits


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
    _glances: dict[str, tuple[int, Glance | None]] = field(default_factory=dict)
    _alerts: tuple[str, datetime, tuple[list[Held], list[Quiet]]] = ("", NEVER, ([], []))
    _owed: tuple[str, datetime, dict[str, int]] = ("", NEVER, {})
    _retained: tuple[str, Done | None] = ("", None)
    _counted: dict[str, tuple[Profile | None, Reference | None, list[Profile]]] = field(default_factory=dict)
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
        return glance(audits, self.ledger.awaiting(model))

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
        wanted = [f"{head.digest}|{RULES}" for head in heads if head.seq not in held]
        told, chain = self.ledger.several("release", wanted), self.ledger.head()
        fresh: dict[str, Recorded] = {}
        for head in heads:
            release = told.get(f"{head.digest}|{RULES}")
            if head.seq in held or (release is not None and release.gone and head.seq != asked.seq):
                continue
            if release is not None:
                shown, revision = Audit.read(release.body), int(head.summary["revision"])
                held[head.seq] = Recorded(shown, head.at, revision, head.digest, head.seq)
                fresh[str(head.seq)] = held[head.seq]
                continue
            key = f"{head.seq}|{chain}"
            with self._lock:
                known = self._held.get(key)
            with self._left_out(head, asked):
                held[head.seq] = fresh[key] = known or self._publish(self.ledger.read([head])[0])
        with self._lock:
            for key in (str(seq) for seq in held if str(seq) in self._held):
                self._held.move_to_end(key)
            self._held.update(fresh)
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

    def overlaid(self, recorded: Recorded, column: str) -> views.Overlaid | None:
        """A column now and in the reference, as people may see it; None where they may not."""
        subject = "score" if column == self._score(recorded) else column
        said = [f for f in recorded.audit.findings if f.subject == subject and f.group is None]
        if not said or all(f.verdict is Verdict.WITHHELD for f in said):
            return None
        profile, reference, earlier = self._counts(recorded)
        if profile is None or reference is None or column not in profile.histograms:
            return None
        then = reference.profile.histograms.get(column)
        before = [p.histograms[column] for p in earlier if column in p.histograms]
        return views.overlaid(profile.histograms[column], then, before) if then else None

    def by_group(self, recorded: Recorded, attribute: str) -> views.ByGroup | None:
        """How scores and outcomes go together by group, as people may see it; None where they may not."""
        profile, _, earlier = self._counts(recorded)
        # Counted twice with outcomes, the two could be set against each other.
        again = any((p.cubes[""].outcome >= 0).any() for p in earlier if "" in p.cubes)
        if profile is None or again:
            return None
        config = self.configs.get(recorded.audit.model)
        decision = config.columns.decision if config else None
        threshold = decision.score_at_least if isinstance(decision, ScoreAtLeast) else None
        return views.by_group(profile, recorded.audit, attribute, threshold)

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

    def removed(self, recorded: Recorded) -> str | None:
        """What is said where a window's counts or its reference's were let go; None where they stand."""
        audit, (profile, reference, _) = recorded.audit, self._counts(recorded)
        if profile is not None and reference is not None:
            return None
        entries = self.ledger.get("profile", audit.profile), self.ledger.find("reference", audit.reference)
        gone = next((e for e in entries if e is not None and e.gone), None)
        return gone.body.said if gone else None

    def copy_removed(self, recorded: Recorded) -> str | None:
        """When the copy in MLflow was removed and under which rule; None where it was not."""
        entry = self.ledger.get(TAKEN, recorded.digest)
        return f"removed on {entry.at:%Y-%m-%d} under the rule {entry.body['rule']}" if entry else None

    def _score(self, recorded: Recorded) -> str | None:
        config = self.configs.get(recorded.audit.model)
        return config.columns.score if config else None

    def _counts(self, recorded: Recorded) -> tuple[Profile | None, Reference | None, list[Profile]]:
        """A window's counts, its reference's, and other counts of the same window."""
        audit = recorded.audit
        with self._lock:
            held = self._counted.get(recorded.digest)
        if held is None:
            found = self.ledger.find("reference", audit.reference)
            window = str(audit.window)
            same = self.ledger.entries("profile", model=audit.model, window=window)
            mine = next((e for e in same if e.key == audit.profile), None)
            others = [e for e in same if e is not mine and e.version == audit.version]
            # Of what another count of this window told nothing can be looked up once it is gone.
            alone = not any(entry.gone for entry in others)
            held = (
                Profile.read(mine.body) if mine and alone and not mine.gone else None,
                Reference.read(found.body) if found and not found.gone else None,
                [Profile.read(e.body) for e in others] if alone else [],
            )
            with self._lock:
                self._counted[recorded.digest] = held
                while len(self._counted) > COUNTED:
                    del self._counted[next(iter(self._counted))]
        return held

    def _publish(self, recorded: Recorded) -> Recorded:
        return replace(recorded, audit=self.published(recorded.audit))
