"""The evidence map of a report: only what the report speaks to, of its own model, with what is not there."""

from __future__ import annotations

from pathlib import Path

from dashboards.crosswalk import rows
from monitors.governance import inventory
from monitors.governance.evidence import House
from monitors.ledger import Ledger
from tests.dashboards import ward

MODEL = "sepsis-early-warning"


def test_a_row_says_where_in_the_report_its_evidence_is_and_what_is_not_there(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    ward.record(ledger, MODEL, 9, ward.sick(9))
    inventory.record(ledger, "another", {}, "Ada")
    inventory.move(ledger, {}, "another", "live", "Ada", "in use", ward.NOW, despite=True)
    found = {row[0]: row for row in rows(House(ledger, {MODEL: ward.config(MODEL)}, ward.NOW, only=True))}
    assert 10 <= len(found) <= 40
    local = found["45 CFR 170.315(b)(11)(iv)(B): (8)(iv) (V)"]
    assert local[3:] == ("sections 6 and 7", "yes", "–")
    planned = found["FDA draft guidance: X.A, subgroups (V)"]
    assert planned[2] == "proposed"
    assert planned[4:] == ("partial", "none yet of: an audit plan approved before the data")
    assert {row[4] for row in found.values()} <= {"yes", "partial", "no"}
