"""A log of calls: lists become columns where they lie, and no word of a call leaves."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import run as runs
from flows import source
from flows.home import Home
from flows.source import connect
from monitors import acting
from monitors.audit import Finding
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.errors import SourceInvalid
from monitors.window import moment
from tests.stories.test_no_text_leaves import found as found_in

CALLS: list[dict[str, Any]] = [
    {"call_id": "a", "began_at": "2026-01-05T08:00:00Z", "ended_at": "2026-01-05T08:03:10Z", "language": "es",
     "turns": [{"role": "Agent", "text": "Hello."}, {"role": "caller", "text": "zebrafinch"},
               {"role": "agent", "text": "I cannot help with that."}],
     "tool_calls": [{"name": "find", "status": "ok"}, {"name": "book", "status": "ERROR", "why": "full"}],
     "outcome": "Transferred"},
    {"call_id": "b", "began_at": "2026-01-05T09:00:00Z", "ended_at": None, "language": "en",
     "turns": [], "tool_calls": None, "outcome": "resolved"},
    {"call_id": "c", "began_at": "2026-01-05T10:00:00+02:00", "ended_at": "2026-01-05T08:00:30Z",
     "language": "en",     "turns": "none", "tool_calls": [], "outcome": None},
]  # fmt: skip
MADE = ("turns", "agent_turns", "tool_calls", "failed_calls", "transfer", "seconds", "said")


def declared(**more: Any) -> ModelConfig:
    return ModelConfig.model_validate(plain(**more))


def plain(**more: Any) -> dict[str, Any]:
    columns = {
        "time": "began_at", "id": "call_id", "decision": "contained", "text": ["said"],
        "numeric": ["turns", "agent_turns", "tool_calls", "failed_calls", "seconds", "transfer"],
        "categorical": ["said.refusal"], "sensitive": ["language"],
    }  # fmt: skip
    return {
            "model": "agent", "version": "1", "window": "P7D",
            "source": {
                "kind": "calls", "path": "calls.ndjson", "derive": {"contained": "1 - transfer"}, **more
            },
            "columns": columns, "reference": {"from": "2025-12-01", "to": "2026-01-05"},
        }  # fmt: skip


def rows(folder: Path, calls: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    (folder / "calls.ndjson").write_text("".join(json.dumps(call) + "\n" for call in calls), encoding="utf-8")
    config = declared(**more)
    assert source.problems(config) == []
    opened = connect(config, folder)
    try:
        return opened.table().order_by("call_id").to_pyarrow().to_pylist()
    finally:
        opened.close()


def test_what_a_call_holds_becomes_columns(tmp_path: Path) -> None:
    a, b, c = rows(tmp_path, CALLS)
    assert [a[name] for name in MADE] == [3, 2, 2, 1, 1, 190.0, "Hello.\nI cannot help with that."]
    assert a["contained"] == 0
    assert [b[name] for name in MADE] == [0, 0, None, None, 0, None, ""]
    assert [c[name] for name in MADE] == [None, None, 0, 0, None, 30.0, None]


def test_a_log_in_other_words_reads_the_same(tmp_path: Path) -> None:
    other = {"turns": "messages", "role": "from", "text": "body", "tool_calls": "steps", "status": "ok",
             "outcome": "end", "ended_at": "until"}  # fmt: skip
    text = json.dumps(CALLS).replace('"status": "ERROR"', '"status": false')
    for ours, theirs in other.items():
        text = text.replace(f'"{ours}":', f'"{theirs}":')
    renamed = json.loads(text)
    words = {"turns": "messages", "role": "from", "text": "body", "tools": "steps", "status": "ok",
             "failed": ["false"], "outcome": "end", "ended": "until"}  # fmt: skip
    plain = [{name: row[name] for name in MADE} for row in rows(tmp_path, CALLS)]
    assert [{name: row[name] for name in MADE} for row in rows(tmp_path, renamed, **words)] == plain


def test_a_log_that_counts_by_itself_is_believed(tmp_path: Path) -> None:
    counted = [{**call, "turns": 7, "seconds": 4.5} for call in CALLS]
    config = declared()
    assert config.columns.text == ("said",)
    with pytest.raises(SourceInvalid, match="turns"):
        rows(tmp_path, [{k: v for k, v in call.items() if k != "turns"} for call in CALLS])
    found = rows(tmp_path, counted)
    assert {row["seconds"] for row in found} == {4.5}
    assert {row["turns"] for row in found} == {7}


def test_a_large_log_is_read_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = rows(tmp_path, CALLS)
    monkeypatch.setattr("flows.sources.files.MOST_HELD", 0)
    monkeypatch.setattr("ibis.backends.duckdb.Backend.create_table", None)
    assert rows(tmp_path, CALLS) == held


def test_a_log_changed_by_a_letter_has_another_digest(tmp_path: Path) -> None:
    path = tmp_path / "calls.ndjson"
    path.write_text(json.dumps(CALLS[0]), encoding="utf-8")
    digests = []
    for text in (None, path.read_text(encoding="utf-8").replace("zebrafinch", "zebrafinck"), None):
        if text is not None:
            path.write_text(text, encoding="utf-8")
        opened = connect(declared(), tmp_path)
        digests.append(opened.fingerprint())
        opened.close()
    first, altered, again = digests
    assert first != altered == again
    assert altered.startswith("sha256:")


def test_what_is_wrong_is_said_without_a_word_of_a_call(tmp_path: Path) -> None:
    for key, said in (("outcome", "no key 'outcome'"), ("language", "no key 'language'")):
        with pytest.raises(SourceInvalid) as raised:
            rows(tmp_path, [{k: v for k, v in call.items() if k != key} for call in CALLS])
        assert said in str(raised.value)
        assert "zebrafinch" not in str(raised.value)


def test_the_log_and_the_file_of_the_page_fit(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "calls.md").read_text(encoding="utf-8")
    line, model = (re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("json", "yaml"))
    assert line
    assert model
    (tmp_path / "calls.ndjson").write_text(json.dumps(json.loads(line[1])) + "\n", encoding="utf-8")
    config = parse(model[1], "agent.yaml", source.problems)
    opened = connect(config, tmp_path)
    try:
        (row,) = opened.table().to_pyarrow().to_pylist()
    finally:
        opened.close()
    assert {row[name] for name in ("turns", "tool_calls")} == {2}
    assert {row[name] for name in ("failed_calls", "transfer")} == {1}
    assert (row["contained"], row["seconds"], row["said"]) == (0, 190.0, "How can I help?")


def test_a_file_changed_after_its_audit_is_told_with_its_windows_and_growth_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    held = plain(path="calls-*.ndjson") | {"reference": {"from": "2026-01-05", "to": "2026-01-12"}}
    (tmp_path / "agent.yaml").write_text(yaml.safe_dump(held), encoding="utf-8")

    def week(number: int, *more: str) -> Path:
        began = datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(weeks=number)
        lines = [
            json.dumps(
                CALLS[i % 2]
                | {"call_id": f"{number}-{i}", "began_at": (began + timedelta(hours=i)).isoformat()}
            )
            for i in range(40)
        ]
        path = tmp_path / f"calls-{number}.ndjson"
        path.write_text("\n".join((*lines, *more)) + "\n", encoding="utf-8")
        return path

    for number in range(2):
        week(number)
    home = Home.of({}, tmp_path / "home")

    def run(at: str) -> Finding:
        list(runs.run(tmp_path / "agent.yaml", home, None, moment(at), copy=False))
        audit = runs.open_ledger(home).audits("agent")[-1].audit
        (found,) = [f for f in audit.findings if f.metric == "altered_log"]
        return found

    assert run("2026-01-19").verdict == "within"
    week(2)
    first = week(0, json.dumps(CALLS[0]))  # a call more, at the end
    assert run("2026-01-26").verdict == "within"
    first.write_text(first.read_text(encoding="utf-8").replace("Hello", "Goodbye"), encoding="utf-8")
    altered = week(1)
    altered.write_text(altered.read_text(encoding="utf-8").replace('"es"', '"en"'), encoding="utf-8")
    week(3)
    for _ in range(2):  # said as long as that window is looked at
        found = run("2026-02-02")
        assert (found.verdict, found.value, found.severity) == ("beyond", 2, "ticket")
        assert "calls-0.ndjson (no window audited)" in str(found.reason)
        assert "calls-1.ndjson (window 2026-01-12 to 2026-01-19)" in str(found.reason)
        assert "zebrafinch" not in str(found.reason)
    written = {name for name, text in found_in(home.folder).items() if b"zebrafinch" in text}
    assert written == set()
    assert "zebrafinch" not in caplog.text
    ledger = runs.open_ledger(home)
    assert "altered_log" in {a.notice.labels["metric"] for a in acting.held(ledger, moment("2026-02-02"))}
    week(4)
    assert run("2026-02-09").verdict == "within"
    (tmp_path / "calls-2.ndjson").unlink()
    (tmp_path / "calls-3.ndjson").rename(tmp_path / "calls-3b.ndjson")  # the same bytes are no loss
    week(5)
    for _ in range(2):
        found = run("2026-02-16")
        assert (found.verdict, found.value, found.severity) == ("beyond", 1, "ticket")
        said = "gone after it was audited: calls-2.ndjson (window 2026-01-19 to 2026-01-26)"
        assert found.reason == said
    (tmp_path / "agent.yaml").write_text(
        yaml.safe_dump(held | {"source": {**held["source"], "kept_for": "P30D"}}), encoding="utf-8"
    )
    (tmp_path / "calls-1.ndjson").unlink()  # archived as it was meant to be
    (tmp_path / "calls-5.ndjson").unlink()
    week(6)
    found = run("2026-02-23")
    assert found.reason == "gone after it was audited: calls-5.ndjson (window 2026-02-09 to 2026-02-16)"
