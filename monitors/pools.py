"""Pools: small groups counted together as people approved it, and a group counted over several windows.

Cubes add, so a pool is judged from counts like any group. What is pooled stands beside what it is made of in
the ledger; of the two, people see the pool where the parts are withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from monitors.audit import Finding, Verdict
from monitors.checks import Check
from monitors.cube import Cube
from monitors.errors import NotComputable
from monitors.gaps import gaps
from monitors.histogram import Counts
from monitors.pooling_map import PoolingMap
from monitors.profile import EVERYONE, Profile
from monitors.told import JOIN, telling


@dataclass
class Pools:
    """One window's counts, pooled as approved, and with them those of the windows before in its period.

    `period` is the whole period counted as one, in the window that ends it; else None.
    """

    pooling: PoolingMap
    window: Profile
    period: Profile | None = None

    @classmethod
    def approved(cls, pooling: PoolingMap | None, window: Profile, period: Profile | None) -> Pools | None:
        """None where nobody approved any."""
        return cls(pooling, window, period) if pooling else None

    def beside(self, check: Check, found: Sequence[Finding]) -> Iterator[Finding]:
        """The findings of a check by group, those that pooling can help told how far, then the pools.

        Groups of which something can be said alone are left alone, so each is judged once at most.
        """
        if "eligible" in check.metric.needs:  # who ought to have been scored is not counted over a period
            yield from found
            return
        over: list[Finding] = []
        if self.period is not None and check.attribute is not None:
            over = self._over(check, self.period, found)
        yield from (self._helped(finding, over) for finding in found)
        yield from self._together(check, self.pooled, found)
        yield from over

    def _helped(self, finding: Finding, over: Sequence[Finding]) -> Finding:
        """What is needed, with how many windows are counted together, and what that gives of it."""
        if self.pooling.periods is None or not wants(finding):
            return finding
        needs = {**(finding.needs or {}), "pooled_windows": self.pooling.periods}
        whole = next((f for f in over if f.holds == (finding.group,)), None)
        if whole is not None and whole.n and whole.low is not None and whole.high is not None:
            needs |= {"pooled_n": whole.n, "tells": round((whole.high - whole.low) / 2, 3)}
        return replace(finding, needs=needs)

    def _together(self, check: Check, pooled: Profile, found: Sequence[Finding]) -> Iterator[Finding]:
        """Pools of which a member is too few to show or to tell."""
        attribute = check.attribute or ""
        members = self.members(attribute, [f.group for f in found if f.group is not None])
        wanting = {f.group for f in found if wants(f)}
        wanted = {name: held for name, held in members.items() if wanting & set(held)}
        if not wanted:
            return
        if taken := sorted(set(wanted) & {f.group for f in found}):
            raise NotComputable(f"pooling: {taken} are categories of their own; give the pools other names")
        for finding in gaps(check, pooled):
            if finding.group in wanted:
                yield replace(finding, holds=wanted[finding.group])

    def _over(self, check: Check, period: Profile, found: Sequence[Finding]) -> list[Finding]:
        """The groups that alone are too few in one window, over all windows of the period."""
        wanting = {f.group for f in found if wants(f)}
        whole = [f for f in gaps(check, period) if f.group is not None]
        alone = [f for f in whole if f.group in wanting]
        together = list(self._together(check, self._pooled_period, alone))
        held = {member for f in together for member in f.holds or ()}
        kept = [replace(f, holds=(str(f.group),)) for f in alone if not (f.group in held and wants(f))]
        kept += together
        many = self.pooling.periods
        return [
            replace(f, group=f"{f.group}, {many} windows", over=str(period.window))
            for f in kept
            if f.value is not None
        ]

    def members(self, attribute: str, groups: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The groups of an attribute that each pool holds, two or more of them."""
        held: dict[str, list[str]] = {}
        for group in sorted(set(groups)):
            held.setdefault(self.label(attribute, group), []).append(group)
        return {label: tuple(those) for label, those in held.items() if len(those) > 1}

    def label(self, attribute: str, group: str) -> str:
        """What a group is counted as; of an intersection, part by part."""
        columns, parts = attribute.split(JOIN), group.split(JOIN)
        if len(columns) != len(parts):
            return group
        return JOIN.join(self.pooling.label(c, part) for c, part in zip(columns, parts, strict=True))

    @cached_property
    def pooled(self) -> Profile:
        """The window with its pools in place of the groups they hold."""
        return self._relabelled(self.window)

    @cached_property
    def _pooled_period(self) -> Profile:
        return self._relabelled(self.period or self.window)

    def _relabelled(self, profile: Profile) -> Profile:
        cubes = {a: self._cube(cube) if a != EVERYONE else cube for a, cube in profile.cubes.items()}
        return replace(profile, cubes=cubes)

    def _cube(self, cube: Cube) -> Cube:
        rows = ((self.label(cube.attribute, group), *counts) for group, *counts in cube.weighted_rows())
        repeats: dict[str, Counts] = {}
        for group, together in cube.repeats.items():
            label = self.label(cube.attribute, group)
            repeats[label] = repeats[label] + together if label in repeats else together
        return Cube.of(cube.attribute, rows, repeats or None)  # type: ignore[arg-type]


def wants(finding: Finding) -> bool:
    """Whether a finding of a group says nothing by itself: too few to show, or to tell."""
    open_one = finding.verdict is Verdict.CANNOT_TELL and finding.margin is not None
    return finding.group is not None and (open_one or telling(finding))
