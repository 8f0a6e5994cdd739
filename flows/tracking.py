"""MLflow's copy of an audit: one run a window, found again after any crash, never left twice.

The only importer of MLflow, which takes a second to load: import this file where it is used.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa
from mlflow import MlflowClient
from mlflow.entities import LoggedModelInput, LoggedModelStatus, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.models.utils import get_external_mlflow_model_spec
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_IS_EXTERNAL, MLFLOW_RUN_NAME
from mlflow.utils.rest_utils import http_request

from flows.kept import kept
from flows.tracked import escaped, headline, measured, page_of, parameters, short, shown
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.errors import RoundsError, TrackingUnavailable
from monitors.ledger import Ledger
from monitors.window import utc

log = logging.getLogger(__name__)

NOTHING: Mapping[str, bytes | Path] = MappingProxyType({})
ENTITIES_A_BATCH, PARAMS_A_BATCH = 1000, 100  # of all kinds together; of params
# MLflow waits up to four minutes by itself; a copy that waits in the ledger need not be waited for.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
_ANSWER_WITHIN = 5  # seconds, for the first knock


class TrackingRefused(RoundsError):
    """MLflow answers and will not have it: no permission, a full disk, a mistaken name."""


class Copied(NamedTuple):
    """The run that holds an audit's copy, and where people read it; None where the store has no pages."""

    run_id: str
    page: str | None


def log_audit(
    audit: Audit,
    *,
    config: ModelConfig,
    ledger: Ledger,
    tracking_uri: str,
    artifacts: Mapping[str, bytes | Path] = NOTHING,
) -> Copied:
    """Copy a published audit into MLflow; gives its run's id, and its page.

    The same audit again finds its run and changes nothing. One that supersedes an earlier
    audit of its window gets a run of its own, and the earlier run is tagged and soft-deleted:
    params cannot be changed, and a number withheld since would stay in a run that is reused.

    Args:
        audit: already past the door of withholding; nothing else about counts is read.
        config: names the experiment and the registered model; its margins become params.
        ledger: keeps the ids, so that a rerun finds its run.
        tracking_uri: of the store; what it carries of a password is never shown.
        artifacts: by path inside the run ("evidently/report.html"); `audit.json` is added.

    Raises:
        TrackingUnavailable: MLflow is away; the same call may succeed later.
        TrackingRefused: MLflow answers and refuses.
    """
    with reaching(tracking_uri):
        knock(tracking_uri)
        client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        copy = _Copy(audit, config, ledger, tracking_uri, client)
        everything = {"audit.json": audit.json().encode(), **artifacts}
        run_id = copy.run()
        if not copy.complete(run_id, everything):
            copy.fill(run_id, everything)
        copy.supersede_others(run_id)
        return Copied(run_id, page_of(run_id, copy.experiment, tracking_uri))


@dataclass(frozen=True)
class _Copy:
    """One audit on its way into one MLflow.

    MLflow answers about a run with every number in it, and takes the longer for it: what has to be
    asked is asked before the numbers are there, and of a run made here nothing is asked at all.
    """

    audit: Audit
    config: ModelConfig
    ledger: Ledger
    uri: str
    client: MlflowClient
    made: dict[str, str] = field(default_factory=dict)
    """Runs made here, and where their files lie; of two workers one makes a run the ledger does not take."""

    @property
    def stem(self) -> str:
        return f"{self.audit.model}|{self.audit.version}|{self.audit.window}|{self.audit.stage}"

    @property
    def window_key(self) -> str:
        return f"tags.`rounds.key` = '{short(self.stem)}'"

    @property
    def place(self) -> str:
        return short(shown(self.uri))

    @cached_property
    def experiment(self) -> str:
        """The experiment's id; two workers may both be the first to ask."""
        name = self.config.mlflow.experiment or f"rounds/{self.audit.model}"
        root = artifact_root(self.uri, name)
        for _ in range(2):
            found = self.client.get_experiment_by_name(name)
            if found is not None:
                if found.lifecycle_stage != "active":  # its name cannot be used again
                    self.client.restore_experiment(found.experiment_id)
                return str(found.experiment_id)
            try:
                return str(self.client.create_experiment(name, artifact_location=root))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
        raise TrackingUnavailable(f"experiment {name!r} comes and goes in {shown(self.uri)}")

    def run(self) -> str:
        """The run of this very audit: the one in the ledger, one left by a crash, or a new one."""
        return self.keep(
            "mlflow_run",
            f"{self.stem}|{short(self.audit.digest)}|{self.place}",
            "run_id",
            alive=lambda run_id: run_id in self.made or self.revive(run_id),
            lost=lambda: sorted(run for run, audit in self.there.items() if audit == self.audit.digest),
            create=self.create,
        )

    @cached_property
    def there(self) -> dict[str, str]:
        """The window's runs as they were found, each with the digest of its audit."""
        found = self.client.search_runs([self.experiment], self.window_key, max_results=100)
        return {str(run.info.run_id): run.data.tags.get("rounds.audit", "") for run in found}

    def keep(self, kind: str, stem: str, name: str, **how: Any) -> str:
        body = {"tracking_uri": shown(self.uri)}
        return kept(self.ledger, kind, stem, name, body, audit=self.audit, **how)

    def revive(self, run_id: str) -> bool:
        """Whether the run is there; one that was soft-deleted comes back."""
        try:
            run = self.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False
        if run.info.lifecycle_stage != "active":
            self.client.restore_run(run_id)
            self.client.set_tag(run_id, "rounds.superseded_by", "")
        return True

    def create(self) -> str:
        window = self.audit.window
        name = f"{window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}, {self.audit.stage}"
        run = self.client.create_run(
            self.experiment,
            start_time=_milliseconds(window.start.timestamp()),
            tags={
                MLFLOW_RUN_NAME: name,
                "rounds.key": short(self.stem),
                "rounds.audit": self.audit.digest,
            },
        )
        self.made[str(run.info.run_id)] = str(run.info.artifact_uri)
        return str(run.info.run_id)

    def complete(self, run_id: str, artifacts: Mapping[str, object]) -> bool:
        if run_id in self.made:
            return False
        run = self.client.get_run(run_id)
        held = run.data.tags.get("rounds.artifacts", "").split("\n")
        return run.info.status == "FINISHED" and set(artifacts) <= set(held)

    def fill(self, run_id: str, artifacts: Mapping[str, bytes | Path]) -> None:
        """Log everything; what is there already is left as it is, so this may be repeated."""
        self.upload(run_id, artifacts)
        model_id = self.deployed_model(run_id)
        self.tag_registered_version()
        leading = headline(self.audit)
        at = _milliseconds(self.audit.window.end.timestamp())
        step = int(self.audit.window.end.timestamp() // 60)  # in minutes: grows whatever the length
        tags = {
            "model": self.audit.model,
            "model.version": self.audit.version,
            "stage": self.audit.stage,
            "window.start": utc(self.audit.window.start),
            "window.end": utc(self.audit.window.end),
            "verdict": str(self.audit.worst),
            "rounds.artifacts": "\n".join(sorted(artifacts)),
        }
        declared = [Param(key, value) for key, value in parameters(self.audit, self.config).items()]
        said = [RunTag(key, value) for key, value in tags.items()]
        numbers = [
            Metric(key, value, at, step, model_id=model_id if key in leading else None)
            for key, value in measured(self.audit).items()
        ]
        while declared or said or numbers:  # as much in a request as MLflow takes
            room = ENTITIES_A_BATCH - len(said) - len(declared[:PARAMS_A_BATCH])
            self.client.log_batch(run_id, numbers[:room], declared[:PARAMS_A_BATCH], said)
            declared, said, numbers = declared[PARAMS_A_BATCH:], [], numbers[room:]
        self.client.set_terminated(run_id, "FINISHED", at)

    def upload(self, run_id: str, artifacts: Mapping[str, bytes | Path]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in artifacts.items():
                path = PurePosixPath(name)
                if path.is_absolute() or ".." in path.parts:
                    raise ValueError(f"an artifact's name must be a relative path (got {name!r})")
                local = Path(folder, *path.parts)
                local.parent.mkdir(parents=True, exist_ok=True)
                local.write_bytes(content.read_bytes() if isinstance(content, Path) else content)
            # The client itself would ask for the run, and hold a pool of threads for each of a thousand.
            root = self.made.get(run_id) or self.client.get_run(run_id).info.artifact_uri
            get_artifact_repository(root, self.uri).log_artifacts(folder)  # type: ignore[no-untyped-call]

    def deployed_model(self, run_id: str) -> str:
        """The LoggedModel that stands for the deployed model; made where MLflow has none."""
        model_id = self._registered_model_id() or self.keep(
            "mlflow_model",
            f"{self.audit.model}|{self.audit.version}|{self.experiment}|{self.place}",
            "model_id",
            alive=self._finish_model,
            lost=self._lost_models,
            create=self._create_model,
        )
        inputs = None if run_id in self.made else self.client.get_run(run_id).inputs
        if inputs is None or model_id not in {known.model_id for known in inputs.model_inputs}:
            self.client.log_inputs(run_id, models=[LoggedModelInput(model_id)])
        return model_id

    def _lost_models(self) -> list[str]:
        key = short(f"{self.audit.model}|{self.audit.version}")
        found = self.client.search_logged_models(
            [self.experiment], filter_string=f"tags.`rounds.key` = '{key}'"
        )
        return sorted(model.model_id for model in found)

    def _create_model(self) -> str:
        model = self.client.create_logged_model(
            self.experiment,
            name=re.sub(r"[^\w-]", "-", f"{self.audit.model}-{self.audit.version}"),
            tags={
                MLFLOW_MODEL_IS_EXTERNAL: "true",
                "rounds.key": short(f"{self.audit.model}|{self.audit.version}"),
            },
            params={"model": self.audit.model, "version": self.audit.version},
            model_type="deployed",
        )
        return str(model.model_id)

    def _finish_model(self, model_id: str) -> bool:
        """Whether it is there; one left half made gets the file its page reads."""
        try:
            model = self.client.get_logged_model(model_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False
        if model.status != LoggedModelStatus.READY:
            with tempfile.TemporaryDirectory() as folder:
                get_external_mlflow_model_spec(model).save(str(Path(folder, MLMODEL_FILE_NAME)))
                self.client.log_model_artifacts(model_id, folder)
            self.client.finalize_logged_model(model_id, "READY")
        return True

    def _registered_model_id(self) -> str | None:
        version = self._registered_version
        source = re.fullmatch(r"models:/(m-\w+)", version[1] or "") if version else None
        return source.group(1) if source else None

    @cached_property
    def _registered_version(self) -> tuple[str, str | None] | None:
        """Number and source of the registered version the config declares, by number or alias."""
        name, declared = self.config.mlflow.registered_model, self.audit.version
        if name is None:
            return None
        try:
            if declared.isdecimal():
                found = self.client.get_model_version(name, declared)
            else:
                found = self.client.get_model_version_by_alias(name, declared)
        except MlflowException as error:
            if _status(error) >= 500:
                raise
            log.warning("MLflow has no version %r of registered model %r to tag", declared, name)
            return None
        return str(found.version), found.source

    def tag_registered_version(self) -> None:
        """What the last window said, on the registered version; an older window does not undo it."""
        version, name = self._registered_version, self.config.mlflow.registered_model
        if version is None or name is None:
            return
        end = utc(self.audit.window.end)
        tags = self.client.get_model_version(name, version[0]).tags
        if tags.get("rounds.window.end", "") <= end:
            said = {"rounds.window.end": end, "rounds.verdict": str(self.audit.worst)}
            for key, value in said.items():
                self.client.set_model_version_tag(name, version[0], key, value)

    def supersede_others(self, run_id: str) -> None:
        """Leave one run for the window: ghosts and superseded ones are soft-deleted."""
        for other in sorted({*self.there, *self.made} - {run_id}):
            self.client.set_tag(other, "rounds.superseded_by", run_id)
            self.client.delete_run(other)


def artifact_root(uri: str, experiment: str) -> str | None:
    """Where an embedded store keeps an experiment's files; a server decides by itself."""
    url = _database(uri)
    if url is None or url.get_backend_name() != "sqlite" or not url.database:
        return None
    return (Path(url.database).absolute().parent / "artifacts" / escaped(experiment)).as_uri()


def _database(uri: str) -> sa.URL | None:
    return None if uri.startswith(("http://", "https://")) else sa.make_url(uri)


def knock(uri: str) -> None:
    """Fail at once when nobody answers; MLflow itself would try for minutes, or hours."""
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    url = _database(uri)
    if url is not None:
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        sa.create_engine(url, poolclass=sa.NullPool).connect().close()
        return
    answer = http_request(  # type: ignore[no-untyped-call]  # MLflow leaves it untyped
        get_default_host_creds(uri),  # type: ignore[no-untyped-call]  # likewise
        "/health",
        "GET",
        max_retries=0,
        timeout=_ANSWER_WITHIN,
        raise_on_status=False,
    )
    if answer.status_code >= 500:
        raise TrackingUnavailable(f"{shown(uri)}: MLflow answers {answer.status_code} to /health")


@contextmanager
def reaching(uri: str) -> Iterator[None]:
    """Turn what goes wrong with MLflow into our errors, without credentials in them."""
    try:
        yield
    except MlflowException as error:
        status = _status(error)
        if status >= 500 or status in (408, 429):
            raise TrackingUnavailable(
                f"{shown(uri)}: MLflow cannot be reached ({error.error_code}); the copy waits"
            ) from None
        said = error.message.replace(uri, shown(uri)).partition("\n")[0][:300]
        raise TrackingRefused(f"{shown(uri)}: MLflow refuses ({error.error_code}): {said}") from None
    except sa.exc.OperationalError as error:
        reason = type(error.orig).__name__
        raise TrackingUnavailable(f"{shown(uri)}: the store cannot be opened ({reason})") from None
    except OSError as error:
        raise TrackingUnavailable(
            f"{shown(uri)}: the copy could not be written ({error.strerror or type(error).__name__})"
        ) from None


def _status(error: MlflowException) -> int:
    return int(error.get_http_status_code())  # type: ignore[no-untyped-call]  # MLflow leaves it so


def _milliseconds(seconds: float) -> int:
    return max(int(seconds * 1000), 0)
