"""Names and values out of a file are names and values: none of them is ever run as SQL."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import readiness, source
from flows.monitor import step
from monitors.errors import ConfigError
from monitors.readiness.declared import Declared
from tests.flows.rows import WINDOW, config, ward, write

NASTY = ('a"; DROP TABLE rounds_rows; --', "a' OR '1'='1", "a); COPY x TO '/tmp/x' (", 'a\\"--', "${a}")


@pytest.mark.parametrize("name", NASTY)
def test_a_column_s_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    rows = [{**{k: v for k, v in row.items() if k != "lactate"}, name: row["lactate"]} for row in ward()]
    write(tmp_path / "ward.csv", rows)
    write(tmp_path / "later.csv", [{name: row["visit"], "died": 0} for row in rows])
    declared = config({"numeric": ["age", name, "died"]},
                      joined=[{"source": {"kind": "files", "path": "later.csv"}, "match": {"visit": name},
                               "bring": {"died": "died"}}])  # fmt: skip
    with closing(source.connect(declared, tmp_path)) as opened:
        audit = step(declared, WINDOW, opened, stage="scored")
    assert audit.rows == 210
    assert {f.subject for f in audit.findings} >= {name, "died"}
    asked: dict[str, Any] = {"source": {"kind": "files", "path": "ward.csv"},
                             "columns": {"time": "at", "numeric": [name], "site": "ward"}}  # fmt: skip
    ready = Declared.model_validate(asked)
    with closing(source.connect(ready.counted_as(), tmp_path)) as opened:
        assert readiness.of(opened, ready, datetime(2026, 3, 1, tzinfo=UTC)).rows == len(rows)


@pytest.mark.parametrize("value", NASTY)
def test_a_category_s_value_is_only_a_value(tmp_path: Path, value: str) -> None:
    write(tmp_path / "ward.csv", [row | {"ward": value if i % 3 else "icu"} for i, row in enumerate(ward())])
    declared = config()
    with closing(source.connect(declared, tmp_path)) as opened:
        assert step(declared, WINDOW, opened, stage="scored").rows == 210


@pytest.mark.parametrize(
    "expression",
    ["1; DROP TABLE x", "(SELECT 1)", "read_text('/etc/passwd')", "getenv('HOME')", "a UNION SELECT 1", "*"],
)
@pytest.mark.parametrize("key", ["derive", "explode"])
def test_an_expression_reaches_nothing_but_its_row(key: str, expression: str) -> None:
    with pytest.raises(ConfigError, match=rf"source\.{key}\.made: "):
        config(source={"kind": "files", "path": "ward.csv", key: {"made": expression}})
