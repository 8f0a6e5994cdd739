"""Derived columns: made in the engine from one row alone, and what is run is what was checked."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from flows.derive import derive, inputs
from monitors.errors import ConfigError

BACKEND = ibis.duckdb.connect()


def table() -> ibis.Table:
    held = pa.table({"a": [1.0, 2.0, None], 'say "b"': [10, 20, 30], "c": ["x", " Y ", None]})
    return BACKEND.create_table("rows", held, temp=True, overwrite=True)


@pytest.mark.parametrize(
    ("expression", "values", "reads"),
    [
        ("1 - a", [0.0, -1.0, None], {"a"}),
        ('a * "say ""b"""', [10.0, 40.0, None], {"a", 'say "b"'}),
        ("CASE WHEN lower(trim(c)) = 'y' THEN 1 WHEN c IS NOT NULL THEN 0 END", [0, 1, None], {"c"}),
        ("coalesce(a, 0) -- nothing is zero", [1.0, 2.0, 0.0], {"a"}),
        ("CAST(a AS INTEGER) % 2 = 1", [True, False, None], {"a"}),
        ("2", [2, 2, 2], set()),
        ("a > 1 AND c IS NOT NULL", [False, True, False], {"a", "c"}),
        ("-(a)", [-1.0, -2.0, None], {"a"}),
        ("a BETWEEN 0 AND 1", [True, False, None], {"a"}),
        ("NULL", [None, None, None], set()),
    ],
)
def test_an_expression_is_made_for_each_row(expression: str, values: list[object], reads: set[str]) -> None:
    assert inputs("made", expression, "duckdb") == reads
    assert derive(table(), {"made": expression}, "duckdb").made.to_pyarrow().to_pylist() == values


def test_a_column_may_be_replaced_and_the_others_stay() -> None:
    made = derive(table(), {"a": "a * 2", "d": "a + 1"}, "duckdb").to_pyarrow().to_pydict()
    assert made["a"] == [2.0, 4.0, None]
    assert made["d"] == [2.0, 3.0, None]  # each reads the source's columns, not each other's
    assert made['say "b"'] == [10, 20, 30]


def test_a_name_with_quotes_and_spaces_is_a_name() -> None:
    made = derive(table(), {'it"s, new': "a"}, "duckdb")
    assert 'it"s, new' in made.columns


def test_without_expressions_the_table_is_the_table() -> None:
    held = table()
    assert derive(held, {}, "duckdb") is held


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT 1)", "a + (SELECT max(a) FROM rows)", "EXISTS (SELECT 1)", "a IN (SELECT a FROM rows)",
        "sum(a)", "lag(a) OVER ()", "*", "COLUMNS('a')", "$1", "?", "a AS b",
        "read_csv('x')", "read_text('x')", "getenv('HOME')", "current_setting('threads')",
        "a; DROP TABLE rows", "DROP TABLE rows", "COPY rows TO 'x'", "ATTACH 'x'", "SET threads = 1",
        "", "a +", "(a",
    ],
)  # fmt: skip
def test_nothing_but_one_row_can_be_reached(expression: str) -> None:
    with pytest.raises(ConfigError, match=r"^source\.derive\.made: "):
        inputs("made", expression, "duckdb")
    with pytest.raises(ConfigError):
        derive(table(), {"made": expression}, "duckdb")
    assert table().count().to_pyarrow().as_py() == 3
