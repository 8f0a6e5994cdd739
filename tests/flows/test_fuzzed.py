"""Every seed of the fuzzing, and whatever once crashed: each reader takes it, or refuses it in our words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fuzz.targets import TARGETS, tried
from flows import federate
from monitors.errors import SourceInvalid

SEEDS = Path(__file__).parents[2] / "benchmarks/fuzz/seeds"
PACKET = json.loads((SEEDS / "profile/packet.json").read_text("utf-8"))


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_answers_every_seed_in_our_words(name: str) -> None:
    took = [tried(name, seed.read_bytes()) for seed in sorted((SEEDS / name).iterdir())]
    assert any(took), "one of them at least is sound"


def at(body: Any, *place: Any, value: Any) -> Any:
    """The packet with one thing in it changed."""
    made = json.loads(json.dumps(body))
    held = made
    for part in place[:-1]:
        held = held[part]
    held[place[-1]] = value
    return made


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("windows", 0, "window"), "2026-02-02"),
        (("windows", 0, "profile", "rows"), -1),
        (("windows", 0, "profile", "rows"), "7777"),
        (("windows", 0, "profile", "rows"), 10**30),
        (("windows", 0, "profile", "histograms", "age", "counts"), [1]),
        (("windows", 0, "profile", "histograms", "age", "bins", "kind"), "other"),
        (("windows", 0, "profile", "cubes"), {}),
        (("windows", 0, "profile", "cubes", "", "rows", 0, 1), 7),
        (("windows", 0, "profile", "score_edges"), [float("nan")]),
        (("reference", "blocks"), None),
        (("site",), None),
    ],
)
def test_what_a_site_sends_is_held_to_its_shape_and_no_count_is_repeated(place: Any, value: Any) -> None:
    with pytest.raises(SourceInvalid, match="ask for the file again") as refused:
        federate.packet_of(at(PACKET, *place, value=value), "north.json")
    assert str(refused.value).startswith("north.json: ")
    assert "7777" not in str(refused.value)
    assert federate.packet_of(PACKET, "north.json").payload() == PACKET
