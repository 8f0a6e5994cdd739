"""Predictions never logged, made anew by a model of MLflow's registry; or its traces, where there are any."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.addresses import why_not
from flows.embedded import embedded, shut
from flows.engine import plainly
from flows.times import timed
from monitors.canonical import digest
from monitors.columns import Columns
from monitors.config import ModelConfig
from monitors.declared_source import Source as Declared
from monitors.errors import SourceInvalid
from monitors.window import Window

LISTS = True  # a trace may hold a batch of requests
ROWS = 50_000  # scored at once
VERSION = "model_version"
_MODEL = re.compile(r"models:/[^/@\s]+(@[^/@\s]+|/\d+)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CASTS = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32", "boolean": "bool"}
_TRACE = pa.schema([("id", pa.string()), ("time", pa.timestamp("ms", "UTC")), ("request", pa.string()),
                    ("response", pa.string())])  # fmt: skip


class Settings(BaseModel):
    """The keys under `source:` for `kind: mlflow`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(None, description="A registered model, as in models:/sepsis@live.")
    inputs: Declared | None = Field(None, description="The source of what it is given, as under `source`.")
    score: str = Field("score", description="The column its prediction becomes.")
    positive: int = Field(1, ge=0, description="Which of its classes is scored.")
    trusted: str | None = Field(None, description="The digest of a checked model that loads by running code.")
    traces: str | None = Field(None, description="Instead: the experiment whose traces are read.")
    tracking: str | None = Field(None, description="MLflow's address. [MLFLOW_TRACKING_URI]")

    @model_validator(mode="after")
    def _one_way(self) -> Settings:
        if (self.model is None) == (self.traces is None):
            raise ValueError("name `model` and its `inputs`, or `traces`, one of them")
        if self.model is not None and not _MODEL.fullmatch(self.model):
            raise ValueError(f"model: must be as models:/name@alias or models:/name/3 (got {self.model!r})")
        if (self.model is None) != (self.inputs is None):
            raise ValueError("`model` needs `inputs`, the source of what it is given, and they go together")
        if self.trusted is not None and not _DIGEST.fullmatch(self.trusted):
            raise ValueError("trusted: must be the digest that the refusal names, as in sha256:…")
        if self.tracking is not None and (why := _unreachable(self.tracking, os.environ)):
            raise ValueError(f"tracking: {why} (got …)")
        return self


class Scored:
    """A table of inputs with each row's score, made once and kept in an embedded engine while a run lasts."""

    def __init__(self, settings: Settings, config: ModelConfig, folder: Path) -> None:
        from flows import scoring  # loads MLflow, which takes a second
        from flows import source as sources

        self._settings, self._config = settings, config
        self.name = str(settings.model)
        self._spill = tempfile.TemporaryDirectory(prefix="rounds-", ignore_cleanup_errors=True)
        try:
            place, self._version = scoring.fetched(self.name, settings.tracking, Path(self._spill.name))
            self._digest = scoring.digest_of(place)
            self._predict, self._features = scoring.loaded(place, self.name, settings.trusted)
            self._inputs = sources.connect(_inputs(settings, config, tuple(self._features)), folder)
        except BaseException:
            self._spill.cleanup()
            raise
        self._backend = embedded(temp_directory=self._spill.name)
        self._table: ibis.Table | None = None

    def table(self) -> ibis.Table:
        """The inputs, scored, with the version that scored them and derived columns."""
        if self._table is None:
            table = self._inputs.table()
            with plainly(self._inputs.name, table.columns):
                batches = table.to_pyarrow_batches(chunk_size=ROWS)
                made = batches.schema.append(pa.field(self._settings.score, pa.float64()))
                made = made.append(pa.field(VERSION, pa.string()))
                held = self._backend.create_table(
                    "rounds_rows", schema=ibis.Schema.from_pyarrow(made), temp=True
                )
                for batch in self._scored(batches, made):
                    self._backend.con.register("rounds_batch", pa.Table.from_batches([batch]))
                    self._backend.raw_sql("INSERT INTO rounds_rows SELECT * FROM rounds_batch")
                    self._backend.con.unregister("rounds_batch")
                self._table = timed(held, self._config, None, self.name)
        return self._table

    def fingerprint(self, window: Window | None = None) -> str:
        """Of the inputs, and of the very model that scored them."""
        return digest([self._inputs.fingerprint(), self.name, self._version, self._digest])

    def unread(self) -> Mapping[str, str]:
        """What of the inputs could not be read."""
        return self._inputs.unread()

    def close(self) -> None:
        """Let both engines and the fetched model go."""
        self._inputs.close()
        shut(self._backend)
        self._spill.cleanup()

    def _scored(self, batches: Any, made: pa.Schema) -> Iterator[pa.RecordBatch]:
        from flows import scoring

        for batch in batches:
            if not batch.num_rows:
                continue
            given = batch.select(list(self._features)).to_pandas()
            for column, kind in self._features.items():
                try:
                    given[column] = given[column].astype(_CASTS.get(kind, "object"))
                except (ValueError, TypeError):
                    raise SourceInvalid(
                        f"{self._inputs.name}: column {column!r} does not hold {kind} throughout, as "
                        f"{self.name} needs it; mend it with `inputs.derive`"
                    ) from None
            try:
                predicted = self._predict(given)
            except Exception as error:  # noqa: BLE001  a model may raise anything; its words may quote rows
                raise SourceInvalid(
                    f"{self.name}: failed on rows of {self._inputs.name} ({type(error).__name__})"
                ) from None
            score = scoring.probabilities(predicted, self.name, self._settings.positive)
            version = pa.array([self._version] * batch.num_rows, pa.string())
            yield pa.RecordBatch.from_arrays([*batch.columns, pa.array(score), version], schema=made)


class Traces:
    """What a served model was asked and answered, from MLflow's traces, kept while a run lasts."""

    def __init__(self, settings: Settings, config: ModelConfig) -> None:
        from flows import scoring

        self.name = str(settings.traces)
        self._config = config
        held = pa.Table.from_pylist(
            [row | {"time": datetime.fromtimestamp(row["time"] / 1000, UTC)}
             for row in scoring.traces(self.name, settings.tracking)], _TRACE,
        )  # fmt: skip
        self._digest = digest([held.num_rows, held["id"][-1].as_py() if held.num_rows else None])
        self._backend = embedded()
        self._rows = self._backend.create_table("rounds_rows", held, temp=True)
        self._table: ibis.Table | None = None

    def table(self) -> ibis.Table:
        """A row a trace: `id`, `time`, `request` and `response` as JSON text; exploded and derived."""
        if self._table is None:
            with plainly(self.name, self._rows.columns):
                table = timed(self._rows, self._config, None, self.name)
                self._table = self._backend.create_table("rounds_read", table, temp=True)
        return self._table

    def fingerprint(self, window: Window | None = None) -> str:
        """Of how many traces there are, and the latest."""
        return digest([self.name, self._digest])

    def unread(self) -> Mapping[str, str]:
        """Nothing: a trace that failed made no prediction."""
        return {}

    def close(self) -> None:
        """Let the engine go."""
        shut(self._backend)


def connect(settings: Settings, config: ModelConfig, folder: Path) -> Scored | Traces:
    """Score the inputs, or read the traces; `folder` is where relative paths start."""
    return Scored(settings, config, folder) if settings.model is not None else Traces(settings, config)


def _unreachable(tracking: str, environ: Mapping[str, str]) -> str | None:
    """Why a model's file may not name this MLflow; what the environment names is its operator's choice."""
    if tracking == environ.get("MLFLOW_TRACKING_URI"):
        return None
    if tracking.startswith(("http:", "https:")):
        return why_not(tracking)
    secret = "@" in tracking and ":" in tracking.partition("://")[2].rpartition("@")[0]
    return "holds a password; say it as MLFLOW_TRACKING_URI" if secret else None


def _inputs(settings: Settings, config: ModelConfig, features: tuple[str, ...]) -> ModelConfig:
    """The config the inputs are read by: what the model needs, and of what the audit needs the rest."""
    from flows.derive import needed

    made = {settings.score, VERSION}
    wanted = [column for column in needed(config, "duckdb") if column not in made]
    nothing = {name: field.default for name, field in Columns.model_fields.items()}
    time = config.columns.time if config.columns.time in wanted else ""
    columns = Columns.model_construct(**nothing | {
        "time": time, "text": tuple(dict.fromkeys((*wanted, *features))),
    })  # fmt: skip
    facts = {name: getattr(config, name) for name in ModelConfig.model_fields}
    changed = {"source": settings.inputs, "columns": columns, "joined": (), "eligible": None}
    return ModelConfig.model_construct(**facts | changed)
