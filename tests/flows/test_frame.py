"""A table in memory is a source like any other, whoever made it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from flows.frame import Frame
from flows.monitor import step
from monitors.errors import SourceInvalid
from tests.flows import rows as w

SOUND = w.ward()


def test_pandas_polars_and_arrow_say_the_same() -> None:
    rows = [row | {"at": datetime.fromisoformat(row["at"])} for row in SOUND]
    tables: list[Any] = [pd.DataFrame(rows), pl.DataFrame(rows), pa.Table.from_pylist(rows)]
    audits = [step(w.config(), w.WINDOW, table, stage="scored") for table in tables]
    assert {audit.profile for audit in audits} == {audits[0].profile}
    assert [a.findings for a in audits[1:]] == [audits[0].findings] * 2


def test_times_as_text_are_read() -> None:
    held = Frame(pd.DataFrame(SOUND), w.config())
    assert held.table().at.type().is_timestamp()
    held.close()


def test_what_pandas_calls_missing_is_missing() -> None:
    rows = pd.DataFrame(w.spoilt(SOUND, w.one_in(5), lactate=None, ward=None))
    assert rows.lactate.isna().sum() == 42
    rows.loc[rows.ward.isna(), "ward"] = np.nan
    audit = step(w.config(), w.WINDOW, rows, stage="scored")
    for column in ("lactate", "ward"):
        assert w.found(audit, "missing_share", column).events == 42


def test_derived_columns_are_made() -> None:
    declared = w.config(source={"kind": "files", "path": "-", "derive": {"lactate": "lactate * 18"}})
    held = Frame(pd.DataFrame(SOUND), declared)
    assert held.table().lactate.max().to_pyarrow().as_py() == max(r["lactate"] for r in SOUND) * 18
    held.close()


@pytest.mark.parametrize("wrong", [SOUND, {"risk": [1]}, "ward.csv", None])
def test_what_is_no_table_is_refused(wrong: Any) -> None:
    with pytest.raises(SourceInvalid, match=f"a {type(wrong).__name__} is no table; pass a pandas, Polars"):
        step(w.config(), w.WINDOW, wrong)


@pytest.mark.parametrize("column", ["at", "lactate"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(SourceInvalid, match=rf"^the table: no column '{column}'; mend `columns"):
        step(w.config(), w.WINDOW, pd.DataFrame(SOUND).drop(columns=column))


def test_the_table_given_is_left_as_it_was() -> None:
    rows = pd.DataFrame(SOUND)
    before = rows.copy()
    step(w.config(), w.WINDOW, rows, stage="scored")
    pd.testing.assert_frame_equal(rows, before)
