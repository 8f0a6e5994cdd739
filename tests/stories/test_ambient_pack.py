"""The ambient pack on notes written by rule: what was planted is found, and nothing before it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import demo, notes
from flows import run as runs
from flows.home import Home
from monitors.audit import Audit
from monitors.errors import ConfigError
from monitors.release import kept
from monitors.window import utc

SHIPPED = Path(__file__).parents[2] / "configs" / "packs"


def test_the_notes_are_the_same_every_time(tmp_path: Path) -> None:
    one, other = notes.write(tmp_path / "a.csv"), notes.write(tmp_path / "b.csv")
    assert one.read_bytes() == other.read_bytes()


def test_a_pack_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--pack: must be one of ambient \(got 'x'\)"):
        demo.pack("x", SHIPPED, Home.of({}, tmp_path))


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> list[Audit]:
    home = Home.of({}, tmp_path_factory.mktemp("ambient"))
    model, start, end = demo.pack("ambient", SHIPPED, home)
    list(runs.run(model, home, runs.span(start, end), end, copy=False))
    ledger = runs.open_ledger(home)
    return [kept(ledger, recorded.audit) for recorded in ledger.audits("ambient-notes")]


def beyond(audit: Audit) -> set[tuple[str, str, str | None]]:
    return {f.key for f in audit.findings if f.verdict == "beyond" and f.severity != "info"}


@pytest.mark.server
def test_what_was_planted_is_found_and_nothing_before(audits: list[Audit]) -> None:
    assert len(audits) == 6
    before = [a for a in audits if utc(a.window.end) <= utc(notes.CHANGED)]
    assert [beyond(audit) for audit in before] == [set()] * 3
    for audit in audits[3:]:
        found = beyond(audit)
        assert ("total_variation", "draft.refusal", None) in found  # refusals rise
        assert ("total_variation", "draft.template", None) in found  # placeholders are left in
        assert ("total_variation", "draft~said.added_quantities", None) in found  # doses nobody said
        assert ("total_variation", "draft~said.added_drugs", None) in found  # a drug nobody named
        assert ("total_variation", "draft~said.added_negations", None) in found  # a denial nobody made
        assert ("total_variation", "said~draft.added_drugs", None) in found  # and what was said left out
        assert ("total_variation", "said~draft.added_negations", None) in found
        assert ("total_variation", "draft.near_duplicate", None) in found  # one refusal for many visits
        assert ("selection_rate", "model", None) in found  # next to nothing is changed any more
        assert ("selection_rate", "language", "es") in found  # but in one language's drafts
