"""Derived columns: one SQL expression each, computed in the engine, and nothing but an expression."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import sqlglot
from sqlglot import exp

from monitors.errors import ConfigError

# What an expression may not hold: it must not read other tables, files or settings.
_REFUSED = (exp.Subquery, exp.Select, exp.Command, exp.Table, exp.Union, exp.Window, exp.AggFunc)
_REACHING = frozenset(
    {
        "read_csv",
        "read_parquet",
        "read_text",
        "read_blob",
        "read_json",
        "glob",
        "getenv",
        "current_setting",
        "query",
        "query_table",
        "pg_read_file",
        "load_file",
        "sleep",
        "pg_sleep",
        "dblink",
        "lo_import",
    }
)


def inputs(name: str, expression: str, dialect: str) -> set[str]:
    """The columns an expression reads.

    Raises ConfigError when it is not one plain expression over columns.

    >>> sorted(inputs("risk", "1 - surv6m", "duckdb"))
    ['surv6m']
    """
    try:
        (tree,) = sqlglot.parse(expression, read=dialect)
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise ConfigError([f"source.derive.{name}: not one SQL expression: {first}"]) from None
    if tree is None or isinstance(tree, _REFUSED) or any(tree.find_all(*_REFUSED)):
        raise ConfigError(
            [f"source.derive.{name}: may only combine columns of its own row (got {expression!r})"]
        )
    for call in tree.find_all(exp.Func):
        called = (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()
        if called in _REACHING or called.startswith(("read_", "pg_", "duckdb_", "sniff_")):
            raise ConfigError([f"source.derive.{name}: may not call {called}"])
    return {column.name for column in tree.find_all(exp.Column)}


def derive(table: ibis.Table, expressions: Mapping[str, str], dialect: str) -> ibis.Table:
    """The table with the derived columns added or replaced; each reads only source columns."""
    if not expressions:
        return table
    made = []
    for name, expression in expressions.items():
        inputs(name, expression, dialect)
        made.append(f"({expression}) AS {sqlglot.to_identifier(name, quoted=True).sql(dialect)}")
    kept = [
        sqlglot.to_identifier(column, quoted=True).sql(dialect)
        for column in table.columns
        if column not in expressions
    ]
    name = ibis.util.gen_name("rounds")
    statement = f"SELECT {', '.join([*kept, *made])} FROM {name}"  # noqa: S608  checked by `inputs`
    return table.alias(name).sql(statement, dialect=dialect)
