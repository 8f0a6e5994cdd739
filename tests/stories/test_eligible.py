"""Who ought to have been scored: a register beside the predictions, counted by group and never matched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows import eligible as eligibles
from flows import source
from flows.monitor import step
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.ledger import Ledger
from tests.flows import rows as made
from tests.flows.rows import NOW, WINDOW, Row, config, found, ledger, ward, write

REGISTER = {"kind": "files", "path": "register.csv"}
SPOKEN = {"sensitive": ["language"], "outcome": "sepsis"}


def spoken(row: Row) -> Row:
    """One in five speaks Spanish."""
    return row | {"language": "es" if int(row["visit"][1:]) % 5 == 0 else "en"}


SOUND = [spoken(row) for row in ward(a_day=40)]


def registered(rows: list[Row]) -> list[Row]:
    """A register of the same people: when they came and what they speak, and nothing of a score."""
    return [{"at": row["at"], "language": row["language"], "name": f"n {row['visit']}"} for row in rows]


def audited(
    folder: Path,
    rows: list[Row],
    register: list[Row],
    declared: ModelConfig | None = None,
    kept: Ledger | None = None,
) -> Audit:
    declared = declared or config(SPOKEN, eligible=REGISTER)
    write(folder / "ward.csv", rows)
    write(folder / "register.csv", register)
    opened, listed = source.connect(declared, folder), eligibles.connect(declared, folder)
    try:
        return step(declared, WINDOW, opened, stage="scored", ledger=kept, eligible=listed)
    finally:
        opened.close()
        if listed is not None:
            listed.close()


def test_where_all_who_ought_to_be_were_scored_coverage_is_within(tmp_path: Path) -> None:
    audit = audited(tmp_path, SOUND, registered(SOUND))
    whole = found(audit, "coverage", "model")
    assert (str(whole.verdict), whole.value, whole.n, whole.events) == ("within", 1.0, 280, 280)
    spanish = found(audit, "coverage", "language", "es")
    assert (spanish.level, spanish.n, spanish.value) == (1.0, 56, 0.0)
    assert str(spanish.verdict) == "cannot_tell"  # 56 people do not show five points


def test_a_language_that_never_reaches_the_model_is_seen_by_the_register_alone(tmp_path: Path) -> None:
    lost = [row for row in SOUND if not (made.last_week(row) and row["language"] == "es")]
    audit = audited(tmp_path, lost, registered(SOUND))
    gone = found(audit, "coverage", "language", "es")
    assert (str(gone.verdict), gone.severity, gone.runbook) == ("beyond", "committee", "not-scored")
    assert (gone.level, gone.baseline, gone.n, gone.events, gone.reference_n) == (0.0, 1.0, 56, 0, 224)
    assert str(found(audit, "coverage", "model").verdict) == "beyond"
    # The source itself knows of nobody missing.
    assert not [f for f in audit.findings if f.metric == "scored_share" and str(f.verdict) == "beyond"]


def test_without_a_register_rows_without_a_score_are_those_not_scored(tmp_path: Path) -> None:
    half = [
        row | {"risk": ""} if made.last_week(row) and row["language"] == "es" and i % 2 else row
        for i, row in enumerate(SOUND)
    ]
    audit = audited(tmp_path, half, registered(SOUND), config(SPOKEN))
    spanish = found(audit, "scored_share", "language", "es")
    assert (str(spanish.verdict), spanish.n) == ("beyond", 56)
    assert spanish.level == pytest.approx(0.5, abs=0.02)
    assert not [f for f in audit.findings if f.metric == "coverage"]


def test_of_the_register_only_counts_reach_the_ledger(tmp_path: Path) -> None:
    kept = ledger(tmp_path)
    audit = audited(tmp_path, SOUND, registered(SOUND), kept=kept)
    profile = kept.profile(audit.profile)
    assert profile is not None
    assert profile.eligible == {"": {"everyone": 280}, "language": {"en": 224, "es": 56}}
    assert (profile + profile).eligible["language"] == {"en": 448, "es": 112}
    written = (tmp_path / "ledger.db").read_bytes()
    assert b"n v" not in written
    again = audited(tmp_path, SOUND, registered(SOUND), kept=kept)
    assert again == audit


def test_a_register_of_other_people_is_no_coverage_above_one(tmp_path: Path) -> None:
    audit = audited(tmp_path, SOUND, registered(SOUND)[::2])
    whole = found(audit, "coverage", "model")
    assert (str(whole.verdict), whole.value) == ("cannot_tell", None)
    assert whole.reason == (
        "more were scored than were eligible: the two sources do not mean the same people"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"language": None}, "eligible: register.csv: no column 'language'; it has 'at', 'name'."),
        ({"at": None}, "eligible: register.csv: no column 'at'; it has 'language', 'name'."),
        ({"at": "soon"}, "eligible: register.csv: column 'at'"),
    ],
)
def test_a_register_that_cannot_be_counted_is_named_with_the_remedy(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    wrong = [
        {k: change.get(k, v) for k, v in row.items() if change.get(k, v) is not None}
        for row in registered(SOUND)
    ]
    with pytest.raises(SourceInvalid) as error:
        audited(tmp_path, SOUND, wrong)
    assert str(error.value).startswith(said)


def test_a_table_in_memory_can_be_the_register(tmp_path: Path) -> None:
    import pandas as pd  # a second, and only this test asks for it

    rows, register = (pd.DataFrame(held) for held in (SOUND, registered(SOUND)))
    declared = config(SPOKEN, eligible=REGISTER)
    audit = step(declared, WINDOW, rows, stage="scored", eligible=register)
    assert found(audit, "coverage", "language", "es").n == 56
    assert WINDOW.end < NOW
