"""Complementary withholding: what else to hide so that nothing hidden can be worked out.

Everything an audit shows is written as sums over kinds of row (`forms`). Linear programming then
says how far each count of 1 to 10 people could lie from what it is, given all that is shown: less
than ten apart is too close, and one of the findings that pin it is hidden as well, until none is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.optimize import linprog

from monitors.audit import Audit, Finding
from monitors.forms import EVERYONE, FORMS, KINDS, NO_GROUP, TIED, Key, Place, determined, facts, told
from monitors.histogram import Floats

FLOOR = 11  # the smallest count of people that may be shown, besides none
APART = FLOOR - 1  # how far apart the possible values of a hidden count have to be
ALIKE = 30  # a group of fewer, all of whom or none of whom had the event, is not told of
MANY = 1e7  # people; where nothing shown bounds a count
_JOIN = " × "
_ROWS: Key = (*EVERYONE, False, "rows")
_OF_EVERYONE = 50.0  # the cost of rounding a figure of everyone; the window's rows cost less than one


@dataclass
class Told:
    """What the findings of an audit tell of people, and which of it is too little to show."""

    audit: Audit
    earlier: Sequence[Audit] = ()

    @cached_property
    def measures(self) -> dict[str, tuple[str, str]]:
        """(n, events) by metric."""
        return told(self.audit)

    @cached_property
    def _direct(self) -> dict[Place, dict[str, int]]:
        found: dict[Place, dict[str, int]] = {}
        for finding in self.audit.findings:
            for (a, group, rest, form), count in facts(finding, self.measures, _nothing).items():
                if not rest:
                    found.setdefault((a, group), {})[form] = count
        if self.audit.rows is not None:
            found.setdefault(EVERYONE, {})["rows"] = self.audit.rows
        return found

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The groups of each attribute."""
        found: dict[str, dict[str, None]] = {}
        for finding in self.audit.findings:
            if finding.group is not None:
                held = found.setdefault(finding.subject, {})
                held[finding.group] = None
                if finding.against not in NO_GROUP:
                    held[str(finding.against)] = None
        return {attribute: tuple(held) for attribute, held in found.items()}

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
        """What a count is, where the whole audit tells it."""
        attribute, group, rest, form = key
        if rest:
            whole, part = self.value((*EVERYONE, False, form)), self.value((attribute, group, False, form))
            if whole is None:
                each = [self.value((attribute, g, False, form)) for g in self.groups[attribute]]
                whole = sum(v for v in each if v is not None) if None not in each else None
            return None if whole is None or part is None else whole - part
        known = self._direct.get((attribute, group), {})
        weights = determined(frozenset(known), self.tied).get(form)
        return None if weights is None else round(sum(known[n] * w for n, w in weights.items()))

    @cached_property
    def places(self) -> list[tuple[str, str, bool]]:
        """Everyone, each group, and everyone but each group."""
        of_groups = [
            (a, g, rest) for a, groups in self.groups.items() for g in groups for rest in (False, True)
        ]
        return [(*EVERYONE, False), *of_groups]

    @cached_property
    def small(self) -> list[Key]:
        """Counts of 1 to 10, and of nobody or everybody in a group of fewer than 30."""
        found = [(*place, form) for place in self.places for form in FORMS]
        values = {key: value for key in found if (value := self.value(key)) is not None}
        kept = [key for key, value in values.items() if 0 < value < FLOOR]
        for attribute, groups in self.groups.items():
            for group in groups:
                for n, events in set(self.measures.values()):
                    whole = values.get((attribute, group, False, n))
                    part = values.get((attribute, group, False, events))
                    if whole and FLOOR <= whole < ALIKE and part in (0, whole) and events in FORMS:
                        kept.append((attribute, group, False, events))
        return list(dict.fromkeys(kept))

    @cached_property
    def known_before(self) -> dict[Key, int]:
        """What earlier releases of the same window tell, as they were shown."""
        found: dict[Key, int] = {}
        for release in self.earlier:
            if release.window == self.audit.window:
                found |= _shown(release)
        return {key: count for key, count in found.items() if self.value(key) == count}

    @cached_property
    def few_apart(self) -> frozenset[Key]:
        """Counts that differ by 1 to 10 from an earlier release of this or of an overlapping window."""
        found: set[Key] = set()
        for release in self.earlier:
            if release.window.overlaps(self.audit.window):
                for key, count in _shown(release).items():
                    now = self.value(key)
                    if now is not None and 0 < abs(now - count) < FLOOR:
                        found.add(key)
        return frozenset(found)


def _nothing(key: Key) -> None:
    return None


def _shown(release: Audit) -> dict[Key, int]:
    seen = Told(release)
    found: dict[Key, int] = {} if release.rows is None else {_ROWS: release.rows}
    for finding in release.findings:
        found |= facts(finding, seen.measures, _nothing)
    return found


@dataclass
class Hiding:
    """Which findings are hidden, and the counts that those still shown tell."""

    told: Told
    hidden: set[int]
    rows_hidden: bool = False
    _facts: dict[int, dict[Key, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read every finding once; those close to an earlier release are hidden from the start."""
        for i, finding in enumerate(self.told.audit.findings):
            self._facts[i] = facts(finding, self.told.measures, self.told.value)
        for key in self.told.few_apart:
            self.hide(key)

    def hide(self, key: Key) -> None:
        """Hide every finding that tells this count."""
        self.hidden |= {i for i, said in self._facts.items() if key in said}
        self.rows_hidden |= key == _ROWS

    def shown(self) -> dict[Key, int]:
        """The counts told by what is still shown, or was before."""
        found = dict(self.told.known_before)
        for i, said in self._facts.items():
            if i not in self.hidden:
                found |= said
        if self.told.audit.rows is not None and not self.rows_hidden:
            found[_ROWS] = self.told.audit.rows
        return found

    def cost(self, key: Key) -> float:
        """What is lost by hiding a count, summed over the findings that tell it.

        Least in a group of which something is hidden already, so that few groups carry it all
        and the others stay whole; and least of intersections, before their parts.
        """
        if key in self.told.known_before:
            return np.inf
        if key == _ROWS:
            return _OF_EVERYONE * 0.9
        lost = [self.told.audit.findings[i] for i, said in self._facts.items()
                if i not in self.hidden and key in said]  # fmt: skip
        whole = max((f.n or 0 for f in self.told.audit.findings), default=1) or 1
        findings = self.told.audit.findings
        opened = {(findings[i].subject, findings[i].group) for i in self.hidden}

        def worth(finding: Finding) -> float:
            if finding.group is None:
                return _OF_EVERYONE
            size = 1 + (finding.n or 0) / whole
            begun = 0.5 if (finding.subject, finding.group) in opened else 1.0
            return size * begun * (0.05 if _JOIN in finding.subject else 1.0)

        return sum(map(worth, lost)) if lost else np.inf


@dataclass
class Block:
    """Attributes that have to be looked at together, since they are parts of the same intersections."""

    told: Told
    attributes: tuple[str, ...]

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The finest groupings; every other one is a sum over the groups of one of them."""
        joint = tuple(a for a in self.attributes if _JOIN in a and self._parts(a))
        parts = {part for a in joint for part in a.split(_JOIN)}
        return tuple(a for a in self.attributes if a in joint or a not in parts) or ("",)

    def _parts(self, attribute: str) -> bool:
        """Whether the groups of an intersection name a group of each part."""
        names = attribute.split(_JOIN)
        groups = self.told.groups.get(attribute, ())
        return all(
            len(found := group.split(_JOIN)) == len(names)
            and all(g in self.told.groups.get(a, ()) for a, g in zip(names, found, strict=True))
            for group in groups
        )

    @cached_property
    def _cells(self) -> list[Place]:
        return [(a, g) for a in self.leaves for g in self.told.groups.get(a, ("",))]

    def _members(self, attribute: str, group: str, leaf: str) -> Floats:
        names = leaf.split(_JOIN)
        at = names.index(attribute) if attribute != leaf else None
        return np.array([
            float(a == leaf and (g == group if at is None else g.split(_JOIN)[at] == group))
            for a, g in self._cells
        ])  # fmt: skip

    def _over(self, attribute: str, group: str) -> Floats:
        if (attribute, group) == EVERYONE:
            return np.array([float(a == self.leaves[0]) for a, _ in self._cells])
        leaf = attribute if attribute in self.leaves else self._leaf_of(attribute)
        return self._members(attribute, group, leaf)

    def _leaf_of(self, attribute: str) -> str:
        return next(leaf for leaf in self.leaves if attribute in leaf.split(_JOIN))

    def row(self, key: Key) -> Floats:
        """A count as a sum over kinds of row in every finest group, shape (groups * kinds,)."""
        attribute, group, rest, form = key
        held = self._held(attribute, group, rest)
        return np.outer(held, FORMS[form]).ravel()

    def _held(self, attribute: str, group: str, rest: bool) -> Floats:
        if not rest:
            return self._over(attribute, group)
        leaf = attribute if attribute in self.leaves else self._leaf_of(attribute)
        everyone = np.array([float(a == leaf) for a, _ in self._cells])
        return np.asarray(everyone - self._over(attribute, group))

    def mine(self, keys: Iterable[Key]) -> list[Key]:
        """The counts of these that this block is about."""
        return [key for key in keys if key[0] in self.attributes or key[:2] == EVERYONE]

    def links(self) -> Iterator[Floats]:
        """Rows that are 0: the same people counted in two intersections, or in each grouping."""
        one = np.eye(len(KINDS))
        first = self.leaves[0]
        for leaf in self.leaves[1:]:
            pairs = [(self._over(*EVERYONE), np.array([float(a == leaf) for a, _ in self._cells]))]
            shared = set(first.split(_JOIN)) & set(leaf.split(_JOIN))
            for part in sorted(shared):
                names = self.told.groups[part]
                pairs += [(self._members(part, g, first), self._members(part, g, leaf)) for g in names]
            for left, right in pairs:
                yield from (np.outer(left - right, kind).ravel() for kind in one)


def blocks(seen: Told) -> list[Block]:
    """The attributes, together where an intersection binds them."""
    names = list(seen.groups)
    bound = {name: {name} for name in names}
    for name in names:
        if _JOIN in name:
            for part in name.split(_JOIN):
                if part in bound:
                    merged = bound[name] | bound[part]
                    for each in merged:
                        bound[each] = merged
    sets = {tuple(n for n in names if n in held) for held in bound.values()}
    return [Block(seen, attributes) for attributes in sorted(sets)] or [Block(seen, ())]


class Inconsistent(ValueError):
    """The counts told cannot all be true of the same people, so nothing can be shown of them."""


def settle(hiding: Hiding) -> None:
    """Hide further findings until every small count could be ten apart.

    Raises:
        Inconsistent: when the counts told contradict each other.
    """
    if not hiding.told.small:
        return
    changed = True
    while changed:  # what one block hides of everyone opens the others, never closes them
        before = len(hiding.hidden)
        for block in blocks(hiding.told):
            _settle(block, hiding)
        changed = len(hiding.hidden) > before and any(key[:2] == EVERYONE for key in hiding.told.small)


def _settle(block: Block, hiding: Hiding) -> None:
    small = block.mine(hiding.told.small)
    if not small:
        return
    wanted = np.array([block.row(key) for key in small])
    points: list[Floats] = []  # tables of people that are possible, and stay so as more is hidden
    possible = Possible.given(block, hiding.shown(), wanted, points)
    for place, key in enumerate(small):
        # What has been opened stays open, since hiding more only allows more.
        while pinned := possible.pinning(place):
            # Of everyone the figures themselves are rounded first, not the groups' taken away.
            whole = [k for k in pinned if k[:2] == EVERYONE] if key[:2] == EVERYONE else []
            cheapest = min(whole or pinned, key=hiding.cost)
            if not np.isfinite(hiding.cost(cheapest)):
                break  # only what was shown before pins it
            hiding.hide(cheapest)
            possible = Possible.given(block, hiding.shown(), wanted, points)


class Possible:
    """Every table of people that agrees with what is shown."""

    def __init__(
        self, block: Block, keys: list[Key], counts: Floats, wanted: Floats, points: list[Floats]
    ) -> None:
        """Leave out the kinds of which nobody can be, and take together those never told apart.

        `points` are tables already found, shape (groups * kinds,); what is found here joins them.
        """
        rows = np.array([block.row(key) for key in keys]).reshape(len(keys), wanted.shape[1])
        links = np.array(list(block.links())).reshape(-1, wanted.shape[1])
        never = np.tile(TIED == 0, rows.shape[1] // len(KINDS)) & block.told.tied
        self.zero = [(key, rows[i] > 0) for i, key in enumerate(keys) if counts[i] == 0]
        nobody = np.any([never, *(where for _, where in self.zero)], axis=0)
        telling = counts > 0
        self.told = [key for key, held in zip(keys, telling, strict=True) if held]
        stacked = np.vstack([rows[telling], links, wanted])[:, ~nobody]
        stacked, columns = np.unique(stacked, axis=1, return_index=True)
        self._columns = np.flatnonzero(~nobody)[columns]
        known = int(telling.sum()) + len(links)
        self.equal, self.wanted, self.raw = stacked[:known], stacked[known:], wanted
        self.counts = np.concatenate([counts[telling], np.zeros(len(links))])
        self.points = points
        self._inverse = np.linalg.pinv(self.equal) if known else np.zeros((stacked.shape[1], 0))

    @classmethod
    def given(cls, block: Block, shown: Mapping[Key, int], wanted: Floats, points: list[Floats]) -> Possible:
        """By the counts shown that this block is about."""
        keys = block.mine(shown)
        return cls(block, keys, np.array([shown[k] for k in keys], dtype=np.float64), wanted, points)

    def pinning(self, place: int) -> list[Key]:
        """What keeps a small count from being ten apart; nothing where it can be."""
        way = self.wanted[place]
        weights = way @ self._inverse
        if not np.allclose(weights @ self.equal, way, atol=1e-7):
            if self.apart(place) >= APART:
                return []
            weights = np.zeros(len(self.counts))
            for side in (way, -way):
                weights += np.abs(self.furthest(side))
                if self.apart(place) >= APART - 1e-6:
                    return []
        held = np.abs(weights[: len(self.told)])
        found = [key for key, weight in zip(self.told, held, strict=True) if weight > 1e-7]
        return found or [key for key, where in self.zero if (where & (self.raw[place] > 0)).any()]

    def apart(self, place: int) -> float:
        """How far apart this count is in the tables found so far."""
        at = [float(self.raw[place] @ point) for point in self.points]
        return max(at) - min(at) if at else 0.0

    def furthest(self, way: Floats) -> Floats:
        """Find the table in which `way` is largest; returns how much each count told weighs on it.

        Raises:
            Inconsistent: when no table agrees with what is told.
        """
        found = linprog(-way, A_eq=self.equal, b_eq=self.counts, bounds=(0, MANY), method="highs")
        if found.x is None:
            raise Inconsistent("the counts told cannot all be true of the same people")
        point = np.zeros(self.raw.shape[1])
        point[self._columns] = found.x
        self.points.append(point)
        return np.asarray(found.eqlin.marginals)
