"""Every pack is read whole, says where its margins come from, and measures what it names."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from benchmarks import packs
from flows import source
from monitors.checks import checks
from monitors.cube import MILLIONTHS, Cube

ROOT = Path(__file__).parents[2]
PACKS = sorted((ROOT / "configs" / "packs").glob("*.yaml"))


def people() -> Cube:
    """As many of each kind in two groups: flagged or not, with the outcome or without, acted on or not."""
    kinds = product("ab", (0, 1), (0, 1), (10, 30, 60, 90), (0, 1))
    rows = [(g, y, d, cell, a, 20, 20 * cell * MILLIONTHS // 100) for g, y, d, cell, a in kinds]
    told = [
        (group, *aside)
        for group in "ab"
        for aside in (
            ("day", 0, 0, 900), ("delay", 40, 0, 300), ("delay", 60, 0, 20),
            *(("need", cell, need, 20) for cell in (10, 30, 60, 90) for need in (0, 3)),
            ("label", 0, 0, 300), ("label", 0, 1, 40), ("label", 1, 1, 300),
            ("amount", 0, 0, 640), ("amount", 1, 0, 9_000),
            ("amount", 2, 0, 20_000), ("amount", 3, 0, 900_000),
            ("rank", 1, 0, 300), ("rank", 0, 0, 340),
        )
    ]  # fmt: skip
    return Cube.of("g", rows, asides=told)


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_a_pack_is_owned_and_its_margins_are_suggestions_with_a_source(path: Path) -> None:
    config, text = source.read(path), path.read_text(encoding="utf-8")
    judged = [rule for rule in config.plan if rule.margin is not None]
    assert all(rule.owner and rule.action and rule.runbook for rule in judged)
    assert all((ROOT / "docs" / "runbooks" / f"{rule.runbook}.md").is_file() for rule in judged)
    told = re.findall(r"margin: [\d.]+ +# suggestion: \S+", text)
    assert len(told) == text.count("margin: ") == len(judged)
    governance = config.governance
    assert governance is not None
    assert governance.intended_use
    assert governance.risk_tier
    assert f"`{path.stem}`" in (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_all_that_a_pack_names_can_be_measured(path: Path) -> None:
    config, cube = source.read(path), people()
    found = [check for check in checks(config) if check.rule in config.plan]
    asked = {(rule.measure, rule.by is not None) for rule in config.plan}
    assert {(check.metric.name, check.attribute is not None) for check in found} == asked
    for check in found:
        assert check.unable is None, check.where
        if check.metric.reads == "tally":
            for tally in (cube.tally(), cube.tally("a"), cube.tally(rest_of="a")):
                assert check.compute(tally).value is not None, check.where
        if check.metric.reads == "cube":
            assert any(told.value is not None for told in check.compute(cube).values()), check.where


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_a_pack_audits_a_log_whole_and_finds_what_is_wrong_in_it(path: Path, tmp_path: Path) -> None:
    sound, wrong = packs.audited(path, tmp_path, before=1, each=160, briefly=True)
    assert packs.lacking(path, sound) == packs.lacking(path, wrong) == []
    of_the_plan = {rule.measure for rule in source.read(path).plan}
    assert packs.beyond(wrong)
    assert not of_the_plan & set(packs.beyond(sound))
