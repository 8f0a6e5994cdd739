"""Conditional gaps: a gap between groups compared among people of the same stratum, pooled over strata.

A group with graver illness, or older, has other rates without anyone doing it wrong. Comparing like
with like and pooling the differences (Mantel–Haenszel) says how much of a gap stays. The trap: what
is conditioned on is taken as given. Strata that carry the bias themselves, such as a biased score or a
severity recorded later in some, hide it; so the raw gap is always shown and keeps its verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitors.audit import Finding, Verdict
from monitors.checks import Check
from monitors.cube import Cube
from monitors.interval import LEVEL, quantile
from monitors.plan import RISK
from monitors.profile import Profile
from monitors.repeats import design_effect

STRATA_OF_RISK = 10
FEWEST = 30  # people of the group in strata where there is somebody to compare them with
PARTED = "\x1f"  # between a group and its stratum in the cube's key
_MOVED = (Verdict.BEYOND, Verdict.DIFFERENT)
Pair = tuple[int, int, int, int]  # events and people of the group, events and people of the others


@dataclass(frozen=True, slots=True)
class Common:
    """A difference pooled over strata, with its interval and how many people of the group it rests on."""

    value: float
    low: float
    high: float
    n: int
    strata: int


def common_difference(strata: Iterable[Pair], level: float = LEVEL, design: float = 1.0) -> Common | None:
    """The Mantel–Haenszel risk difference; None where no stratum has people of both sides.

    Its interval inverts the score-like test on Sato's variance (Klingenberg 2014, Stat Med
    33:2968; Sato 1989, Biometrics 45:1323), which holds with many small strata and with few large.

    Args:
        strata: (events, people) of the group and of the others, in each.
        level: two-sided confidence.
        design: how many rows are worth one, where patients repeat.

    >>> # within each stratum the rates are alike; only who is in which stratum differs
    >>> found = common_difference([(80, 100, 8, 10), (2, 10, 20, 100)])
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (0.0, -0.16, 0.21)
    """
    both = np.array([pair for pair in strata if pair[1] > 0 and pair[3] > 0], dtype=np.float64)
    if not len(both):
        return None
    a, n, b, m = both.T
    whole = n + m
    weight = float((n * m / whole).sum())
    value = float(((a * m - b * n) / whole).sum()) / weight
    slope = float(((n**2 * b - m**2 * a + n * m * (m - n) / 2) / whole**2).sum())
    spread = float(((a * (m - b) + b * (n - a)) / (2 * whole)).sum())
    reach = quantile(level) ** 2 * design / weight**2
    middle = value + reach * slope / 2
    half = math.sqrt(max(middle**2 - value**2 + reach * spread, 0.0))
    low, high = max(-1.0, min(middle - half, value)), min(1.0, max(middle + half, value))
    return Common(value, low, high, int(n.sum()), len(both))


def conditioned(check: Check, profile: Profile, finding: Finding, level: float) -> Finding:
    """A gap that moved, with how much of it stays when people of the same stratum are compared.

    Any other finding, and one whose rule names no strata, is given back as it is.
    """
    within, group = check.rule.within, finding.group
    if within is None or group is None or finding.verdict not in _MOVED or check.attribute is None:
        return finding
    strata = _strata(profile, check.attribute, within)
    pairs = [pair for stratum in strata.values() if (pair := _pair(check, stratum, group))]
    design = max(
        (design_effect(check.metric, check.compute, tally) for tally in _arms(check, profile, group)),
        default=1.0,
    )
    found = common_difference(pairs, level, design)
    if found is None or found.n < FEWEST:
        why = f"too few of the same {within} to compare"
        return replace(finding, reason="; ".join(part for part in (finding.reason, why) if part))
    share = found.n / max(finding.n or 1, 1)
    held: dict[str, Any] = {
        "stratum": within,
        # Rounded, so that no count can be worked out from a long fraction.
        "value": round(found.value, 3),
        "low": round(found.low, 3),
        "high": round(found.high, 3),
        "strata": found.strata,
        "compared": "all" if share >= 1 else "most" if share >= 0.8 else "some",
    }
    said = stays(finding.value or 0.0, held)
    return replace(finding, within=held, reason="; ".join(part for part in (finding.reason, said) if part))


def stays(gap: float, within: Mapping[str, Any]) -> str:
    """In words.

    >>> stays(0.12, {"stratum": "severity", "value": 0.09, "low": 0.02, "high": 0.16, "compared": "most"})
    'of a gap of +.12, +.09 (+.02 to +.16) stays when people of the same severity are compared; most could be'
    """
    now, low, high = (_signed(float(within[name])) for name in ("value", "low", "high"))
    rest = "" if within["compared"] == "all" else f"; {within['compared']} could be"
    told = f"of a gap of {_signed(gap)}, {now} ({low} to {high}) stays when people of the same"
    return f"{told} {within['stratum']} are compared{rest}"


def strata_wanted(checks: Iterable[Check]) -> tuple[tuple[str, str], ...]:
    """The (attribute, column) pairs that a plan asks to be counted together."""
    named = (
        (c.attribute, c.rule.within) for c in checks if c.attribute and c.rule.within not in (None, RISK)
    )
    return tuple(dict.fromkeys((str(attribute), str(column)) for attribute, column in named))


def place_of(attribute: str, column: str) -> str:
    """The name of the cube that holds an attribute's groups by stratum."""
    return f"{attribute} within {column}"


def _strata(profile: Profile, attribute: str, within: str) -> dict[str, Cube]:
    """A cube of the attribute for each stratum."""
    if within == RISK:
        return _by_risk(profile.cubes[attribute])
    parted: dict[str, list[Any]] = {}
    cube = profile.cubes.get(place_of(attribute, within))
    for row in cube.weighted_rows() if cube is not None else []:
        group, _, stratum = row[0].partition(PARTED)
        parted.setdefault(stratum, []).append((group, *row[1:]))
    return {stratum: Cube.of(attribute, rows) for stratum, rows in parted.items()}


def _by_risk(cube: Cube) -> dict[str, Cube]:
    """Tenths of everyone by score, as near as score cells allow."""
    held: dict[int, int] = {}
    for row in cube.weighted_rows():
        if row[3] >= 0:
            held[row[3]] = held.get(row[3], 0) + row[5]
    cells, whole = sorted(held), max(sum(held.values()), 1)
    below = 0
    tenth: dict[int, int] = {}
    for cell in cells:  # by the middle of its people
        tenth[cell] = int(STRATA_OF_RISK * (below + held[cell] / 2) / whole)
        below += held[cell]
    parted: dict[str, list[Any]] = {}
    for row in cube.weighted_rows():
        if row[3] >= 0:
            parted.setdefault(str(tenth[row[3]]), []).append(row)
    return {stratum: Cube.of(cube.attribute, rows) for stratum, rows in parted.items()}


def _arms(check: Check, profile: Profile, group: str) -> list[Any]:
    cube = profile.cubes[str(check.attribute)]
    other = cube.tally(rest_of=group) if check.rule.against == "rest" else cube.tally(check.rule.against)
    return [cube.tally(group), other]


def _pair(check: Check, stratum: Cube, group: str) -> Pair | None:
    """Events and people of both sides in one stratum, None where either side has nobody there."""
    against = check.rule.against
    other = stratum.tally(rest_of=group) if against == "rest" else stratum.tally(against)
    here, there = check.compute(stratum.tally(group)), check.compute(other)
    if here.value is None or there.value is None or here.events is None or there.events is None:
        return None
    return here.events, here.n, there.events, there.n


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("0.", ".", 1)
