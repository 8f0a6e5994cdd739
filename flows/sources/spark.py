"""Predictions on Spark: counted by the cluster that holds them, or by Spark on this machine."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import ibis
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.derive import derive, inputs
from flows.dialects import compiled, fetched
from flows.engine import plainly
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid, SourceUnavailable
from monitors.window import Window

Format = Literal["parquet", "orc", "csv", "json", "delta", "iceberg", "avro"]
_OURS = {
    "spark.app.name": "rounds",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


class Settings(BaseModel):
    """The keys under `source:` for `kind: spark`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str | None = Field(None, description="A table of the catalog, as in catalog.schema.table.")
    path: str | tuple[str, ...] | None = Field(
        None, description="Or files: a folder, a glob or a URL that Spark can read."
    )
    format: Format = Field("parquet", description="What the files are, where `path` is said.")
    master: str | None = Field(
        None, description="As in local[2]; by default what the machine is set up with."
    )
    options: Mapping[str, str] = Field(
        {}, description="Settings of the session, as in spark.executor.memory."
    )

    @model_validator(mode="after")
    def _one(self) -> Settings:
        if (self.table is None) == (self.path is None):
            raise ValueError("say `table` or `path`, one of the two")
        return self


def dialect(settings: Settings) -> str:
    """The SQL that `source.derive` is written in."""
    return "spark"


class Spark:
    """One table of Spark's. Only counts are asked of it."""

    def __init__(self, settings: Settings, config: ModelConfig, folder: Path) -> None:
        self.name = f"spark:{settings.table or _shown(settings)}"
        self._settings, self._config, self._folder = settings, config, folder
        self._table: ibis.Table | None = None
        self._spill = tempfile.TemporaryDirectory(prefix="rounds-", ignore_cleanup_errors=True)
        try:
            self._session, self._ours = _session(settings, self._spill.name, self.name)
            self._backend: Any = ibis.pyspark.connect(self._session)
        except BaseException:
            self._spill.cleanup()
            raise

    def table(self) -> ibis.Table:
        """The table, with derived columns; what Spark keeps as a moment is one."""
        if self._table is None:
            self._table = self._opened()
        return self._table

    def fingerprint(self, window: Window | None = None) -> str:
        """Of how many rows there are, and the latest time."""
        table, time = self.table(), self._config.columns.time
        with plainly(self.name, table.columns):
            (found,) = fetched(table.aggregate(rows=table.count(), last=table[time].max()))
        return digest([self.name, str(found["rows"]), str(found["last"])])

    def unread(self) -> dict[str, str]:
        """Nothing: what cannot be read is refused as a whole."""
        return {}

    def close(self) -> None:
        """Let the session go, where it was started here, and what was spilled."""
        if self._ours:
            self._session.stop()
        self._spill.cleanup()

    def _opened(self) -> ibis.Table:
        rows, config = self._raw(), self._config
        there, derived = rows.columns, config.source.derive
        wanted = [column for column in config.columns.read() if column not in derived]
        for made, expression in derived.items():
            wanted += sorted(inputs(made, expression, "spark"))
        wanted = list(dict.fromkeys(wanted))
        if absent := [column for column in wanted if column not in there]:
            raise SourceInvalid(
                f"{self.name}: no column {_listed(absent)}; it has {_listed(there[:40])}. "
                f"Mend `columns`, or make it with `source.derive`"
            )
        with plainly(self.name, there):
            table = derive(rows.select(*wanted), derived, "spark")
            if table[config.columns.time].type().is_string():
                raise SourceInvalid(
                    f"{self.name}: column {config.columns.time!r} holds text where a time is needed; "
                    f"make one with `source.derive`, as in CAST(… AS timestamp)"
                )
            return self._zoned(table)

    def _raw(self) -> ibis.Table:
        settings = self._settings
        with plainly(self.name):
            if settings.table is not None:
                if not self._session.catalog.tableExists(settings.table):
                    raise SourceInvalid(f"{self.name}: no such table; check `source.table`")
                frame = self._session.table(settings.table)
            else:
                declared = settings.path if isinstance(settings.path, tuple) else (settings.path or "",)
                places = [place if "://" in place else str(self._folder / place) for place in declared]
                reader = self._session.read.option("header", "true").option("inferSchema", "true")
                frame = reader.format(settings.format).load(places)
            # A view and not a copy: it lives as long as the session.
            view = ibis.util.gen_name("rounds_rows")
            frame.createOrReplaceTempView(view)
            return self._backend.table(view)

    def _zoned(self, table: ibis.Table) -> ibis.Table:
        """The table with Spark's TIMESTAMP as the moment it is; Ibis takes it for a local clock."""
        held = self._session.sql(compiled(self._backend, table)).schema
        moments = [field.name for field in held.fields if field.dataType.typeName() == "timestamp"]
        return table.mutate(**{name: table[name].cast("timestamp('UTC')") for name in moments})


def connect(settings: Settings, config: ModelConfig, folder: Path) -> Spark:
    """Open the table; `folder` is where relative paths start."""
    return Spark(settings, config, folder)


def _session(settings: Settings, spill: str, where: str) -> tuple[Any, bool]:
    """A session with clocks in UTC, and whether Spark was started for it."""
    try:
        sql = importlib.import_module("pyspark.sql")
    except ImportError:
        raise SourceInvalid("spark needs its driver: pip install 'rounds-monitor[spark]'") from None
    running = sql.SparkSession.getActiveSession()
    if running is not None:
        # A session of our own within it: settings of whoever started Spark stay as they are.
        return running.newSession(), False
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ and not _remote(settings):
        raise SourceInvalid(f"{where}: Spark needs Java 17 or newer on this machine; install it")
    builder = sql.SparkSession.builder
    if settings.master is not None:
        builder = builder.master(settings.master)
    given = {**_OURS, "spark.local.dir": spill, "spark.sql.warehouse.dir": f"{spill}/warehouse"}
    if (settings.master or "local").startswith("local"):
        cores = str(os.cpu_count() or 2)
        given |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
                  "spark.sql.shuffle.partitions": cores}  # fmt: skip
    for key, value in {**given, **settings.options}.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate(), True
    except Exception as error:  # noqa: BLE001  Java, the network and Spark have errors of their own
        raise SourceUnavailable(
            f"{where}: Spark cannot be started or reached ({type(error).__name__}); "
            f"check `source.master` and that Java 17 or newer is installed"
        ) from None


def _remote(settings: Settings) -> bool:
    return "SPARK_REMOTE" in os.environ or "spark.remote" in settings.options


def _shown(settings: Settings) -> str:
    declared = settings.path if isinstance(settings.path, tuple) else (settings.path or "",)
    return ", ".join(declared)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
