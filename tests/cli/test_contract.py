"""What the command line promises: JSON, exit statuses, and that a rerun changes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, Place

COMMANDS = (
    "demo", "init", "validate", "run", "backfill", "serve", "status", "verify", "healthcheck", "audit",
)  # fmt: skip
AUDIT_KEYS = {"schema", "model", "version", "window", "stage", "rows", "config", "reference",
              "profile", "software", "findings"}  # fmt: skip
FINDING_KEYS = {"metric", "family", "subject", "group", "value", "low", "high", "n", "reference_n",
                "margin", "chance", "unit", "verdict", "reason"}  # fmt: skip
VERDICTS = {"within", "beyond", "different", "cannot_tell", "withheld", "failed"}

Matured = tuple[Place, tuple[str, str], tuple[str, str]]  # where, and twice what was printed and the chain


def audits(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_help_names_every_command(place: Place) -> None:
    shown = place.rounds("--help").stdout
    assert all(f"\n  {command} " in shown for command in COMMANDS)


@pytest.fixture(scope="module")
def matured(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Matured:
    """Three weeks whose outcomes are known, audited twice: what was printed, and the chain after each."""
    place = Place(tmp_path_factory.mktemp("matured"))
    (place.folder / "scores.csv").write_bytes(data.read_bytes())
    place.model.write_text(CONFIG)
    span = ("backfill", place.model, "--from", "2026-03-02", "--to", "2026-03-23", "--json")
    first, second = ((place.rounds(*span).stdout, place.rounds("verify").stdout) for _ in range(2))
    return place, first, second


def test_run_prints_one_audit_a_line_with_the_promised_keys(audited: tuple[Place, str]) -> None:
    (audit,) = audits(audited[1])
    assert audit.keys() >= AUDIT_KEYS
    assert audit["schema"] == 1
    assert audit["window"] == "2026-03-09T00:00:00Z/2026-03-16T00:00:00Z"
    assert audit["stage"] == "scored"
    findings = audit["findings"]
    assert isinstance(findings, list)
    assert all(f.keys() >= FINDING_KEYS and f["verdict"] in VERDICTS for f in findings)
    assert not any(f["metric"] == "auroc" for f in findings), "outcomes have not matured"


def test_a_matured_window_is_audited_with_its_outcomes(matured: Matured) -> None:
    (first, *_) = audits(matured[1][0])
    assert first["stage"] == "outcome"
    assert isinstance(first["findings"], list)
    assert {"auroc", "observed_expected_ratio"} <= {f["metric"] for f in first["findings"]}


def test_a_withheld_number_is_null_everywhere(matured: Matured) -> None:
    (audit, *_) = audits(matured[1][0])
    assert isinstance(audit["findings"], list)
    withheld = [f for f in audit["findings"] if f["verdict"] == "withheld"]
    assert {f["group"] for f in withheld} >= {"Haitian Creole"}
    numbers = ("value", "low", "high", "n", "events", "reference_n", "level", "baseline", "chance")
    assert all(f[name] is None for f in withheld for name in numbers)


def test_a_rerun_changes_nothing(matured: Matured) -> None:
    _, first, second = matured
    assert len(audits(first[0])) == 3
    assert second == first


def test_a_unit_error_is_named_and_fails_a_gate(place: Place) -> None:
    done = place.rounds("run", place.model, "--at", "2026-03-30", "--fail-on", "beyond", status=3)
    assert "Lactate" in done.stdout
    assert "beyond" in done.stdout
    place.rounds("run", place.model, "--at", "2026-03-30")


def test_an_altered_entry_is_found(held: Place) -> None:
    ledger = sqlite3.connect(held.folder / ".rounds" / "ledger.db")
    ledger.execute("DROP TRIGGER rounds_entries_UPDATE")
    ledger.execute("UPDATE rounds_entries SET summary = replace(summary, '300', '301') WHERE kind = 'audit'")
    ledger.commit()
    ledger.close()
    done = held.rounds("verify", status=1)
    assert "was altered" in done.stderr


def test_a_head_kept_elsewhere_shows_a_ledger_that_was_cut(held: Place) -> None:
    head = held.rounds("verify").stdout.split("Head: ")[1].split()[0]
    held.rounds("verify", "--expected-head", head)
    done = held.rounds("verify", "--expected-head", head[:-1] + ("0" if head[-1] != "0" else "1"), status=1)
    assert "cut off or rewritten" in done.stderr


def test_status_is_a_line_a_model(place: Place, audited: tuple[Place, str]) -> None:
    assert "No model has been audited yet" in place.rounds("status").stdout
    assert not (place.folder / ".rounds").exists()
    (line,) = [json.loads(x) for x in audited[0].rounds("status", "--json").stdout.splitlines()]
    assert line["model"] == "sepsis-alert"
    assert "sepsis-alert" in audited[0].rounds("status").stdout


def test_validate_says_every_mistake_at_once_and_writes_nothing(
    edited: Callable[[str, str], Place],
) -> None:
    edited("window: P7D", "window: P7D1\nplan: [{measure: psy, margin: -0.1}]")
    place = edited("model: sepsis-alert", "model: Sepsis Alert")
    done = place.rounds("validate", place.model, status=2)
    assert len(done.stderr.splitlines()) == 3
    assert "sepsis-alert.yaml: plan.1.margin: must be above 0 (got -0.1)" in done.stderr
    assert not (place.folder / ".rounds").exists()


def test_validate_accepts_a_good_file_and_refuses_the_same_model_twice(place: Place) -> None:
    assert "1 file can be used" in place.rounds("validate", place.model).stdout
    (place.folder / "copy.yaml").write_text(place.model.read_text())
    done = place.rounds("validate", place.folder, status=2)
    assert "'sepsis-alert' is also in" in done.stderr


def test_a_missing_column_is_one_clear_line_and_status_1(edited: Callable[[str, str], Place]) -> None:
    place = edited("numeric: [lactate,", "numeric: [lactat,")
    done = place.rounds("run", place.model, "--at", "2026-03-20", status=1)
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("rounds:")]
    assert "scores.csv: no column 'lactat'" in line
    assert "Traceback" not in done.stderr


def test_bad_usage_is_status_2(place: Place) -> None:
    assert "no such file" in place.rounds("run", "absent.yaml", status=2).stderr
    assert "--at must be a date" in place.rounds("run", place.model, "--at", "soon", status=2).stderr
    done = place.rounds("backfill", place.model, "--from", "2026-04-01", "--to", "2026-03-01", status=2)
    assert "--from must be before --to" in done.stderr
    done = place.rounds("backfill", place.model, "--from", "2026-01-05", "--to", "2026-02-01", status=2)
    assert "overlap the reference" in done.stderr


def test_init_proposes_a_file_that_validate_accepts(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "proposed.yaml"
    place.rounds("init", "scores.csv", "--model", "proposed", "--out", out)
    assert "# guess" in out.read_text()
    place.rounds("validate", out)
    assert "exists" in place.rounds("init", "scores.csv", "--out", out, status=2).stderr
