"""What findings tell of people: the counts of this audit, of those released before, and which are small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from monitors.audit import Audit, Finding
from monitors.few import ALIKE as ALIKE
from monitors.few import APART as APART
from monitors.few import FLOOR as FLOOR
from monitors.few import JOIN as JOIN
from monitors.few import small as small
from monitors.forms import FORMS, NO_GROUP, Key, Place, determined, facts, told
from monitors.window import Window


def telling(finding: Finding) -> bool:
    """Whether a finding by itself shows a count of 1 to 10 people."""
    if finding.family == "drift":
        return small(finding.n)  # small cells of it make it coarse, not withheld
    if small(finding.n) or small(finding.events):
        return True
    if finding.n is not None and finding.events is not None:
        others = finding.n - finding.events
        unanimous = finding.n > 0 and (finding.events == 0 or others == 0)
        of_people = finding.group is not None
        if small(others) or (unanimous and of_people and finding.n < ALIKE):
            return True
    # The comparator's count gives the group's away when the whole is known.
    return finding.against is not None and small(finding.reference_n)


@dataclass(frozen=True)
class Release:
    """An audit as people saw it, and as it was recorded where that is known."""

    shown: Audit
    recorded: Audit | None = None


@dataclass
class Told:
    """What the findings of an audit tell of people, and which of it is too little to show.

    `earlier` are releases that people have seen, oldest first. Of another window the latest counts.
    """

    audit: Audit
    earlier: Sequence[Release] = ()

    @cached_property
    def span(self) -> str:
        """The audit's own window."""
        return str(self.audit.window)

    @cached_property
    def measures(self) -> dict[str, tuple[str, str]]:
        """(n, events) by metric."""
        return told(self.audit.findings)

    @cached_property
    def others(self) -> dict[str, Release]:
        """By window, the last release of every other one that shares time with what is told here."""
        here = [Window.parse(span) for span in {self.span, *self._own_spans()}]
        return {
            str(r.shown.window): r
            for r in self.earlier
            if r.shown.window != self.audit.window and any(r.shown.window.overlaps(w) for w in here)
        }

    def _own_spans(self) -> list[str]:
        return list(dict.fromkeys(f.over for f in self.audit.findings if f.over is not None))

    @cached_property
    def spans(self) -> tuple[str, ...]:
        """Every stretch of time something is told of: this window, those pooled, those released."""
        found = [self.span, *self._own_spans()]
        for window, release in self.others.items():
            found += [window, *(f.over for f in release.shown.findings if f.over is not None)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def _direct(self) -> dict[Place, dict[str, int]]:
        """What is recorded of each place."""
        found: dict[Place, dict[str, int]] = {}
        for audit in (*(r.recorded for r in self.others.values() if r.recorded), self.audit):
            span, measures = str(audit.window), told(audit.findings)
            for finding in audit.findings:
                for key, count in facts(finding, span, measures, _nothing).items():
                    if not key.rest:
                        found.setdefault(key.place, {})[key.form] = count
            if audit.rows is not None:
                found.setdefault(Place(span), {})["rows"] = audit.rows
        return found

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The groups of each attribute, none of them pooled."""
        found: dict[str, dict[str, None]] = {}
        audits = [self.audit, *(a for r in self.others.values() for a in (r.recorded, r.shown) if a)]
        for finding in (f for audit in audits for f in audit.findings):
            if finding.group is not None:
                held = found.setdefault(finding.subject, {})
                held |= dict.fromkeys(finding.holds or (finding.group,))
                if finding.against not in NO_GROUP:
                    held[str(finding.against)] = None
        return {attribute: tuple(held) for attribute, held in found.items()}

    @cached_property
    def pools(self) -> list[Place]:
        """Several groups counted together, wherever that was done."""
        return [place for place in self._direct if len(place.groups) > 1]

    @cached_property
    def tied(self) -> bool:
        """Whether, as far as one can see, a row has a decision exactly when it has a valid score."""
        same = (("labelled", "decided_known"), ("events", "had"), ("scored", "decided"))
        for known in self._direct.values():
            sums = determined(frozenset(known))
            for pair in same:
                if all(form in sums for form in pair):
                    one, other = (sum(known[n] * w for n, w in sums[form].items()) for form in pair)
                    if abs(one - other) > 0.5:
                        return False
        return True

    def value(self, key: Key) -> int | None:
        """What a count is, where the audits as recorded tell it."""
        place = key.place
        if key.rest:
            whole = self.value(Key(Place(place.span), False, key.form))
            part = self.value(key._replace(rest=False))
            if whole is None:
                each = [
                    self.value(Key(place._replace(groups=(g,)), False, key.form))
                    for g in self.groups[place.attribute]
                ]
                whole = sum(v for v in each if v is not None) if None not in each else None
            return None if whole is None or part is None else whole - part
        known = self._direct.get(place, {})
        weights = determined(frozenset(known), self.tied).get(key.form)
        return None if weights is None else round(sum(known[n] * w for n, w in weights.items()))

    def places(self, span: str) -> Iterator[tuple[Place, bool]]:
        """Everyone, each group and pool, and everyone but these."""
        yield Place(span), False
        for attribute, groups in self.groups.items():
            for group in groups:
                yield from ((Place(span, attribute, (group,)), rest) for rest in (False, True))
        for pool in self.pools:
            if pool.span == span:
                yield from ((pool, rest) for rest in (False, True))

    @cached_property
    def small(self) -> list[Key]:
        """Counts of 1 to 10, and of nobody or everybody in a group of fewer than 30."""
        found: list[Key] = []
        for span in self.spans:
            keys = [Key(place, rest, form) for place, rest in self.places(span) for form in FORMS]
            values = {key: value for key in keys if (value := self.value(key)) is not None}
            found += [key for key, value in values.items() if 0 < value < FLOOR]
            for place, rest in self.places(span):
                if rest or place.everyone:
                    continue
                for n, events in dict.fromkeys(
                    self.measures.values()
                ):  # in one order, whatever words hash to
                    whole, part = (values.get(Key(place, False, form)) for form in (n, events))
                    if whole and FLOOR <= whole < ALIKE and part in (0, whole) and events in FORMS:
                        found.append(Key(place, False, events))
        return list(dict.fromkeys(found))

    @cached_property
    def known_before(self) -> dict[Key, int]:
        """What earlier releases tell, as they were shown; of this very window, where it still holds."""
        found: dict[Key, int] = {}
        for release in self.earlier:
            if release.shown.window == self.audit.window:
                found |= {k: n for k, n in shown(release.shown).items() if self.value(k) == n}
        for release in self.others.values():
            found |= shown(release.shown)
        return found

    @cached_property
    def few_apart(self) -> frozenset[Key]:
        """Counts that differ by 1 to 10 from an earlier release of this or of an overlapping window."""
        spans = [self.span, *self._own_spans()]
        windows = {span: Window.parse(span) for span in self.spans}
        found: set[Key] = set()
        for release in self.earlier:
            for key, count in shown(release.shown).items():
                then = windows.get(key.place.span) or Window.parse(key.place.span)
                for span in spans:
                    if windows[span].overlaps(then):
                        here = key._replace(place=key.place._replace(span=span))
                        now = self.value(here)
                        if now is not None and 0 < abs(now - count) < FLOOR:
                            found.add(here)
        return frozenset(found)


def shown(release: Audit) -> dict[Key, int]:
    """The counts an audit tells as people saw it."""
    span, measures = str(release.window), told(release.findings)
    found: dict[Key, int] = {} if release.rows is None else {Key(Place(span), False, "rows"): release.rows}
    for finding in release.findings:
        found |= facts(finding, span, measures, _nothing)
    return found


def atoms(spans: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """The pieces that stretches of time are cut into by each other's ends, by stretch.

    >>> day = "2026-01-0{}T00:00:00Z/2026-01-0{}T00:00:00Z".format
    >>> list(atoms([day(1, 4), day(2, 3)]).values())
    [(0, 1, 2), (1,)]
    """
    windows = {span: Window.parse(span) for span in spans}
    ends = sorted({end for w in windows.values() for end in (w.start, w.end)})
    return {
        span: tuple(i for i, start in enumerate(ends[:-1]) if w.start <= start < w.end)
        for span, w in windows.items()
    }


def _nothing(key: Key) -> None:
    return None
