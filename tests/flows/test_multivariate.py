"""Columns looked at together: what moved between them is found, and no row is kept."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import ibis
import pytest

from flows import source
from flows.domain_classifier import FEWEST, told_apart
from flows.frame import Frame
from flows.monitor import step
from flows.multivariate import look_together
from flows.sampling import Sample, md5, sampled
from monitors.audit import Audit, Verdict
from monitors.config import ModelConfig
from monitors.errors import ConfigError, NotComputable
from monitors.multivariate import CARRIES, CLASSIFIER
from tests.flows.rows import WINDOW, Row, config, found, ledger, ward, write

HEART: dict[str, Any] = {"numeric": ["age", "lactate", "pulse", "pressure"]}


def monitored(*, flipped: bool, weeks: int = 5) -> list[Row]:
    """A ward in which a high pulse goes with a low pressure; flipped, in the last week with a high one."""
    draw, rows = random.Random(3), []
    for row in ward(weeks):
        common, own = draw.gauss(0, 1), draw.gauss(0, 0.5)
        sign = 1 if flipped and str(row["at"]) >= "2026-02-02" else -1
        rows.append(
            {
                **row,
                "pulse": round(80 + 12 * common, 2),
                "pressure": round(120 + 15 * (sign * common + own), 2),
            }
        )
    return rows


def looked(folder: Path, rows: list[Row], declared: ModelConfig | None = None) -> Audit:
    """The audit of the last week after its columns were looked at together."""
    declared = declared or config(HEART)
    write(folder / "ward.csv", rows)
    kept, opened = ledger(folder), source.connect(declared, folder)
    try:
        look_together(declared, WINDOW, opened, kept)
        return step(declared, WINDOW, opened, stage="scored", ledger=kept)
    finally:
        opened.close()


def test_columns_that_no_longer_go_together_are_found_and_named(tmp_path: Path) -> None:
    audited = looked(tmp_path, monitored(flipped=True))
    told = found(audited, CLASSIFIER, "rows")
    assert told.verdict is Verdict.BEYOND
    assert told.severity == "ticket"
    assert told.value is not None
    assert told.chance is not None
    assert told.value > told.chance
    assert told.reason == "carried by pressure and pulse" or told.reason == "carried by pulse and pressure"
    assert {f.subject for f in audited.findings if f.metric == CARRIES} == {"pulse", "pressure"}
    alone = [f for f in audited.findings if f.family == "drift" and f.metric not in (CLASSIFIER, CARRIES)]
    assert not [f.name for f in alone if f.verdict is Verdict.BEYOND]


def test_a_window_like_the_reference_is_not_told_apart(tmp_path: Path) -> None:
    told = found(looked(tmp_path, monitored(flipped=False)), CLASSIFIER, "rows")
    assert told.verdict in (Verdict.WITHIN, Verdict.CANNOT_TELL)
    assert told.p is not None
    assert told.p > 0.01


def test_what_was_found_stays_with_the_window_however_often_it_is_audited(tmp_path: Path) -> None:
    declared, kept = config(HEART), ledger(tmp_path)
    write(tmp_path / "ward.csv", monitored(flipped=True))
    opened = source.connect(declared, tmp_path)
    first = step(declared, WINDOW, opened, stage="scored", ledger=kept)
    assert CLASSIFIER not in {f.metric for f in first.findings}
    for _ in range(2):
        look_together(declared, WINDOW, opened, kept)
    assert len(kept.entries("multivariate")) == 1
    again = [step(declared, WINDOW, opened, stage="scored", ledger=kept) for _ in range(2)]
    assert again[0].digest == again[1].digest
    assert found(again[0], CLASSIFIER, "rows").verdict is Verdict.BEYOND
    assert len(kept.audits("sepsis")) == 1
    other = config(HEART, multivariate={"margin": 0.4})
    assert CLASSIFIER not in {
        f.metric for f in step(other, WINDOW, opened, stage="scored", ledger=kept).findings
    }
    opened.close()


def test_no_row_reaches_the_ledger(tmp_path: Path) -> None:
    rows = monitored(flipped=True)
    marked = [{**row, "pressure": float(row["pressure"]) + 0.123456} for row in rows]
    looked(tmp_path, marked)
    entry = ledger(tmp_path).entries("multivariate")[0]
    assert "123456" not in str(entry.body)
    assert "icu" not in str(entry.body)


def drawn(rows: list[Row], declared: ModelConfig, most: int, seed: int = 1) -> Sample:
    import pandas as pd

    frame = Frame(pd.DataFrame(rows), declared)
    try:
        return sampled(frame.table(), declared, WINDOW, most, seed=seed)
    finally:
        frame.close()


@pytest.mark.parametrize("named", [{}, {"id": None}])
def test_the_same_rows_give_the_same_sample_in_any_order(named: dict[str, Any]) -> None:
    rows, declared = ward(), config(named)
    shuffled = random.Random(2).sample(rows, len(rows))
    first, again = drawn(rows, declared, 60), drawn(shuffled, declared, 60)
    assert first == again
    assert len(first["age"]) == 60
    assert set(first) == {"age", "lactate", "risk", "ward"}
    assert drawn(rows, declared, 60, seed=2) != first
    assert len(drawn(rows, declared, 10_000)["age"]) == 7 * 30


def test_of_a_patient_with_many_rows_one_is_drawn() -> None:
    rows = [{**row, "pat": f"p{int(str(row['visit'])[1:]) // 10}"} for row in ward()]
    assert len(drawn(rows, config({"patient": "pat"}), 10_000)["age"]) == 21


def test_too_few_rows_cannot_tell(tmp_path: Path) -> None:
    few = [row for row in ward() if str(row["at"]) < "2026-02-02" or str(row["at"]) >= "2026-02-08"]
    told = found(looked(tmp_path, few, config()), CLASSIFIER, "rows")
    assert told.verdict is Verdict.CANNOT_TELL
    assert told.reason == f"30 rows on one side where {FEWEST} are needed"


def test_columns_that_hold_one_thing_tell_nothing() -> None:
    side = {"a": [1.0] * 80, "b": [None] * 80}
    with pytest.raises(NotComputable, match="no column"):
        told_apart(side, side, seed=1)


def test_a_category_and_what_is_missing_tell_rows_apart() -> None:
    draw = random.Random(1)
    before: Sample = {"c": [draw.choice("abc") for _ in range(400)], "x": [draw.random() for _ in range(400)]}
    after: Sample = {"c": [draw.choice("abd") for _ in range(400)], "x": [draw.random() for _ in range(400)]}
    gone: Sample = {**before, "x": [None if draw.random() < 0.5 else draw.random() for _ in range(400)]}
    assert max(told_apart(before, after, seed=1).carried.items(), key=lambda item: item[1])[0] == "c"
    assert max(told_apart(before, gone, seed=1).carried.items(), key=lambda item: item[1])[0] == "x"


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"schedule": "weekly"}, "must be a cron line of five fields"),
        ({"severity": "page"}, "severity: must be 'ticket' or 'info'"),
        ({"margin": 0.5}, "margin: must be below 0"),
        ({"rows": 20}, "rows: must be at least 100"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        config(multivariate=given)


def test_its_schedule_changes_no_finding() -> None:
    assert config().digest == config(multivariate={"schedule": "0 3 * * 0"}).digest
    assert config().digest != config(multivariate={"margin": 0.2}).digest


def test_the_shuffle_is_written_in_each_engines_own_words() -> None:
    table = ibis.table({"visit": "string"}, name="t")
    written = ibis.to_sql(table.mutate(place=md5(table.visit)), dialect="postgres")
    assert "MD5(" in written.upper()
