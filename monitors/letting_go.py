"""Letting go: which bodies of the ledger a retention rule lets go, and which stay whatever it says.

What people said, decided, signed or were told is of other kinds and never goes. Of the rest stays what a
report cites, what is still owed or awaited, and each model's last windows.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors import rollup
from monitors.config import ModelConfig
from monitors.copies import COPIED, TAKEN
from monitors.governance.matters import REPORT
from monitors.ledger import Entry, Ledger
from monitors.period import period_of
from monitors.release import REPORTED, summed
from monitors.removal import Held, Removal, bodies, removals
from monitors.retention import RetentionRule, written
from monitors.window import Window, utc

LATEST = 12  # windows of a model that stay, however old: what pages, alerts and a next run look back on
COUNTS = ("profile", rollup.KIND)
FINDINGS = ("audit", "release", "weighed", "glance")
VERSIONS = 8  # of a model that may have been audited side by side
Sum = tuple[Window, str, int]  # of whose counts, of which version, and as which entry


@dataclass(frozen=True, slots=True)
class Stays:
    """What of one model stays: the windows that touch a span, and some by name."""

    spans: tuple[Window, ...]
    windows: frozenset[str]

    def holds(self, held: Held) -> bool:
        """Whether an entry's body stays."""
        return held.window is not None and self.keeps(held.window)

    def keeps(self, window: str) -> bool:
        """Whether the bodies of a window stay."""
        if window in self.windows:
            return True
        there = Window.parse(window)
        return any(there.overlaps(span) for span in self.spans)


def due(
    ledger: Ledger,
    rule: RetentionRule,
    at: datetime,
    configs: Mapping[str, ModelConfig],
    planned: Mapping[str, Sequence[Window]] | None = None,
) -> Iterator[Removal]:
    """What goes now, model by model, oldest first.

    Args:
        ledger: where it stands; read, and left as it is.
        rule: what is kept how long.
        at: the moment the run was scheduled for.
        configs: the models' files, by model; of a model without one nothing is awaited any more.
        planned: sums that would be written first, by model, where this only says what would go.
    """
    for model in ledger.models():
        heads = ledger.heads(model)
        stays = staying(ledger, model, heads, configs.get(model))
        if rule.roll_up is not None:
            until = rule.until(rule.roll_up.after, at)
            yield from removals(
                model,
                rule.roll_up.said,
                _rolled(ledger, model, until, stays, _planned(planned, configs, model)),
            )
        if rule.keep.profiles is not None:
            until, said = rule.until(rule.keep.profiles, at), f"profiles {written(rule.keep.profiles)}"
            counts = _old(ledger, COUNTS, model, until, stays)
            yield from removals(model, said, counts)
            yield from removals(model, said, _unused(ledger, model, heads, until, stays))
        if rule.keep.audits is not None:
            until, said = rule.until(rule.keep.audits, at), f"audits {written(rule.keep.audits)}"
            also = Stays(stays.spans, stays.windows | _owed(ledger, model, heads))
            last = ledger.newest("glance", model).get(model)  # an older Rounds left its window unsaid
            old = (held for held in _old(ledger, FINDINGS, model, until, also) if held.seq != last)
            yield from removals(model, said, list(old))


def copies(
    ledger: Ledger, rule: RetentionRule, at: datetime, configs: Mapping[str, ModelConfig]
) -> Iterator[Entry]:
    """Copies in MLflow whose time is up, oldest first; of windows that stay they stay as well."""
    if rule.keep.mlflow is None:
        return
    until = utc(rule.until(rule.keep.mlflow, at))
    for model in ledger.models():
        stays = staying(ledger, model, ledger.heads(model), configs.get(model))
        taken = {entry.key for entry in ledger.entries(TAKEN, model=model, bodies=False)}
        for entry in ledger.entries(COPIED, model=model):
            old = entry.window is not None and str(entry.window_end) <= until
            if old and entry.key not in taken and not stays.keeps(str(entry.window)):
                yield entry


def staying(ledger: Ledger, model: str, heads: Sequence[Entry], config: ModelConfig | None) -> Stays:
    """Windows of a model whose bodies stay whatever the rule says."""
    cited = {
        str(e.window) for kind in (REPORT, REPORTED) for e in ledger.entries(kind, model=model, bodies=False)
    }
    last = {str(head.window) for head in heads[-LATEST:]}
    waiting = _awaited(heads, config) if config is not None else set()
    return Stays(tuple(sorted(Window.parse(w) for w in cited | last)), frozenset(waiting))


def _awaited(heads: Sequence[Entry], config: ModelConfig) -> set[str]:
    """Windows whose outcomes are not in yet, and those of a period that is not counted whole."""
    standing = {str(head.window): head for head in heads if head.version == config.version}
    final = {window for window, head in standing.items() if rollup.final(config, head)}
    waiting = set(standing) - final
    for window in standing:
        period = period_of(config, Window.parse(window))
        if period and str(period[-1]) not in final:
            waiting.add(window)
    return waiting


def _old(ledger: Ledger, kinds: Sequence[str], model: str, until: datetime, stays: Stays) -> list[Held]:
    return [held for held in bodies(ledger.engine, kinds, model, until) if not stays.holds(held)]


def _planned(
    planned: Mapping[str, Sequence[Window]] | None, configs: Mapping[str, ModelConfig], model: str
) -> list[Sum]:
    return [(window, configs[model].version, sys.maxsize) for window in (planned or {}).get(model, ())]


def _rolled(ledger: Ledger, model: str, until: datetime, stays: Stays, planned: Sequence[Sum]) -> list[Held]:
    """Counts of windows that a sum stands for, written before it."""
    days = ledger.entries(rollup.KIND, model=model, bodies=False)
    written = [(Window.parse(str(day.window)), str(day.version), day.seq) for day in days]
    spans = sorted([*written, *planned])
    if not spans:
        return []
    found = []
    for held in _old(ledger, ("profile",), model, until, stays):
        window = Window.parse(str(held.window))
        day = _around(window, spans)
        if any(version == held.version and held.seq < seq for version, seq in day):
            found.append(held)
    return found


def _around(window: Window, spans: Sequence[Sum]) -> list[tuple[str, int]]:
    """The sums that a window lies in, by version; `spans` are in order."""
    at = bisect_right(spans, window.start, key=lambda span: span[0].start)
    near = spans[max(0, at - VERSIONS) : at]
    return [(version, seq) for span, version, seq in near if window.end <= span.end]


def _unused(ledger: Ledger, model: str, heads: Sequence[Entry], until: datetime, stays: Stays) -> list[Held]:
    """References older than that which no window was compared with whose counts are kept."""
    old = bodies(ledger.engine, ("reference",), model, until)
    if not old:
        return []
    kept = [h for h in heads if str(h.window_end) > utc(until) or stays.keeps(str(h.window))]
    used = [said.get("reference") for said in summed(ledger, kept)]
    # What an earlier Rounds wrote may not say which; then none goes.
    return [] if None in used else [held for held in old if held.digest not in used]


def _owed(ledger: Ledger, model: str, heads: Sequence[Entry]) -> frozenset[str]:
    """Windows that MLflow or somebody on call is still owed."""
    done = [{e.key for e in ledger.entries(kind, model=model, bodies=False)} for kind in (COPIED, "weighed")]
    return frozenset(str(head.window) for head in heads if any(head.digest not in keys for keys in done))
