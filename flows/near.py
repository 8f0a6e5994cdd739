"""Rows at hand: the few of a small window put into the embedded engine's own memory before they are counted.

Counting asks dozens of questions. Of a file each would read it again, and find again which row of an id, or
of a patient, is the one that counts; at 200 rows a window that is nearly all the time there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import ibis

from flows.dialects import compiled

MOST = 500_000  # values, rows times columns: some 4 MB
WORTH = 8  # questions; putting the rows there costs as much as two or three
_numbers = count()


@contextmanager
def at_hand(rows: ibis.Table, n: int, questions: int) -> Iterator[ibis.Table]:
    """The n rows, in memory while it is open, where so many questions of so few rows are worth it.

    Else, and of any engine but the embedded one, they stay as they are: a warehouse is asked everything in
    one statement.
    """
    backend: Any = rows.get_backend()
    if backend.name != "duckdb" or n * len(rows.columns) > MOST or questions < WORTH:
        yield rows
        return
    name = f"rounds_near_{next(_numbers)}"
    backend.raw_sql(f"CREATE TEMP TABLE {name} AS {compiled(backend, rows)}")
    try:
        yield backend.table(name, database=("temp", "main"))
    finally:
        backend.raw_sql(f"DROP TABLE IF EXISTS temp.main.{name}")
