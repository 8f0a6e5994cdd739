"""Predictions in FHIR R4: RiskAssessments of a bulk export or a server, with who they were about."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import ibis
from duckdb import InvalidInputException
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.derive import derive
from flows.embedded import embedded, shut
from flows.engine import plainly
from flows.sources import _fhir_sql as sql
from flows.sources._fhir_server import fetch
from flows.sources._fhir_valid import EVERY, FIRST, definition, refused
from flows.unpacked import refuse_unsound
from monitors.canonical import digest
from monitors.config import IsoLength, ModelConfig
from monitors.errors import SourceInvalid
from monitors.told import small
from monitors.window import Window

COLUMNS = (
    "id", "time", "patient", "encounter", "method", "device", "score", "risk",
    "sex", "birth_sex", "race", "ethnicity", "language", "age", "outcome",
)  # fmt: skip
_MANIFEST = "manifest.json"


class Outcome(BaseModel):
    """What counts as the outcome: an event of the patient after the prediction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resource: Literal["Observation", "Condition", "Procedure", "Encounter"] = Field(
        description="The kind of event."
    )
    code: str | tuple[str, ...] = Field(description="`code` or `system|code`; a class code for an Encounter.")
    within: IsoLength = Field(description="How long after the prediction it may be.")

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes as a list."""
        return (self.code,) if isinstance(self.code, str) else self.code


class Settings(BaseModel):
    """The keys under `source:` for `kind: fhir`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str | None = Field(None, description="The folder of a bulk export's NDJSON, relative to this file.")
    url: str | None = Field(None, description="A FHIR server's base, as in https://ehr.example/fhir.")
    token_env: str | None = Field(None, description="The environment variable that holds a bearer token.")
    token_file: str | None = Field(None, description="A file that holds it, relative to this file.")
    search: str | None = Field(None, description="More to ask the server, as in date=ge2026-01-01.")
    method: str | None = Field(None, description="Only RiskAssessments of this method (a code or its text).")
    prediction: str | None = Field(None, description="Which prediction of several: its outcome's code.")
    scale: Literal["share", "percent"] = Field("share", description="Probabilities in [0, 1] or [0, 100].")
    outcome: Outcome | None = Field(None, description="Which later event of the patient is the outcome.")
    validate_sample: bool = Field(
        False,
        description="Hold the first 1,000 of each kind and every 1,000th against FHIR R4B's definitions.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Settings:
        if (self.path is None) == (self.url is None):
            raise ValueError("name `path` (a bulk export) or `url` (a server), one of them")
        if self.path is not None and (self.token_env or self.token_file or self.search):
            raise ValueError("`token_env`, `token_file` and `search` go with `url`")
        return self

    @property
    def types(self) -> tuple[str, ...]:
        """The kinds of resource that are read."""
        return ("RiskAssessment", "Patient", *([self.outcome.resource] if self.outcome else ()))


class Resources:
    """RiskAssessments and their patients as one table in an embedded DuckDB."""

    def __init__(self, settings: Settings, config: ModelConfig, folder: Path) -> None:
        self.name = settings.path or str(settings.url)
        self._settings, self._config = settings, config
        if settings.validate_sample:
            definition("RiskAssessment")  # before anything is fetched or read
        self._spill = tempfile.TemporaryDirectory(prefix="rounds-", ignore_cleanup_errors=True)
        try:
            if settings.path is not None:
                place = folder / settings.path
            else:
                place = Path(self._spill.name) / "pages"
                fetch(settings, folder, place)
            self._files, self._deleted, self._until = _exported(place, settings)
            for file in {*(f for held in self._files.values() for f in held), *self._deleted}:
                refuse_unsound(file.name, file.stat().st_size, partial(file.open, "rb"))
        except BaseException:
            self._spill.cleanup()
            raise
        self._backend = embedded(temp_directory=self._spill.name)
        self._unread: dict[str, str] = {}
        self._table: ibis.Table | None = None

    def table(self) -> ibis.Table:
        """The table, read once and kept in the engine; derived columns come last."""
        if self._table is None:
            with plainly(self.name, COLUMNS):
                self._table = self._read()
        return self._table

    def unread(self) -> Mapping[str, str]:
        """What could not be read, by kind of resource, in words that count nobody."""
        self.table()
        return self._unread

    def fingerprint(self, window: Window | None = None) -> str:
        """Of the export's own time, and every file's name and size."""
        files = sorted({file for held in self._files.values() for file in held} | set(self._deleted))
        return digest([self._until, [(file.name, file.stat().st_size) for file in files]])

    def close(self) -> None:
        """Let DuckDB, pages that were fetched and what was spilled go."""
        shut(self._backend)
        self._spill.cleanup()

    def _read(self) -> ibis.Table:
        settings, config = self._settings, self._config
        factor = 0.01 if settings.scale == "percent" else 1.0
        fields = {
            "RiskAssessment": sql.risk_fields(config.timezone, settings.method, settings.prediction, factor),
            "Patient": sql.patient_fields(),
        }
        if outcome := settings.outcome:
            fields[outcome.resource] = sql.event_fields(outcome.resource, config.timezone, outcome.codes)
        for kind, files in self._files.items():
            with plainly(", ".join(file.name for file in files[:3]) or self.name):
                self._flatten(kind, files, fields[kind])
            self._note_torn(kind)
            if settings.validate_sample:
                self._note_refused(kind, files)
        deletions = sql.parsed([str(file) for file in self._deleted], sql.DELETIONS)
        self._run(f"CREATE TEMP TABLE fhir_deleted AS {sql.deleted(f'({deletions})')}")
        risks = sql.risks("fhir_RiskAssessment", repeated=self._repeated("RiskAssessment"))
        patients = sql.patients("fhir_Patient", repeated=self._repeated("Patient"))
        self._run(f"CREATE TEMP VIEW fhir_risks AS {risks}")
        self._run(f"CREATE TEMP VIEW fhir_patients AS {patients}")
        self._refuse_percent()
        self._run(
            f"CREATE TEMP TABLE rounds_rows AS SELECT a.*, p.sex, p.birth_sex, p.race, p.ethnicity, "  # noqa: S608
            f"p.language, {sql.age('p.birth', 'a.time')} AS age, {self._outcome()} AS outcome "
            f"FROM fhir_risks a LEFT JOIN fhir_patients p ON p.id = a.patient"
        )
        return derive(self._backend.table("rounds_rows"), config.source.derive, "duckdb")

    def _flatten(self, kind: str, files: tuple[Path, ...], fields: Mapping[str, str]) -> None:
        """The files of a kind as a table; only where a line is no JSON are lines looked at one by one."""
        for torn in (False, True):
            flat = sql.flat([str(file) for file in files], kind, fields, torn=torn)
            try:
                self._run(f"CREATE TEMP TABLE fhir_{kind} AS {flat}")
                return
            except InvalidInputException:
                if torn:
                    raise

    def _repeated(self, kind: str) -> bool:
        """Whether any id of a kind comes more than once, as several versions do."""
        ((found,),) = self._run(
            f"SELECT count(id) > count(DISTINCT id) FROM fhir_{kind} WHERE kind = {sql.text(kind)}"  # noqa: S608
        ).fetchall()
        return bool(found)

    def _note_torn(self, kind: str) -> None:
        """Note lines that hold no resource: they are left out, and said."""
        found = self._run(
            f"SELECT parse_filename(torn), count(*) FROM fhir_{kind} "  # noqa: S608
            f"WHERE torn IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
        if found:
            lines = sum(count for _, count in found)
            many = "fewer than 11 lines hold" if small(lines) else f"{lines:,} lines hold"
            where = ", ".join(name for name, _ in found[:3])
            self._unread[kind] = f"{many} no resource and are left out ({where}); ask whoever exports them"

    def _note_refused(self, kind: str, files: tuple[Path, ...]) -> None:
        """Note what of a sample is no such resource by FHIR's own definition: read all the same, and said."""
        sample = self._run(sql.sample([str(file) for file in files], FIRST, EVERY)).fetchall()
        many, where = refused((line for (line,) in sample), kind)
        if many:
            told = "fewer than 11" if small(many) else f"{many:,}"
            said = (
                f"{told} of a sample are no {kind} as FHIR R4B defines one ({', '.join(where)}); they are "
                f"read all the same; ask whoever exports them"
            )
            self._unread[kind] = "; ".join(filter(None, [self._unread.get(kind), said]))

    def _refuse_percent(self) -> None:
        ((most,),) = self._run("SELECT max(score) FROM fhir_risks").fetchall()
        if most is not None and 1 < most <= 100 and self._settings.scale == "share":
            raise SourceInvalid(
                f"{self.name}: probabilities go beyond 1, as percentages do; say `source.scale: percent`, or "
                f"have the sender mend them"
            )

    def _outcome(self) -> str:
        """Whether the event came in time; not known where the export ends before it could have."""
        outcome = self._settings.outcome
        if outcome is None:
            return "NULL::INTEGER"
        kind = outcome.resource
        events = sql.events(kind, f"fhir_{kind}", repeated=self._repeated(kind))
        self._run(f"CREATE TEMP TABLE fhir_events AS {events}")
        length = outcome.within
        until = (
            f"(a.time + INTERVAL {length.months} MONTH + INTERVAL {length.days} DAY "
            f"+ INTERVAL {length.seconds} SECOND)"
        )
        seen = (
            f"EXISTS (SELECT 1 FROM fhir_events e WHERE e.patient = a.patient "  # noqa: S608
            f"AND e.time > a.time AND e.time <= {until})"
        )
        ended = (
            "false" if self._until is None else f"{until} > TRY_CAST({sql.text(self._until)} AS TIMESTAMPTZ)"
        )
        return f"CASE WHEN {seen} THEN 1 WHEN {ended} THEN NULL ELSE 0 END"

    def _run(self, statement: str) -> Any:
        return self._backend.raw_sql(statement)


def connect(settings: Settings, config: ModelConfig, folder: Path) -> Resources:
    """Open an export, or fetch from a server; `folder` is where relative paths start."""
    return Resources(settings, config, folder)


def _exported(
    place: Path, settings: Settings
) -> tuple[dict[str, tuple[Path, ...]], tuple[Path, ...], str | None]:
    """The files of each kind, those of deletions, and the moment the export tells of."""
    if not place.is_dir():
        raise SourceInvalid(f"{settings.path}: no such folder; `source.path` is the folder of a bulk export")
    manifest = place / _MANIFEST
    if not manifest.exists():
        held = {kind: _named(place, kind) for kind in settings.types}
        _refuse_nothing(held, settings)
        return held, (), None
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
        until = str(told["transactionTime"])
        listed = [(str(o["type"]), str(o["url"]).rpartition("/")[2]) for o in told["output"]]
        gone = [str(o["url"]).rpartition("/")[2] for o in told.get("deleted", [])]
    except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        raise SourceInvalid(
            f"{manifest.name}: is no bulk export's manifest ({type(error).__name__}); "
            f"it needs `transactionTime` and `output`"
        ) from None
    if absent := sorted({name for _, name in listed if not _inside(place, name)} | {n for n in gone if not _inside(place, n)}):  # fmt: skip  # noqa: E501
        raise SourceInvalid(f"{manifest.name} lists {', '.join(absent[:8])}, which is not beside it")
    held = {kind: tuple(place / name for k, name in listed if k == kind) for kind in settings.types}
    _refuse_nothing(held, settings)
    return held, tuple(place / name for name in gone), until


def _inside(place: Path, name: str) -> bool:
    return bool(name) and (place / name).is_file()


def _named(place: Path, kind: str) -> tuple[Path, ...]:
    found = [f for f in place.iterdir() if f.is_file() and f.name.partition(".")[0] == kind]
    return tuple(sorted(f for f in found if f.name.endswith((".ndjson", ".ndjson.gz", ".json"))))


def _refuse_nothing(held: Mapping[str, tuple[Path, ...]], settings: Settings) -> None:
    if not held["RiskAssessment"]:
        raise SourceInvalid(
            f"{settings.path or settings.url}: no RiskAssessment; a bulk export has them in "
            f"RiskAssessment.ndjson, or in a file that {_MANIFEST} lists"
        )
