"""Predictions in files: Parquet, CSV, JSON or NDJSON, gzipped or not, one or many, by DuckDB."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import duckdb
import ibis
from ibis.common.exceptions import IbisError
from pydantic import BaseModel, ConfigDict, Field

from flows.derive import derive, inputs
from flows.times import readable_times
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid

Format = Literal["parquet", "csv", "json"]
_FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
}
_READERS = {"parquet": "read_parquet", "csv": "read_csv", "json": "read_json"}


class Settings(BaseModel):
    """The keys under `source:` for `kind: files`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str | tuple[str, ...] = Field(description="Relative to this file; globs allowed.")
    format: Format | None = Field(None, description="parquet | csv | json; told by the ending.")
    null: tuple[str, ...] = Field(("",), description="CSV texts that mean missing.")
    time_format: str | None = Field(None, description="How times are written, as in %d/%m/%Y.")


class Files:
    """Files as one table in an embedded DuckDB."""

    def __init__(self, settings: Settings, config: ModelConfig, folder: Path) -> None:
        declared = settings.path if isinstance(settings.path, tuple) else (settings.path,)
        self.name = ", ".join(declared)
        self._paths = _found(declared, folder)
        self._settings, self._config = settings, config
        self._spill = tempfile.TemporaryDirectory(prefix="rounds-", ignore_cleanup_errors=True)
        self._backend = ibis.duckdb.connect(temp_directory=self._spill.name)
        self._backend.raw_sql("SET TimeZone = 'UTC'")
        self._table: ibis.Table | None = None

    def table(self) -> ibis.Table:
        """The table. Text formats are read once, the columns in use kept in the engine."""
        if self._table is None:
            try:
                self._table = self._open()
            except (duckdb.Error, IbisError) as error:
                raise SourceInvalid(f"{self.name}: {_first_line(error)}{self._culprit()}") from None
        return self._table

    def fingerprint(self) -> str:
        """Of every file's name, size and time of change."""
        facts = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in self._paths]
        return digest(facts)

    def close(self) -> None:
        """Let DuckDB and what it spilled go."""
        self._backend.disconnect()
        self._spill.cleanup()

    def _open(self) -> ibis.Table:
        config, derived = self._config, self._config.source.derive
        reader = self._reader(self._paths)
        described = self._backend.raw_sql(f"DESCRIBE SELECT * FROM {reader}").fetchall()  # noqa: S608
        there = [row[0] for row in described]
        read = [column for column in config.columns.read() if column not in derived]
        for made, expression in derived.items():
            read += [c for c in sorted(inputs(made, expression, "duckdb")) if c not in read]
        if absent := [column for column in dict.fromkeys(read) if column not in there]:
            raise SourceInvalid(
                f"{self.name}: no column {_listed(absent)}; it has {_listed(there, most=40)}. "
                f"Mend `columns`, or make it with `source.derive`"
            )
        used = ", ".join(_quoted(column) for column in dict.fromkeys(read))
        storage = "VIEW" if self._format == "parquet" else "TABLE"
        self._backend.raw_sql(
            f"CREATE TEMP {storage} rounds_rows AS SELECT {used} FROM {reader}"  # noqa: S608
        )
        table = derive(self._backend.table("rounds_rows"), derived, "duckdb")
        return readable_times(table, config.columns.time, self._settings.time_format, self.name)

    @property
    def _format(self) -> Format:
        if self._settings.format:
            return self._settings.format
        kinds = {_ending(path) for path in self._paths}
        if len(kinds) > 1:
            raise SourceInvalid(
                f"{self.name}: files of several formats ({_listed(sorted(kinds))}); "
                f"narrow `source.path` or say `source.format`"
            )
        format = _FORMATS.get(kinds.pop())
        if format is None:
            raise SourceInvalid(f"{self.name}: the format is not told by the ending; say `source.format`")
        return format

    def _reader(self, paths: Iterable[Path]) -> str:
        files = ", ".join(_text(str(path)) for path in paths)
        options = {
            "parquet": "union_by_name = true",
            # Types are told from all rows: a text in the last row must not stop the count.
            "csv": "union_by_name = true, sample_size = -1, header = true, nullstr = ["
            + ", ".join(_text(null) for null in self._settings.null)
            + "]",
            "json": "union_by_name = true, sample_size = -1",
        }[self._format]
        return f"{_READERS[self._format]}([{files}], {options})"

    def _culprit(self) -> str:
        """Which of several files it is that cannot be read."""
        for path in self._paths if len(self._paths) > 1 else ():
            try:
                self._backend.raw_sql(f"SELECT count(*) FROM {self._reader([path])}").fetchall()  # noqa: S608
            except duckdb.Error:
                return f" (in {path.name})"
        return ""


def connect(settings: Settings, config: ModelConfig, folder: Path) -> Files:
    """Open the files; `folder` is where relative paths start."""
    return Files(settings, config, folder)


def _found(declared: Iterable[str], folder: Path) -> list[Path]:
    found: list[Path] = []
    for pattern in declared:
        matched = sorted(glob.glob(str(folder / pattern), recursive=True))  # noqa: PTH207  takes absolute ones too
        files = [Path(path) for path in matched if Path(path).is_file()]
        if not files:
            raise SourceInvalid(f"{pattern}: no such file, looked for in {folder}; check `source.path`")
        if empty := [path.name for path in files if path.stat().st_size == 0]:
            raise SourceInvalid(f"{_listed(empty)}: the file is empty; was it still being written?")
        found += files
    return sorted(set(found))


def _ending(path: Path) -> str:
    name = path.with_suffix("") if path.suffix.lower() in (".gz", ".zst") else path
    return name.suffix.lower()


def _first_line(error: Exception) -> str:
    # The engine's further lines quote the data; patients must not reach a log.
    line = str(error).splitlines()[0].split("Original Line", 1)[0].strip()
    lowered = line.lower()
    torn = ("magic bytes", "unexpected end", "gzip", "footer", "too small", "truncated", "malformed")
    if any(sign in lowered for sign in torn):
        return "the file is not whole, or not of this format; was it still being written?"
    return line.split(': "', 1)[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _listed(names: Iterable[Any], most: int = 8) -> str:
    given = [repr(name) for name in names]
    more = f" and {len(given) - most} more" if len(given) > most else ""
    return ", ".join(given[:most]) + more
