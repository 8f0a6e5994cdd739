"""Adjusted p-values: how often chance alone would show a gap as wide, given how many were looked at.

Each p is read off the gap's own interval, so that it is below 5 % exactly where that interval leaves
out zero. Verdicts do not rest on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

from dashboards.report.facts import NOTHING, Facts
from monitors.audit import Finding, Verdict
from monitors.interval import LEVEL, quantile

Key = tuple[str, str, str | None]


def adjusted(facts: Facts, findings: Sequence[Finding]) -> dict[Key, float]:
    """By finding: Holm's p in the primary family, Benjamini and Hochberg's in each other one.

    What is withheld, or has no interval, has none, and counts in no family.
    """
    found: dict[Key, float] = {}
    for family in dict.fromkeys(facts.family(f) for f in findings):
        held = {f.key: p for f in findings if facts.family(f) == family and (p := raw(facts, f)) is not None}
        made = holm(list(held.values())) if family == "primary" else discoveries(list(held.values()))
        found |= dict(zip(held, made, strict=True))
    return found


def raw(facts: Facts, finding: Finding) -> float | None:
    """The two-sided p of one gap alone, from the side of its interval that faces zero."""
    value, low, high = finding.value, finding.low, finding.high
    if value is None or low is None or high is None or finding.verdict is Verdict.WITHHELD:
        return None
    side = value - low if value > 0 else high - value
    compared = len(facts.groups(finding.subject)) - (finding.against not in ("rest", None))
    error = side / quantile(LEVEL ** (1 / max(compared, 1)))
    return 2 * (1 - NormalDist().cdf(abs(value) / error)) if error > 0 else None


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment (Holm 1979, Scand J Stat 6:65).

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    made, most = [0.0] * len(ps), 0.0
    for place, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        most = max(most, min(1.0, ps[i] * (len(ps) - place)))
        made[i] = most
    return made


def discoveries(ps: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjustment (1995, J R Stat Soc B 57:289): the share of false ones among those as low.

    >>> [round(p, 3) for p in discoveries([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    made, least = [0.0] * len(ps), 1.0
    for place, i in reversed(list(enumerate(sorted(range(len(ps)), key=ps.__getitem__), start=1))):
        least = min(least, ps[i] * len(ps) / place)
        made[i] = least
    return made


def written(found: Mapping[Key, float], finding: Finding) -> str:
    """A p as a table has it.

    >>> class F: key = ("auroc", "sex", "female")
    >>> [written({F.key: p}, F) for p in (0.00002, 0.0312, 0.4)]
    ['<0.001', '0.031', '0.40']
    """
    p = found.get(finding.key)
    if p is None:
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
