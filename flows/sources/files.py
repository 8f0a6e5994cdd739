"""Predictions in files: Parquet, CSV, JSON or NDJSON, gzipped or not, one or many, by DuckDB."""

from __future__ import annotations

import codecs
import csv
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb
import ibis
from pydantic import BaseModel, ConfigDict, Field

from flows.derive import needed
from flows.dialects import fetched
from flows.embedded import embedded, shut
from flows.engine import plainly, said
from flows.periods import PARTITION, within
from flows.sources import _places
from flows.sources._places import Place
from flows.times import timed
from flows.unpacked import refuse_unsound
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.window import Window

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
_DELIMITERS = (",", ";", "\t", "|")
_AT_LINE = re.compile(r"CSV Error on Line: (\d+)")
_WHERE = "rounds_file"
MOST_HELD = (
    256 << 20
)  # bytes of files with texts that are held in memory; of larger ones the texts stay there
ROOM = "512MB"  # what reading those may take
_PACKED = 4  # times as large as it lies there, a text that is packed
_PART = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")  # a year, a month or a day
_COUNTED = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")

LISTS = True  # a row may hold a batch of requests


class Settings(BaseModel):
    """The keys under `source:` for `kind: files`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str | tuple[str, ...] = Field(
        description="Relative to this file, or in a store (s3://, gs://, abfs://); globs allowed."
    )
    format: Format | None = Field(None, description="parquet | csv | json; told by the ending.")
    missing: tuple[str, ...] = Field(("",), description="CSV texts that mean missing.")
    time_format: str | None = Field(None, description="How times are written, as in %d/%m/%Y.")
    partition: str | None = Field(
        None,
        description="Of Parquet in folders as day=2026-01-05: `day`; only those near a window are read.",
    )


class Reading:
    """How a set of files is read: their format and, of CSV, the delimiter its first line shows."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        declared = settings.path if isinstance(settings.path, tuple) else (settings.path,)
        self.name = ", ".join(declared)
        self.paths = _places.found(declared, folder)
        self.format = settings.format or _told(self.paths, self.name)
        self.partition = settings.partition
        self._missing = settings.missing
        if self.partition is not None:
            self._check_partition(self.partition)
        for path in self.paths:
            refuse_unsound(path.name, path.size, path.open)

    def _check_partition(self, key: str) -> None:
        """Raise where a file's folder does not say its day: it would be in no window."""
        if self.format != "parquet":
            raise SourceInvalid(f"{self.name}: source.partition goes with Parquet, text is read whole")
        held = {path.name: re.search(rf"/{re.escape(key)}=([^/]*)/", path.path) for path in self.paths}
        strange = [name for name, part in held.items() if part is None or not _PART.fullmatch(part[1])]
        if strange or len({len(part[1]) for part in held.values() if part}) > 1:
            raise SourceInvalid(
                f"{self.name}: source.partition: every file has to lie in a folder such as {key}=2026-01-05 "
                f"({key}=2026-01, {key}=2026), all written alike; {_listed(strange[:1] or held)} does not"
            )

    def mount(self, backend: Any) -> bool:
        """Let the engine read where the files lie; whether any lies in a store."""
        return _places.mount(self.paths, backend.con)

    def described(self, backend: Any) -> dict[str, str]:
        """The type of each column, told from all rows: a text in the last row must not stop the count."""
        try:
            found = backend.raw_sql(f"DESCRIBE SELECT * FROM {self.reader(backend)}").fetchall()  # noqa: S608
        except duckdb.Error as error:
            raise SourceInvalid(self._torn(backend, error)) from None
        return {row[0]: row[1] for row in found}

    @property
    def large(self) -> bool:
        """Whether it is more text than is held in memory at once."""
        sizes = (p.size * (_PACKED if p.name.endswith((".gz", ".zst")) else 1) for p in self.paths)
        return sum(sizes) > MOST_HELD

    def reader(self, backend: Any, types: Mapping[str, str] | None = None) -> str:
        """The table function that reads the files; `types` of columns to read as such."""
        return self._reading(backend, self.paths, types)

    def _reading(self, backend: Any, paths: Iterable[Place], types: Mapping[str, str] | None = None) -> str:
        files = ", ".join(literal(path.path) for path in paths)
        options = "union_by_name = true"
        if self.partition is not None:  # the columns are the first file's: all others stay closed
            options = "hive_partitioning = true, hive_types_autocast = false"
        if self.format == "csv":
            # The first line says the dialect. Guessed from all lines, one torn line would change
            # it, and rows of patients would be taken for column names.
            options += (
                f", sample_size = -1, header = true, skip = 0, quote = '\"', escape = '\"', "
                f"delim = {literal(self._delimiter(backend))}, "
                f"nullstr = [{', '.join(map(literal, self._missing))}]"
            )
        elif self.format == "json":
            options += ", sample_size = -1"
        if types:
            pairs = ", ".join(f"{literal(column)}: {literal(kind)}" for column, kind in types.items())
            options += f", {'types' if self.format == 'csv' else 'columns'} = {{{pairs}}}"
        return f"read_{self.format}([{files}], {options})"

    def _delimiter(self, backend: Any) -> str:
        line = self._first_line(backend, self.paths[0])
        outside = "".join(line.split('"')[::2])
        return max(_DELIMITERS, key=outside.count)

    def _first_line(self, backend: Any, path: Place) -> str:
        whole = (
            f"SELECT line FROM read_csv({literal(path.path)}, auto_detect = false, header = false, "  # noqa: S608
            f"delim = '\x01', quote = '', escape = '', ignore_errors = true, "
            f"columns = {{'line': 'VARCHAR'}}) LIMIT 1"
        )
        with path.open() as file:
            if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise SourceInvalid(f"{path.name}: is not UTF-8 text; save the file as UTF-8")
        with plainly(path.name):
            found = backend.raw_sql(whole).fetchall()
        line = str(found[0][0] or "").removeprefix("\ufeff").strip() if found else ""
        if not line:
            raise SourceInvalid(f"{path.name}: the first line names no columns; a CSV needs a header")
        return line

    def _torn(self, backend: Any, error: duckdb.Error) -> str:
        """Which file cannot be read, in which line, and why; never what the line holds."""
        for path in self.paths:
            try:
                backend.raw_sql(f"SELECT count(*) FROM {self._reading(backend, [path])}").fetchall()  # noqa: S608
            except duckdb.Error as found:
                return f"{path.name}: {self._line(backend, path) or said(found)}"
        return f"{self.name}: {said(error)}"

    def _line(self, backend: Any, path: Place) -> str | None:
        """Of a CSV: the first line that does not have the values its header names."""
        if self.format != "csv":
            return None
        delimiter = self._delimiter(backend)
        (names,) = csv.reader([self._first_line(backend, path)], delimiter=delimiter)
        columns = ", ".join(f"'column{i}': 'VARCHAR'" for i in range(len(names)))
        try:
            backend.raw_sql(
                f"SELECT max(length(COLUMNS(*))) FROM read_csv({literal(path.path)}, auto_detect = false, "  # noqa: S608
                f"header = true, delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
                f"columns = {{{columns}}})"
            ).fetchall()
        except duckdb.Error as error:
            told = str(error)
            at, counted = _AT_LINE.search(told), _COUNTED.search(told)
            where = f"line {int(at[1]):,}" if at else "a line"
            if "unicode" in told or "utf-8" in told:
                return f"{where} is not UTF-8 text; save the file as UTF-8"
            if counted:
                return (
                    f"{where} has {counted[2]} values where the header names {counted[1]}; mend that "
                    f"line, or wait until the file is written"
                )
            if "quote" in told.lower():
                return f"{where} opens a quote that is not closed; was the file still being written?"
        return None


class Mounted(ABC):
    """Files that an embedded DuckDB reads, as one table that is made once."""

    def __init__(self, reading: Reading, config: ModelConfig) -> None:
        self._reading, self._config = reading, config
        self.name = reading.name
        self._spill = tempfile.TemporaryDirectory(prefix="rounds-", ignore_cleanup_errors=True)
        self._backend = embedded(temp_directory=self._spill.name)
        # Patients' texts are neither held in memory, where there are many, nor written to another disk.
        self._left = bool(config.columns.text) and reading.format != "parquet" and reading.large
        if self._left:
            self._backend.raw_sql(f"SET memory_limit = '{ROOM}'")  # else it keeps all that it looks through
        self._table: ibis.Table | None = None

    def table(self) -> ibis.Table:
        """The table. Text formats are read once, the columns in use kept in the engine."""
        if self._table is None:
            self._table = self._open()
        return self._table

    @abstractmethod
    def _open(self) -> ibis.Table:
        """Make the table of these files."""

    def unread(self) -> dict[str, str]:
        """Nothing: what cannot be read is refused as a whole."""
        return {}

    def close(self) -> None:
        """Let DuckDB and what it spilled go."""
        shut(self._backend)
        self._spill.cleanup()


class Files(Mounted):
    """Files as one table in an embedded DuckDB."""

    def __init__(self, settings: Settings, config: ModelConfig, folder: Path) -> None:
        super().__init__(Reading(settings, folder), config)
        self._settings = settings
        self._mount()

    def _mount(self) -> None:
        if not self._reading.mount(self._backend):
            # What DuckDB keeps of each file would grow with them; the disk's own cache does not.
            self._backend.raw_sql("SET enable_external_file_cache = false")

    def renew(self) -> None:
        """Read on with another engine: DuckDB keeps some 10 kB of each window it counts in Parquet.

        Of text, which is read once and held, it keeps next to nothing.
        """
        if self._reading.format == "parquet":
            shut(self._backend)
            self._backend, self._table = embedded(temp_directory=self._spill.name), None
            self._mount()

    def fingerprint(self, window: Window | None = None) -> str:
        """Of every file's name, size and time of change; of Parquet those that hold rows of the window."""
        places = self._reading.paths
        if window is not None and self._reading.format == "parquet" and len(places) > 1:
            places = self._holding(window)
        return digest([(place.name, place.size, place.changed) for place in places])

    def _holding(self, window: Window) -> list[Place]:
        """The files that hold rows of a window; the ends of most others tell the engine that they do not."""
        rows = within(self._view(_WHERE), self._config.columns, window, self._config, self.name)
        with plainly(self.name):
            held = {row[_WHERE] for row in fetched(rows.select(_WHERE).distinct())}
        places = self._reading.paths
        if not held <= {place.path for place in places}:  # a column of the rows' own is called so
            return places
        return [place for place in places if place.path in held]

    def _open(self) -> ibis.Table:
        config, reading = self._config, self._reading
        there = reading.described(self._backend)
        read = needed(config, "duckdb")
        if absent := [column for column in read if column not in there]:
            # A file without a header would have a patient listed for names of columns.
            known = (
                f"it has {_listed(there, most=40)}."
                if set(read) & set(there)
                else "is the first line a header?"
            )
            raise SourceInvalid(
                f"{self.name}: no column {_listed(absent)}; {known} "
                f"Mend `columns`, or make it with `source.derive`"
            )
        types = None
        if reading.format != "parquet":
            # The engine's guess would take 01/02/2026 for either; `flows/times.py` reads dates.
            dates = [c for c in read if c == config.columns.time or there[c].startswith(("DATE", "TIME"))]
            types = dict.fromkeys(dates, "VARCHAR")
            if reading.format == "json" and types:
                types = {**there, **types}
        if reading.format == "parquet":
            return self._view()
        used = ", ".join(quoted(column) for column in read)
        with plainly(self.name, there):
            if self._left:
                return self._view(types=types)
            self._backend.raw_sql(
                f"CREATE TEMP TABLE rounds_rows AS SELECT {used} "  # noqa: S608
                f"FROM {reading.reader(self._backend, types)}"
            )
            rows = self._backend.table("rounds_rows")
            table = timed(rows, config, self._settings.time_format, self.name)
            # Kept as read: a time in text would otherwise be read again for every count.
            kept = self._backend.create_table("rounds_read", table, temp=True)
            self._backend.raw_sql("DROP TABLE rounds_rows")
            return kept

    def _view(self, beside: str | None = None, types: Mapping[str, str] | None = None) -> ibis.Table:
        """The rows as they lie in the files, the file's own path `beside` each row where that is wanted."""
        config, reading = self._config, self._reading
        read = needed(config, "duckdb")
        used = [quoted(column) for column in read]
        if reading.partition is not None:
            used.append(f"{quoted(reading.partition)} AS {PARTITION}")
        if beside is not None:
            used.append(f"filename AS {beside}")
        name = f"rounds_rows_{beside or 'alone'}"
        with plainly(self.name, read):
            self._backend.raw_sql(
                f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {', '.join(used)} "  # noqa: S608
                f"FROM {reading.reader(self._backend, types)}"
            )
            return timed(self._backend.table(name), config, self._settings.time_format, self.name)


def connect(settings: Settings, config: ModelConfig, folder: Path) -> Files:
    """Open the files; `folder` is where relative paths start."""
    return Files(settings, config, folder)


def _told(paths: Sequence[Place], name: str) -> Format:
    """The format the files' endings tell."""
    endings = {_ending(Path(path.name)) for path in paths}
    if len(formats := {_FORMATS.get(ending) for ending in endings}) > 1:
        raise SourceInvalid(
            f"{name}: files of several formats ({_listed(sorted(endings))}); "
            f"narrow `source.path` or say `source.format`"
        )
    (format,) = formats
    if format is None:
        raise SourceInvalid(f"{name}: the format is not told by the ending; say `source.format`")
    return format


def _ending(path: Path) -> str:
    name = path.with_suffix("") if path.suffix.lower() in (".gz", ".zst") else path
    return name.suffix.lower()


def quoted(name: str) -> str:
    """A column's name as DuckDB reads it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as DuckDB reads it, whatever it holds."""
    return "'" + value.replace("'", "''") + "'"


def _listed(names: Iterable[Any], most: int = 8) -> str:
    given = [repr(name) for name in names]
    more = f" and {len(given) - most} more" if len(given) > most else ""
    return ", ".join(given[:most]) + more
