"""Derived columns: one SQL expression each, computed in the engine, and nothing but an expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import sqlglot
from ibis.expr import operations as ops
from sqlglot import exp

from flows.engine import plainly
from monitors.config import ModelConfig
from monitors.errors import ConfigError

# What an expression may not hold: it must not read other tables, files or settings.
_REFUSED = (
    exp.Subquery, exp.Select, exp.Command, exp.Table, exp.Union, exp.Window, exp.AggFunc, exp.Alias,
    exp.Star, exp.Columns, exp.Placeholder, exp.Parameter,
)  # fmt: skip
_VALUES = (exp.Condition, exp.AtTimeZone)  # what an expression may be as a whole
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
        "set_config",
        "setval",
        "nextval",
        "getvariable",
        "openrowset",
        "opendatasource",
        "load_extension",
        "readfile",
        "writefile",
        "sys_context",
    }
)
# What engines have of one kind: files, sessions, large objects, other servers, whole tables as XML.
_FAMILIES = (
    "read_", "pg_", "duckdb_", "sniff_", "lo_", "dblink", "xp_", "sp_", "utl_", "dbms_",
    "query_to_", "table_to_", "cursor_to_", "schema_to_", "database_to_",
)  # fmt: skip


def inputs(name: str, expression: str, dialect: str) -> set[str]:
    """The columns an expression reads.

    Raises ConfigError when it is not one plain expression over columns.

    >>> sorted(inputs("risk", "1 - surv6m", "duckdb"))
    ['surv6m']
    """
    tree = _parsed(name, expression, dialect)
    if not isinstance(tree, _VALUES) or any(tree.find_all(*_REFUSED)):
        raise ConfigError(
            [f"source.derive.{name}: may only combine columns of its own row (got {expression!r})"]
        )
    for call in tree.find_all(exp.Func):
        called = (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()
        if called in _REACHING or called.startswith(_FAMILIES):
            raise ConfigError([f"source.derive.{name}: may not call {called}"])
    return {column.name for column in tree.find_all(exp.Column)}


def needed(config: ModelConfig, dialect: str) -> tuple[str, ...]:
    """The columns a source has to hold: those that are read and not made, and those they are made of."""
    source = config.source
    read = [column for column in config.columns.read() if column not in source.derive]
    for made, expression in source.derive.items():
        read += sorted(inputs(made, expression, dialect))
    read = [column for column in read if column not in source.explode]
    for made, expression in source.explode.items():
        read += sorted(inputs(made, expression, dialect))
    return tuple(dict.fromkeys([*read, *([source.sampled.fraction] if source.sampled else [])]))


def _parsed(name: str, expression: str, dialect: str) -> exp.Expr:
    try:
        trees = [tree for tree in sqlglot.parse(expression, read=dialect) if tree is not None]
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        places = getattr(error, "errors", [])
        at = f": see character {places[0]['col']}" if places and places[0].get("col") else ""
        raise ConfigError([f"source.derive.{name}: not one SQL expression{at}"]) from None
    except RecursionError:
        raise ConfigError([f"source.derive.{name}: is nested too deeply; derive it in parts"]) from None
    except (AttributeError, TypeError, LookupError):  # of some torn texts the parser itself breaks
        raise ConfigError([f"source.derive.{name}: not one SQL expression"]) from None
    if len(trees) != 1:
        raise ConfigError([f"source.derive.{name}: must be one SQL expression (got {len(trees)})"])
    return trees[0]


def derive(table: ibis.Table, expressions: Mapping[str, str], dialect: str) -> ibis.Table:
    """The table with the derived columns added or replaced; each reads only source columns.

    Raises SourceInvalid naming the column that the engine cannot make.
    """
    if not expressions:
        return table
    made = {}
    for name, expression in expressions.items():
        inputs(name, expression, dialect)
        # Written anew from what was checked, so that what runs is what was read.
        plain = _parsed(name, expression, dialect).sql(dialect, comments=False)
        made[name] = f"({plain}) AS {_quoted(name, dialect)}"
    kept = [_quoted(column, dialect) for column in table.columns if column not in expressions]
    try:
        return _selected(table, [*kept, *made.values()], dialect)
    except Exception:
        for name, column in made.items():
            with plainly(f"source.derive.{name}", table.columns):
                _selected(table, [column], dialect)
        raise


def _selected(table: ibis.Table, columns: list[str], dialect: str) -> ibis.Table:
    name = ibis.util.gen_name("rounds")
    statement = f"SELECT {', '.join(columns)} FROM {name}"  # noqa: S608  checked by `inputs`
    if dialect == "postgres":
        return _viewed(table, name, statement)
    return table.alias(name).sql(statement, dialect=dialect)


def _viewed(table: ibis.Table, name: str, statement: str) -> ibis.Table:
    """The same on PostgreSQL, whose types Ibis would tell by a view that a read-only session refuses."""
    from ibis.backends.sql.datatypes import PostgresType

    backend: Any = table.get_backend()
    held = table.alias(name)
    asked = f"WITH {name} AS ({backend.compile(table)}) SELECT * FROM ({statement}) AS told LIMIT 0"  # noqa: S608
    with backend.con.cursor() as cursor:
        cursor.execute(asked)
        types = {
            column.name: PostgresType.from_string(str(cursor.adapters.types[column.type_code].name))
            for column in cursor.description or ()
        }
    made = ops.SQLStringView(parent=held.op(), query=statement, schema=ibis.schema(types))
    return made.to_expr()


def _quoted(name: str, dialect: str) -> str:
    return sqlglot.to_identifier(name, quoted=True).sql(dialect)
