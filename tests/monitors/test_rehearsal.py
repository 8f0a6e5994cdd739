"""A rule that is new is rehearsed on the counts that are kept, and comes to what living with it came to."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from flows.monitor import step
from monitors.alert import changes, standing
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.ledger import Ledger
from monitors.rehearsal import rehearse
from monitors.release import keep, releases

START = datetime(2026, 1, 5, tzinfo=UTC)
BASE = """
model: sepsis
version: 1
source: {kind: files, path: x.csv}
columns: {time: at, score: risk, numeric: [lactate]}
window: P7D
reference: {from: 2026-01-05, to: 2026-03-02}
"""
RULE = """plan:
  - {measure: wasserstein, columns: lactate, margin: 0.3, severity: page, silent: true, runbook: input-drift}
  - {measure: auroc, margin: 0.05, severity: page, silent: true, runbook: performance}
"""
END = START + timedelta(weeks=16)


def rows() -> pd.DataFrame:
    made = []
    for week in range(16):
        draw = random.Random(week)
        shift = 1.0 if week in (10, 11) else 0.0
        for _ in range(300):
            at = START + timedelta(weeks=week, seconds=draw.random() * 7 * 86400)
            made.append((at, round(draw.betavariate(2, 5), 4), draw.gauss(shift, 1)))
    return pd.DataFrame(made, columns=["at", "risk", "lactate"])


def lived(config: ModelConfig, folder: Path) -> Ledger:
    """A ledger that saw weeks 8 to 15 under a configuration."""
    ledger = Ledger(f"sqlite:///{folder}/{config.digest[-6:]}.db", lambda: END)
    table, first = rows(), config.grid.index(START)
    for week in range(8, 16):
        keep(ledger, step(config, config.grid.window(first + week), table, ledger=ledger))
    return ledger


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return lived(parse(BASE, "sepsis.yaml"), tmp_path_factory.mktemp("without"))


def test_a_rehearsed_rule_comes_to_what_living_with_it_came_to(without: Ledger, tmp_path: Path) -> None:
    config = parse(BASE + RULE, "sepsis.yaml")
    audits = [r.audit for r in releases(lived(config, tmp_path), "sepsis")]
    began = [
        (c.window, c.finding.name)
        for place in range(len(audits))
        for c in changes(standing(audits[:place]), audits[place])
        if c.state == "began" and c.finding.rule == "plan.1"
    ]
    assert [name for _, name in began] == ["wasserstein of lactate"]
    shift, performance = rehearse(config, without, END)
    assert list(shift.told) == began
    assert shift.said == "plan.1 (wasserstein): this would have paged 1 time in 8 windows."
    assert (performance.told, performance.windows) == ((), 8)


def test_another_margin_is_rehearsed_too(without: Ledger) -> None:
    wide = parse(BASE + RULE.replace("0.3", "3.0"), "sepsis.yaml")
    assert rehearse(wide, without, END)[0].told == ()


def test_a_rule_over_counts_that_are_not_kept_says_so(without: Ledger) -> None:
    other = parse(
        BASE.replace("[lactate]", "[lactate, sodium]") + RULE.replace("lactate", "sodium"), "s.yaml"
    )
    (line, _) = rehearse(other, without, END)
    assert line.unable == line.windows == 8
    assert line.said.endswith("In 8 of them it could not run.")


def test_nothing_is_rehearsed_beyond_the_last_quarter(without: Ledger) -> None:
    config = parse(BASE + RULE, "sepsis.yaml")
    assert rehearse(config, without, END + timedelta(days=92))[0].windows == 0
    assert rehearse(config, without, END - timedelta(weeks=3))[0].windows == 5
