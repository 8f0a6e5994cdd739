"""Tables: how many people of each kind there could be, by group and stretch of time, given what is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from monitors.forms import FORMS, KINDS, TIED, Key
from monitors.histogram import Floats
from monitors.told import APART, JOIN, Told, atoms

MANY = 1e7  # people; where nothing shown bounds a count


class Inconsistent(ValueError):
    """The counts told cannot all be true of the same people, so nothing can be shown of them."""


@dataclass
class Block:
    """Attributes that have to be looked at together, since they are parts of the same intersections.

    A cell is a finest group in a piece of time; whatever is told is a sum over cells and kinds.
    """

    told: Told
    attributes: tuple[str, ...]
    _rows: dict[Key, Floats] = field(default_factory=dict)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The finest groupings; every other one is a sum over the groups of one of them."""
        joint = tuple(a for a in self.attributes if JOIN in a and self._parts(a))
        parts = {part for a in joint for part in a.split(JOIN)}
        return tuple(a for a in self.attributes if a in joint or a not in parts) or ("",)

    def _parts(self, attribute: str) -> bool:
        """Whether the groups of an intersection name a group of each part."""
        names = attribute.split(JOIN)
        groups = self.told.groups.get(attribute, ())
        return all(
            len(found := group.split(JOIN)) == len(names)
            and all(g in self.told.groups.get(a, ()) for a, g in zip(names, found, strict=True))
            for group in groups
        )

    @cached_property
    def _atoms(self) -> dict[str, Floats]:
        """Of which pieces of time each span is made, shape (pieces,)."""
        pieces = atoms(self.told.spans)
        many = 1 + max(i for held in pieces.values() for i in held)
        return {span: np.isin(np.arange(many), held).astype(np.float64) for span, held in pieces.items()}

    @cached_property
    def _cells(self) -> list[tuple[str, str]]:
        return [(a, g) for a in self.leaves for g in self.told.groups.get(a, ("",))]

    def _members(self, attribute: str, groups: tuple[str, ...], leaf: str) -> Floats:
        names = leaf.split(JOIN)
        at = names.index(attribute) if attribute != leaf else None
        return np.array([
            float(a == leaf and (g if at is None else g.split(JOIN)[at]) in groups)
            for a, g in self._cells
        ])  # fmt: skip

    def _all_of(self, leaf: str) -> Floats:
        return np.array([float(a == leaf) for a, _ in self._cells])

    def _leaf_of(self, attribute: str) -> str:
        if attribute in self.leaves:
            return attribute
        return next(leaf for leaf in self.leaves if attribute in leaf.split(JOIN))

    def row(self, key: Key) -> Floats:
        """A count as a sum over pieces of time, finest groups and kinds of row, shape (all of these,)."""
        if key not in self._rows:
            self._rows[key] = self._row(key)
        return self._rows[key]

    def _row(self, key: Key) -> Floats:
        place = key.place
        if place.everyone:
            held = self._all_of(self.leaves[0])
        else:
            leaf = self._leaf_of(place.attribute)
            held = self._members(place.attribute, place.groups, leaf)
            held = self._all_of(leaf) - held if key.rest else held
        return np.multiply.outer(self._atoms[place.span], np.outer(held, FORMS[key.form])).ravel()

    def mine(self, keys: Iterable[Key]) -> list[Key]:
        """The counts of these that this block is about."""
        return [key for key in keys if key.place.everyone or key.place.attribute in self.attributes]

    @cached_property
    def links(self) -> Floats:
        """Rows that are 0: the same people counted in two intersections, or in each grouping."""
        width = len(self._cells) * len(KINDS) * len(next(iter(self._atoms.values())))
        return np.array(list(self._links())).reshape(-1, width)

    def _links(self) -> Iterator[Floats]:
        first = self.leaves[0]
        pieces = np.eye(len(next(iter(self._atoms.values()))))
        for leaf in self.leaves[1:]:
            pairs = [(self._all_of(first), self._all_of(leaf))]
            for part in sorted(set(first.split(JOIN)) & set(leaf.split(JOIN))):
                pairs += [
                    (self._members(part, (g,), first), self._members(part, (g,), leaf))
                    for g in self.told.groups[part]
                ]
            for left, right in pairs:
                for piece in pieces:
                    for kind in np.eye(len(KINDS)):
                        yield np.multiply.outer(piece, np.outer(left - right, kind)).ravel()


def blocks(seen: Told) -> list[Block]:
    """The attributes, together where an intersection binds them."""
    names = list(seen.groups)
    bound = {name: {name} for name in names}
    for name in names:
        if JOIN in name:
            for part in name.split(JOIN):
                if part in bound:
                    merged = bound[name] | bound[part]
                    for each in merged:
                        bound[each] = merged
    found = {tuple(n for n in names if n in bound[name]) for name in names} or {()}
    return [Block(seen, attributes) for attributes in sorted(found)]


class Possible:
    """Every table of people that agrees with what is shown."""

    def __init__(self, block: Block, shown: Mapping[Key, int], wanted: Floats, points: list[Floats]) -> None:
        """Leave out the kinds of which nobody can be, and take together those never told apart.

        `points` are tables already found, shape (cells * kinds,); what is found here joins them.
        """
        keys = block.mine(shown)
        counts = np.array([shown[key] for key in keys], dtype=np.float64)
        rows = np.array([block.row(key) for key in keys]).reshape(len(keys), wanted.shape[1])
        never = np.tile(TIED == 0, rows.shape[1] // len(KINDS)) & block.told.tied
        self.zero = [(key, rows[i] > 0) for i, key in enumerate(keys) if counts[i] == 0]
        nobody = np.any([never, *(where for _, where in self.zero)], axis=0)
        telling = counts > 0
        self.told = [key for key, held in zip(keys, telling, strict=True) if held]
        stacked = np.vstack([rows[telling], block.links, wanted])[:, ~nobody]
        stacked, columns = np.unique(stacked, axis=1, return_index=True)
        self._columns = np.flatnonzero(~nobody)[columns]
        known = int(telling.sum()) + len(block.links)
        self.equal, self.wanted, self.raw = stacked[:known], stacked[known:], wanted
        self.counts = np.concatenate([counts[telling], np.zeros(len(block.links))])
        self.points = points

    def pinning(self, place: int) -> list[Key]:
        """What keeps a small count from being ten apart; nothing where it can be."""
        if self.apart(place) >= APART:
            return []
        way, weights = self.wanted[place], np.zeros(len(self.counts))
        for side in (way, -way):
            weights += np.abs(self.furthest(side))
            if self.apart(place) >= APART - 1e-6:
                return []
        held = weights[: len(self.told)]
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
        if not self._columns.size:  # nobody can be anything: the empty table is the only one
            self.points.append(np.zeros(self.raw.shape[1]))
            return np.zeros(len(self.counts))
        from scipy.optimize import linprog  # 25 MB, and pages show what was worked out before

        found = linprog(
            -way,
            A_eq=self.equal,
            b_eq=self.counts,
            bounds=(0, MANY),
            method="highs",
            options={"presolve": False},  # tables are small: looking for shortcuts costs more than it saves
        )
        if found.x is None:
            raise Inconsistent("the counts told cannot all be true of the same people")
        point = np.zeros(self.raw.shape[1])
        point[self._columns] = found.x
        self.points.append(point)
        return np.asarray(found.eqlin.marginals)
