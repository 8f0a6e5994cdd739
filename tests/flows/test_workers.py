"""Texts measured by several processes are measured as by one, and one that ends early is told."""

from __future__ import annotations

import pyarrow as pa
import pytest

from flows.worker import TEXT, Asked, Taking
from flows.workers import taken
from monitors.discovery import text_measures
from monitors.errors import SourceInvalid

MEASURE = text_measures()["near_duplicate"]
TAKING = Taking([Asked("x.near_duplicate", MEASURE, MEASURE.measure, ("x",))], "notes")


def batch(first: int, **columns: list[str]) -> pa.RecordBatch:
    held = {
        "id": [first, first + 1],
        "rounds_period": [0, 1],
        TEXT.format("x"): ["Plan: rest.", f"Day {first}."],
    }
    return pa.RecordBatch.from_pydict(held | columns)


def test_rows_keep_their_order_whoever_measures_them() -> None:
    batches = [batch(i) for i in range(0, 14, 2)]
    assert list(taken(iter(batches), TAKING, processes=2, few=1)) == [TAKING.of(one) for one in batches]


def test_a_process_that_ends_early_is_told_without_its_words() -> None:
    lacking = (
        batch(0).drop_columns([TEXT.format("x")]).append_column("zebrafinch", pa.array(["zebrafinch"] * 2))
    )
    with pytest.raises(SourceInvalid) as raised:
        list(taken(iter([lacking]), TAKING, processes=2, few=0))
    assert str(raised.value) == "notes: the process that measures texts ended early"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_one_processor_needs_no_process() -> None:
    batches = [batch(i) for i in range(0, 6, 2)]
    assert list(taken(iter(batches), TAKING, processes=1, few=1)) == [TAKING.of(one) for one in batches]
