"""The statement each warehouse would run, word for word: read by a person once, then kept.

A warehouse is not at hand here, so what is held is that its dialect is spoken and that nothing
changes unseen. To write a file anew, delete it and run this test twice.
"""

from __future__ import annotations

from pathlib import Path

import ibis
import pytest
import sqlglot

from flows import asides
from flows.counting import Frozen, _column, _grouping, _repeating
from flows.dialects import plain
from flows.prepare import Prepared
from monitors.columns import Columns
from monitors.config import ModelConfig
from monitors.histogram import CategoryBins, NumericBins

GOLDEN = Path(__file__).parent / "warehouses"
WAREHOUSES = {
    "mssql": "tsql",
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "databricks": "databricks",
    "trino": "trino",
    "oracle": "oracle",
}
SCHEMA = ibis.schema(
    {"at": "timestamp", "risk": "float64", "died": "int64", "lactate": "float64", "ward": "string",
     "sex": "string", "age": "int64"}
)  # fmt: skip
FROZEN = Frozen(
    {
        "lactate": NumericBins((0.0, 1.0, 2.5), (0.5, 1.7), 2.0),
        "ward": CategoryBins(("A", "B'1"), ("rare",)),
    },
    (0.0, 0.5, 1.0),
)
CONFIG = ModelConfig.model_validate(
    {
        "model": "m",
        "version": "1",
        "source": {"kind": "sql", "url": "snowflake://r@a/b", "table": "t"},
        "columns": {
            "time": "at",
            "score": "risk",
            "decision": {"score_at_least": 0.5},
            "outcome": "died",
            "numeric": ["lactate"],
            "categorical": ["ward"],
            "sensitive": ["sex", {"age": [18, 65]}],
        },
        "outcome": {"matures_after": "P1D"},
        "window": "P7D",
        "reference": {"from": "2026-01-05", "to": "2026-01-12"},
    }
)


def statement(warehouse: str) -> str:
    prepared = Prepared(CONFIG, SCHEMA)
    parts = [prepared.rows, *(_column(prepared, n, b) for n, b in FROZEN.bins.items())]
    parts.append(_grouping(prepared, "age", FROZEN))
    told = [str(ibis.to_sql(plain(part, warehouse), dialect=warehouse)) for part in parts]
    return ";\n\n".join(told) + ";\n"


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_a_warehouse_is_sent_these_words(warehouse: str) -> None:
    file, told = GOLDEN / f"{warehouse}.sql", statement(warehouse)
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(told.encode())
        pytest.fail(f"{file.name} was written; read it, then run this again")
    assert told.encode() == file.read_bytes()


@pytest.mark.parametrize(("warehouse", "dialect"), WAREHOUSES.items())
def test_a_warehouse_s_own_dialect_can_read_it(warehouse: str, dialect: str) -> None:
    for part in statement(warehouse).split(";\n"):
        if part.strip():
            assert sqlglot.parse_one(part, read=dialect) is not None


def test_no_row_leaves_a_warehouse() -> None:
    for warehouse in WAREHOUSES:
        *_, first, second, cube = [p for p in statement(warehouse).split(";\n") if p.strip()]
        assert all("GROUP BY" in part for part in (first, second, cube))


def test_sql_server_is_sent_no_step_inside_a_branch() -> None:
    columns = {"patient": "ward", "amount": {"predicted": "age", "actual": "died"}}
    config = CONFIG.model_copy(
        update={
            "columns": Columns.model_validate(
                {"time": "at", "decision": "died", "sensitive": ["sex"]} | columns
            )
        }
    )
    prepared = Prepared(config, SCHEMA)
    edges = FROZEN.score_edges
    branches = [*_repeating(prepared, "sex", shared=False)]
    branches += asides.branches(prepared, "sex", FROZEN.bins, edges, shared=False)
    assert len(branches) > 20
    for branch in branches:
        # It stands in a FROM, where SQL Server takes no WITH.
        held = str(ibis.to_sql(plain(branch, "mssql"), dialect="mssql"))
        assert "WITH" not in held
        assert sqlglot.parse_one(f"SELECT * FROM ({held}) AS counted", read="tsql") is not None
