"""Adjusted p-values: they say the same as the intervals, and grow with the number of comparisons."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.report.adjusted import adjusted, discoveries, holm, raw
from dashboards.report.facts import Facts
from monitors.assess import assess
from monitors.interval import LEVEL
from tests.dashboards import committee
from tests.dashboards.test_report import SMALL

TINY = 1e-12
PS = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(PS)
def test_an_adjusted_p_is_never_lower_than_it_was_and_keeps_the_order(ps: list[float]) -> None:
    for made in (holm(ps), discoveries(ps)):
        assert all(0 <= p <= a + TINY <= 1 + TINY for p, a in zip(ps, made, strict=True))
        along = [a for _, a in sorted(zip(ps, made, strict=True))]
        assert along == pytest.approx(sorted(made))
    assert all(b <= h + TINY for b, h in zip(discoveries(ps), holm(ps), strict=True))


def test_both_are_what_the_papers_worked_examples_give() -> None:
    """Benjamini and Hochberg 1995, section 3.2: at .05 four of fifteen are discoveries, else three."""
    ps = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
        0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    assert sum(p <= 0.05 for p in discoveries(ps)) == 4
    assert sum(p <= 0.05 for p in holm(ps)) == 3


def test_a_p_is_low_exactly_where_the_interval_leaves_out_zero(tmp_path: Path) -> None:
    config = committee.declared("ward-risk", "race")
    ledger = committee.ledger_of(tmp_path, config, "race", SMALL)
    facts = Facts(assess(ledger, config, edition="restricted"))
    seen = {True: 0, False: 0}
    for finding in facts.judged:
        p = raw(facts, finding)
        if p is None or finding.low is None or finding.high is None or finding.against is None:
            continue
        apart = finding.low > 0 or finding.high < 0
        assert (p < 1 - LEVEL ** (1 / len(facts.groups("race")))) is apart, finding.key
        seen[apart] += 1
    assert min(seen.values()) > 2, "both kinds are there"
    assert adjusted(facts, facts.judged).keys() == {f.key for f in facts.judged if raw(facts, f) is not None}


@pytest.mark.parametrize("adjust", [holm, discoveries])
def test_one_comparison_alone_is_not_adjusted(adjust: object) -> None:
    assert callable(adjust)
    assert adjust([0.03]) == [0.03]
