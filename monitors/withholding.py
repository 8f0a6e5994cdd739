"""Complementary withholding: what else to hide so that nothing hidden can be worked out.

Everything audits show is written as sums over kinds of row (`forms`, `told`). Linear programming then
says how far each count of 1 to 10 people could lie from what it is, given all that is shown, now and
before (`tables`): less than ten apart is too close, and one of the findings that pin it is hidden as
well, until none is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from monitors.audit import Finding, Verdict
from monitors.forms import Key, Place, facts
from monitors.histogram import Floats
from monitors.tables import Block, Possible, blocks
from monitors.told import JOIN, Told

_OF_EVERYONE = 50.0  # the cost of rounding a figure of everyone; the window's rows cost less than one
_OF_PARTS = 0.05  # of a group that has others in its place: an intersection, or a member of a pool


@dataclass
class Hiding:
    """Which findings are hidden, and the counts that those still shown tell."""

    told: Told
    hidden: set[int]
    rows_hidden: bool = False
    _facts: list[dict[Key, int]] = field(default_factory=list)
    _tellers: dict[Key, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read every finding once; those close to an earlier release are hidden from the start."""
        told = self.told
        for i, finding in enumerate(told.audit.findings):
            self._facts.append(facts(finding, told.span, told.measures, told.value))
            for key in self._facts[i]:
                self._tellers.setdefault(key, []).append(i)
        for key in told.few_apart:
            self.hide(key)

    @cached_property
    def _rows(self) -> Key:
        return Key(Place(self.told.span), False, "rows")

    def hide(self, key: Key) -> None:
        """Hide every finding that tells this count."""
        self.hidden |= set(self._tellers.get(key, ()))
        self.rows_hidden |= key == self._rows

    def shown(self) -> dict[Key, int]:
        """The counts told by what is still shown, or was before."""
        found = dict(self.told.known_before)
        for i, said in enumerate(self._facts):
            if i not in self.hidden:
                found |= said
        if self.told.audit.rows is not None and not self.rows_hidden:
            found[self._rows] = self.told.audit.rows
        return found

    @cached_property
    def _worth(self) -> list[float]:
        """What each finding is worth by itself."""
        findings = self.told.audit.findings
        whole = max((f.n or 0 for f in findings), default=1) or 1
        stands_in = {
            (f.metric, f.subject, member)
            for i, f in enumerate(findings)
            if f.holds and i not in self.hidden
            for member in f.holds
        }

        def worth(finding: Finding) -> float:
            if finding.group is None:
                return _OF_EVERYONE
            place = (finding.metric, finding.subject, finding.group)
            part = _OF_PARTS if place in stands_in and finding.verdict is Verdict.CANNOT_TELL else 1.0
            part *= _OF_PARTS if JOIN in finding.subject else 1.0
            return (1 + (finding.n or 0) / whole) * part

        return [worth(finding) for finding in findings]

    def _cost(self, key: Key, opened: set[tuple[str, str | None]]) -> float:
        """What is lost by hiding a count, summed over the findings that tell it.

        Least in a group of which something is hidden already (`opened`), so that few groups carry
        it all and the others stay whole; and least of parts, before what they are parts of.
        """
        if key in self.told.known_before:
            return np.inf
        if key == self._rows:
            return _OF_EVERYONE * 0.9
        lost = [i for i in self._tellers.get(key, ()) if i not in self.hidden]
        found = self.told.audit.findings
        begun = [found[i].group is not None and (found[i].subject, found[i].group) in opened for i in lost]
        each = [self._worth[i] * (0.5 if half else 1.0) for i, half in zip(lost, begun, strict=True)]
        return sum(each) if each else np.inf

    def cheapest(self, keys: list[Key]) -> Key | None:
        """The count that costs least to hide; None where each was shown before."""
        findings = self.told.audit.findings
        opened = {(findings[i].subject, findings[i].group) for i in self.hidden}
        costs = [self._cost(key, opened) for key in keys]
        best = int(np.argmin(costs))
        return keys[best] if np.isfinite(costs[best]) else None


def settle(hiding: Hiding) -> None:
    """Hide further findings until every small count could be ten apart.

    Raises:
        Inconsistent: when the counts told contradict each other.
    """
    if not hiding.told.small:
        return
    everyone = any(key.place.everyone for key in hiding.told.small)
    changed = True
    while changed:  # what one block hides of everyone opens the others, never closes them
        before = len(hiding.hidden)
        for block in blocks(hiding.told):
            _settle(block, hiding)
        changed = len(hiding.hidden) > before and everyone


def _settle(block: Block, hiding: Hiding) -> None:
    small = block.mine(hiding.told.small)
    if not small:
        return
    wanted = np.array([block.row(key) for key in small])
    points: list[Floats] = []  # tables of people that are possible, and stay so as more is hidden
    possible = Possible(block, hiding.shown(), wanted, points)
    for place, key in enumerate(small):
        # What has been opened stays open, since hiding more only allows more.
        while pinned := possible.pinning(place):
            # Of everyone the figures themselves are rounded first, not the groups' taken away.
            whole = [k for k in pinned if k.place.everyone] if key.place.everyone else []
            cheapest = hiding.cheapest(whole or pinned)
            if cheapest is None:
                break  # only what was shown before pins it
            hiding.hide(cheapest)
            possible = Possible(block, hiding.shown(), wanted, points)
