"""What an engine says when it fails, repeated without a value of any row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from monitors.errors import SourceInvalid, SourceUnavailable

_ENGINES = frozenset({"duckdb", "_duckdb", "ibis", "sqlglot", "pyarrow", "psycopg", "pyspark", "py4j"})
_TORN = (
    "magic bytes", "unexpected end", "gzip", "footer", "too small", "truncated", "malformed", "corrupted",
    "tprotocolexception", "invalid ttype", "don't know what type", "decompression failure", "enough bytes",
    "state machine", "out of range of file",
)  # fmt: skip
_AT_LINE = re.compile(r"CSV Error on Line: (\d+)")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_STOPPED = ("SparkContext was shut down", "stopped SparkContext", "cancelled because", "Connection refused")
_INTERRUPTED = "Query interrupted"
_CANCELLED = "57014"
# SQLSTATE classes, after the SQL standard and PostgreSQL's appendix A.
_PASSING = {
    "08": "the connection was lost",
    "40": "the database rolled the statement back",
    "53": "the database is out of disk, memory or connections",
    "57": "the database is shutting down or starting",
    "58": "the database's machine failed",
}
NOT_WHOLE = "the file is not whole, or not of this format; was it still being written?"


@contextmanager
def plainly(where: str, names: Iterable[str] = ()) -> Iterator[None]:
    """Turn what an engine raises into SourceInvalid, without the rows it quotes.

    Args:
        where: what the message calls the source.
        names: names that may be repeated, such as those of columns.
    """
    try:
        yield
    except Exception as error:
        if _INTERRUPTED in str(error):  # DuckDB's own word for Ctrl-C
            raise KeyboardInterrupt from None
        if type(error).__module__.partition(".")[0] not in _ENGINES:
            raise
        # `from None`: a log would print the engine's own words below ours.
        if passing := _passing(error):
            raise SourceUnavailable(f"{where}: {passing}") from None
        raise SourceInvalid(f"{where}: {said(error, names)}") from None


def _passing(error: Exception) -> str | None:
    """What is said of a failure that may pass: a full disk, a lost connection, and such."""
    told = str(error)
    if "no space left on device" in told.lower():
        return "a disk is full"
    if type(error).__name__ == "OutOfMemoryException":  # DuckDB's, also of what it may spill
        return "this machine has too little memory, and too little disk to do without"
    if any(sign in told for sign in _STOPPED):
        return "Spark was stopped, or stopped the work"
    if type(error).__module__.partition(".")[0] != "psycopg":
        return None
    state = getattr(error, "sqlstate", None)
    if state is None:
        return "the connection was lost" if type(error).__name__ == "OperationalError" else None
    if state == _CANCELLED:
        return "the statement was cancelled, by us after `source.timeout` or by the database"
    return _PASSING.get(state[:2])


def said(error: Exception, names: Iterable[str] = ()) -> str:
    """The engine's first line; whatever it quotes is left out, unless it is one of the names.

    >>> said(ValueError("Could not convert string 'Jane Doe' to INT32 in column 'age'"), ["age"])
    "Could not convert string … to INT32 in column 'age'"
    """
    line = str(error).strip().partition("\n")[0].split("Original Line", 1)[0].strip()
    if any(sign in line.lower() for sign in _TORN):
        return NOT_WHOLE
    if at := _AT_LINE.search(line):
        text = any(sign in str(error).lower() for sign in ("unicode", "utf-8"))
        why = "is not UTF-8 text; save the file as UTF-8" if text else "cannot be read; mend that line"
        return f"line {int(at[1]):,} {why}"
    known = set(names)
    plain = _QUOTED.sub(lambda m: m[0] if m[0][1:-1] in known else "…", line)
    return re.split(r"['\"]", plain)[0].strip() if _unclosed(plain, known) else plain


def _unclosed(line: str, known: set[str]) -> bool:
    """Whether a quote stays open, so that what follows it may be a row's."""
    rest = _QUOTED.sub(lambda m: "" if m[0][1:-1] in known else m[0], line)
    return "'" in rest or '"' in rest
