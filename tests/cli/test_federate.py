"""`rounds federate`: what is wrong is one line, and nothing is written over."""

from __future__ import annotations

from tests.cli.conftest import Place


def test_what_cannot_be_done_is_one_line_and_nothing_is_written_over(place: Place) -> None:
    place.rounds("federate", "keys", "--out", "keys")
    assert (
        "holds federation keys already" in place.rounds("federate", "keys", "--out", "keys", status=1).stderr
    )
    asked = (
        "federate",
        "export",
        place.model,
        "--from",
        "2026-03-02",
        "--to",
        "2026-03-09",
        "--site",
        "north",
    )
    done = place.rounds(*asked, "--key", "keys/federation.pub", "--out", "north.json", status=2)
    assert (
        "rounds: sepsis-alert.yaml: reference.bins: is needed, the file that every site counts on"
        in done.stderr
    )
    (place.folder / "north.json").write_text("{}")
    done = place.rounds(
        "federate", "merge", place.model, "north.json", "--key", "keys/federation.key", status=1
    )
    assert "rounds: north.json: is no file of `rounds federate export`" in done.stderr
    done = place.rounds("federate", "bins", place.model, "--out", "north.json", status=2)
    assert "north.json exists; name another file with --out" in done.stderr
    done = place.rounds(*asked, "--out", "south.json", status=2)
    assert "say --key (exact counts, sealed) or --suppressed (small counts withheld)" in done.stderr
