"""A tool that heeds names is found, one that wavers is not accused, and nobody's prompt is repeated."""

from __future__ import annotations

import json
from math import comb
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows import flip
from monitors.errors import ConfigError, SourceInvalid
from monitors.flip import Flips
from monitors.interval import exact
from rounds import cli


def write(folder: Path, pairs: int = 60) -> Path:
    path = folder / "pairs.csv"
    rows = [f"name,Anna {i} has chest pain,Aisha {i} has chest pain" for i in range(pairs)]
    path.write_text("\n".join(["cue,prompt,flipped", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_tool_that_heeds_a_name_is_beyond_and_one_that_does_not_is_within(tmp_path: Path) -> None:
    path = write(tmp_path)
    (heeds,) = flip.flip(path, lambda prompt: "today" if "Anna" in prompt else "Soon")
    assert (heeds.pairs, heeds.changed, heeds.wavered) == (60, 60, 0)
    assert heeds.verdict(0.05) == "beyond"
    (steady,) = flip.flip(path, lambda prompt: " TODAY" if "Anna" in prompt else "today")
    assert (steady.changed, steady.verdict(0.1)) == (0, "within")


def test_a_tool_that_says_another_thing_each_time_is_not_accused() -> None:
    always = Flips.of("name", [(i % 2 == 0, i % 2 == 1) for i in range(200)])
    assert always.share()[1] > 0.05
    assert always.excess()[1] < 0 < always.excess()[2]
    assert always.verdict(0.05) == "cannot_tell"


@pytest.mark.parametrize(("k", "n"), [(0, 30), (1, 30), (10, 200), (30, 30)])
def test_the_interval_leaves_a_fortieth_on_either_side(k: int, n: int) -> None:
    low, high = exact(k, n)

    def at_most(events: int, p: float) -> float:
        return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(events + 1))

    assert low == 0 if k == 0 else 1 - at_most(k - 1, low) == pytest.approx(0.025)
    assert high == 1 if k == n else at_most(k, high) == pytest.approx(0.025)


def test_a_tool_that_fails_is_told_without_the_prompt(tmp_path: Path) -> None:
    def fails(prompt: str) -> str:
        raise ValueError(prompt)

    with pytest.raises(SourceInvalid) as raised:
        flip.flip(write(tmp_path), fails)
    assert str(raised.value) == "pairs.csv: pair 1: the tool failed (ValueError)"


def test_what_is_no_tool_and_no_pair_is_told(tmp_path: Path) -> None:
    for named, said in (
        ("json", "must be module:function or an address (got 'json')"),
        ("json:nothing", "'json' has no function 'nothing'"),
        ("no_such_module:f", "'no_such_module' cannot be imported (ModuleNotFoundError)"),
        ("http://tool.example/", "must be https:// to leave this machine"),
    ):
        with pytest.raises(ConfigError) as raised:
            flip.tool(named)
        assert str(raised.value) == f"--tool: {said}"
    lacks = tmp_path / "pairs.ndjson"
    lacks.write_text('{"cue": "name", "prompt": "Anna"}\n', encoding="utf-8")
    with pytest.raises(SourceInvalid, match="pair 1: needs cue, prompt, flipped"):
        flip.flip(lacks, str)


def test_the_command_gives_counts_and_no_text(tmp_path: Path) -> None:
    path = str(write(tmp_path))
    told = CliRunner().invoke(cli, ["flip", path, "--tool", "builtins:len", "--json"], catch_exceptions=False)
    (found,) = json.loads(told.output)
    assert (found["pairs"], found["changed"], found["verdict"]) == (60, 60, "beyond")
    said = CliRunner().invoke(cli, ["flip", path, "--tool", "builtins:bool"], catch_exceptions=False).output
    assert said.startswith("name: 0 of 60 answers change, 0.0% (0.0% to 6.0%); 0 change when the same")
    assert "Anna" not in told.output + said
