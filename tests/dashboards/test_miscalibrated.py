"""The part of a gap that miscalibration makes: the group's own loss less the others', and the rest of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from dashboards.report.facts import Facts
from monitors.audit import Finding, Verdict

RATES = {"a": (0.60, 400, -0.10), "b": (0.75, 200, 0.02), "c": (0.70, 100, 0.08)}


def facts(hidden: str = "") -> Facts:
    """Three groups found at these rates, each with what its own score makes of it."""
    base = Finding(
        metric="true_positive_rate", family="fairness", subject="race", unit="share of rows",
        verdict=Verdict.WITHIN, against="rest",
    )  # fmt: skip
    found = []
    for group, (rate, n, loss) in RATES.items():
        others = {g: held for g, held in RATES.items() if g != group}
        rest = sum(r * k for r, k, _ in others.values()) / sum(k for _, k, _ in others.values())
        found.append(replace(base, group=group, n=n, level=rate, baseline=rest, value=rate - rest))
        told = group != hidden
        found.append(
            replace(
                base, metric="miscalibration_loss", group=group, against=None,
                value=loss if told else None, low=loss - 0.03 if told else None,
                high=loss + 0.03 if told else None,
            )
        )  # fmt: skip
    cubes = {"race": SimpleNamespace(groups=tuple(RATES))}
    held: Any = SimpleNamespace(shown=SimpleNamespace(findings=found), profile=SimpleNamespace(cubes=cubes))
    return Facts(held)


def gap(group: str, of: Facts) -> Finding:
    found = of.find("true_positive_rate", "race", group)
    assert found is not None
    return found


def test_it_is_the_group_s_loss_less_what_the_others_lose() -> None:
    of = facts()
    found = of.miscalibrated(gap("a", of))
    assert found is not None
    assert found[0] == pytest.approx(-0.10 - (0.02 * 200 + 0.08 * 100) / 300)
    assert found[1] < found[0] - 0.03 < found[0] + 0.03 < found[2], "two uncertainties are wider than one"


def test_what_is_left_is_the_gap_between_the_groups_put_right() -> None:
    of = facts()
    for group in RATES:
        seen, part = gap(group, of), of.miscalibrated(gap(group, of))
        assert part is not None
        right = {g: (r - loss, n) for g, (r, n, loss) in RATES.items()}
        rest = [held for g, held in right.items() if g != group]
        others = sum(r * n for r, n in rest) / sum(n for _, n in rest)
        assert (seen.value or 0) - part[0] == pytest.approx(right[group][0] - others)


def test_where_one_group_s_loss_is_not_told_nobody_s_part_is() -> None:
    of = facts(hidden="c")
    assert [of.miscalibrated(gap(group, of)) for group in RATES] == [None] * 3
