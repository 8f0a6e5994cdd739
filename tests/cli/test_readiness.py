"""`rounds readiness` over data without a model: a page, JSON, and one line for what is wrong."""

from __future__ import annotations

import json

from tests.cli.conftest import Place


def test_data_are_graded_on_the_screen_and_in_files(place: Place) -> None:
    shown = place.rounds("readiness", "scores.csv", "--at", "2026-04-14", "--out", "out").stdout
    assert "completeness" in shown
    assert "Wrote out/readiness.html and out/readiness.json." in shown
    told = json.loads((place.folder / "out" / "readiness.json").read_text())
    assert shown.startswith(told["grade"])
    assert json.loads(place.rounds("readiness", "scores.csv", "--at", "2026-04-14", "--json").stdout) == told
    assert "<h1><bdi>scores.csv</bdi></h1>" in (place.folder / "out" / "readiness.html").read_text()
    assert not (place.folder / ".rounds").exists()


def test_a_model_s_file_is_a_source_and_mistakes_are_one_line(place: Place) -> None:
    told = json.loads(place.rounds("readiness", place.model, "--at", "2026-04-14", "--json").stdout)
    assert told["rows"] == 4200
    done = place.rounds("readiness", "absent.csv", status=1)
    assert "no such file" in done.stderr
    assert "--at must be a date" in place.rounds("readiness", place.model, "--at", "soon", status=2).stderr
    (place.folder / "r.yaml").write_text("source: {kind: files, path: scores.csv}\ncolumns: {tim: x}\n")
    done = place.rounds("readiness", "r.yaml", status=2)
    assert done.stderr.splitlines() == [
        "rounds: r.yaml: columns.time: is required", "rounds: r.yaml: columns.tim: is not a known key"
    ]  # fmt: skip
