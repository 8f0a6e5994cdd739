"""MLflow holds one run a window, whatever crashed, and holds it whole."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.tracking._tracking_service.utils import _artifact_repos_cache

from flows import tracked, tracking
from flows.home import Home
from flows.removing import remove_run
from flows.retention import retain
from monitors.audit import Audit, Finding, Verdict
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.copies import COPIED
from monitors.errors import RoundsError, TrackingUnavailable
from monitors.ledger import Ledger
from monitors.window import Window
from tests.flows.test_retention import START, Kept

# MLflow 3.17 asks SQLAlchemy for a loader that 2.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")

CONFIG = """
model: sepsis
version: "2"
source: {kind: files, path: "*.csv"}
columns: {time: at, score: risk, numeric: [urine]}
window: P7D
reference: {from: 2025-01-06, to: 2025-06-30}
plan:
  - {measure: psi, columns: all, margin: 0.1}
"""


def finding(metric: str = "psi", **given: Any) -> Finding:
    facts: dict[str, Any] = {
        "family": "drift",
        "subject": "urine",
        "unit": "nats",
        "verdict": Verdict.WITHIN,
        "value": 0.25,
        "severity": "ticket",
    }
    return Finding(metric=metric, **{**facts, **given})


AUDIT = Audit(
    model="sepsis",
    version="2",
    window=Window.parse("2026-01-05T00:00:00Z/2026-01-12T00:00:00Z"),
    stage="scored",
    rows=612,
    config="sha256:c",
    reference="sha256:r",
    profile="sha256:p",
    software="0.1.0",
    findings=(
        finding(n=600, low=0.1, high=0.4, margin=0.1, verdict=Verdict.BEYOND),
        finding("auroc", family="performance", subject="score", value=0.81, low=0.78, high=0.84, n=600),
        finding(
            "true_positive_rate",
            family="fairness",
            subject="race",
            group="black",
            against="rest",
            value=None,
            verdict=Verdict.WITHHELD,
        ),
    ),
)


@pytest.fixture
def config() -> ModelConfig:
    return parse(CONFIG, "sepsis.yaml")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: datetime(2026, 1, 12, 6, tzinfo=UTC))


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty store's database: creating and migrating one takes two seconds."""
    folder = tmp_path_factory.mktemp("migrated")
    MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db").search_experiments()
    return (folder / "mlflow.db").read_bytes()


@pytest.fixture
def uri(tmp_path: Path, migrated: bytes) -> str:
    home = Home.of({}, tmp_path / "state").make()
    (home.mlflow / "mlflow.db").write_bytes(migrated)
    return home.mlflow_uri


def runs(uri: str, view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("rounds/sepsis")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], run_view_type=view))


def artifacts(uri: str, run_id: str, folder: str | None = None) -> list[str]:
    client = MlflowClient(tracking_uri=uri)
    found: list[str] = []
    for item in client.list_artifacts(run_id, folder):
        found += artifacts(uri, run_id, item.path) if item.is_dir else [item.path]
    return sorted(found)


def test_a_run_says_what_the_audit_said(
    config: ModelConfig, ledger: Ledger, uri: str, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>report</p>")
    run_id = log_audit(
        AUDIT,
        config=config,
        ledger=ledger,
        tracking_uri=uri,
        artifacts={"evidently/report.html": page, "evidently/snapshot.json": b"{}"},
    )
    run = MlflowClient(tracking_uri=uri).get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "2026-01-05 to 2026-01-12, scored"
    assert run.data.metrics == {
        "drift/psi/urine": 0.25,
        "performance/auroc/score": 0.81,
        "performance/auroc/score:low": 0.78,
        "performance/auroc/score:high": 0.84,
        "rows": 612,
        "findings/beyond": 1,
        "findings/within": 1,
        "findings/withheld": 1,
        "findings/different": 0,
        "findings/cannot_tell": 0,
        "findings/failed": 0,
    }
    assert run.data.params["config"] == "sha256:c"
    assert run.data.params["margin/plan.2e1/psi/all"] == "0.1"
    tags = run.data.tags
    assert tags["window.start"] == "2026-01-05T00:00:00Z"
    assert tags["window.end"] == "2026-01-12T00:00:00Z"
    assert tags["model.version"] == "2"
    assert tags["stage"] == "scored"
    assert tags["verdict"] == "beyond"
    assert artifacts(uri, run_id) == ["audit.json", "evidently/report.html", "evidently/snapshot.json"]
    audit_json = MlflowClient(tracking_uri=uri).download_artifacts(run_id, "audit.json", str(tmp_path))
    assert Path(audit_json).read_text() == AUDIT.json()


def test_a_point_lies_at_the_end_of_its_window(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    later = replace(AUDIT, window=Window.parse("2026-01-12T00:00:00Z/2026-01-12T00:01:00Z"))
    points = []
    for audit in (AUDIT, later):
        run_id = log_audit(audit, config=config, ledger=ledger, tracking_uri=uri)
        points += MlflowClient(tracking_uri=uri).get_metric_history(run_id, "rows")
    assert points[0].timestamp == int(AUDIT.window.end.timestamp()) * 1000
    assert points[0].step < points[1].step


def test_the_same_audit_again_leaves_one_run(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    first = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    again = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    assert first == again
    assert len(runs(uri, ViewType.ALL)) == 1
    assert len(ledger.entries("mlflow_run")) == len(ledger.entries("mlflow_model")) == 1


def test_of_a_run_that_was_copied_nothing_is_held(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    """Made up for in one go, years of windows would leave MLflow's client with a pool of threads for each."""
    run_id = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    assert run_id not in _artifact_repos_cache
    assert artifacts(uri, run_id) == ["audit.json"]


def test_a_report_that_came_later_joins_its_run(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    run_id = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    later = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri, artifacts={"report.html": b"x"})
    assert later == run_id
    assert artifacts(uri, run_id) == ["audit.json", "report.html"]


def log_audit(audit: Audit, **given: Any) -> str:
    return tracking.log_audit(audit, **given).run_id


def copy(audit: Audit, config: ModelConfig, ledger: Ledger, uri: str) -> tracking._Copy:
    return tracking._Copy(audit, config, ledger, uri, MlflowClient(tracking_uri=uri))


def test_a_run_whose_answer_was_lost_is_adopted(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    ghosts = [copy(AUDIT, config, ledger, uri).create() for _ in range(3)]
    run_id = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    assert run_id == min(ghosts)
    assert [run.info.run_id for run in runs(uri)] == [run_id]
    assert runs(uri)[0].data.metrics["rows"] == 612


def test_a_crash_half_way_is_finished_by_the_next_call(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    half = copy(AUDIT, config, ledger, uri)
    run_id = half.run()
    half.deployed_model(run_id)
    assert log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri) == run_id
    assert runs(uri)[0].info.status == "FINISHED"
    assert artifacts(uri, run_id) == ["audit.json"]


def test_of_two_workers_the_ledger_lets_one_win(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    slow = copy(AUDIT, config, ledger, uri)
    quick: list[str] = []

    def create() -> str:
        quick.append(copy(AUDIT, config, ledger, uri).run())
        return slow.create()

    won = slow.keep(
        "mlflow_run",
        f"{slow.stem}|{tracked.short(AUDIT.digest)}|{slow.place}",
        "run_id",
        alive=slow.revive,
        lost=list,
        create=create,
    )
    assert [won] == quick
    slow.supersede_others(won)
    assert [run.info.run_id for run in runs(uri)] == quick


def test_a_superseding_audit_leaves_no_number_that_is_withheld_since(
    config: ModelConfig, ledger: Ledger, uri: str
) -> None:
    first = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    withheld = finding(value=None, verdict=Verdict.WITHHELD)
    revised = replace(AUDIT, profile="sha256:later", findings=(withheld,))
    second = log_audit(revised, config=config, ledger=ledger, tracking_uri=uri)
    (run,) = runs(uri)
    assert run.info.run_id == second != first
    assert "drift/psi/urine" not in run.data.metrics
    assert run.data.params["profile"] == "sha256:later"
    old = MlflowClient(tracking_uri=uri).get_run(first)
    assert old.data.tags["rounds.superseded_by"] == second

    # And back again: the window was recounted and the first counts were right after all.
    assert log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri) == first
    assert [run.info.run_id for run in runs(uri)] == [first]


def test_a_copy_whose_time_is_up_loses_its_artifacts_and_its_run(tmp_path: Path, migrated: bytes) -> None:
    held = Kept(tmp_path, "keep: {mlflow: P1Y}\n")
    (held.home.mlflow / "mlflow.db").write_bytes(migrated)
    uri, later = held.home.mlflow_uri, START + timedelta(days=400)
    first, *_ = [held.record(window, done=False) for window in held.windows(4)[:13]]
    report = {"report.html": b"x"}
    run_id, _ = tracking.log_audit(
        first, config=held.config, ledger=held.ledger, tracking_uri=uri, artifacts=report
    )
    held.ledger.append(COPIED, first.digest, {"run_id": run_id}, model="sepsis", window=str(first.window))
    assert artifacts(uri, run_id) == ["audit.json", "report.html"]
    away = Home.of({"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}, held.home.folder)
    waits = retain([held.model], away, later)
    assert "http://127.0.0.1:9" in waits.left
    assert waits.removed == {}
    assert retain([held.model], held.home, later, dry=True).removed == {"mlflow P1Y": 1}
    assert held.retain(later).removed == {"mlflow P1Y": 1}
    assert artifacts(uri, run_id) == []
    assert MlflowClient(tracking_uri=uri).get_run(run_id).info.lifecycle_stage == "deleted"
    assert held.retain(later).removed == {}
    for gone in (run_id, "0" * 32):
        remove_run(gone, uri)


def test_stages_and_windows_have_runs_of_their_own(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    outcome = replace(AUDIT, stage="outcome")
    later = replace(AUDIT, window=Window.parse("2026-01-12T00:00:00Z/2026-01-19T00:00:00Z"))
    for audit in (AUDIT, outcome, later):
        log_audit(audit, config=config, ledger=ledger, tracking_uri=uri)
    assert len(runs(uri)) == 3


def test_headline_numbers_are_on_the_deployed_model(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    run_id = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    (entry,) = ledger.entries("mlflow_model")
    client = MlflowClient(tracking_uri=uri)
    model = client.get_logged_model(entry.body["model_id"])
    assert str(model.status) == "READY"
    assert model.name == "sepsis-2"
    assert {m.key: m.value for m in model.metrics or ()} == {
        "performance/auroc/score": 0.81,
        "rows": 612,
        "findings/beyond": 1,
    }
    inputs = client.get_run(run_id).inputs
    assert inputs is not None
    assert [known.model_id for known in inputs.model_inputs] == [model.model_id]


def test_a_model_page_gets_a_dozen_numbers_a_window_at_most() -> None:
    many = tuple(finding(f"m{i}", family="performance", subject="score") for i in range(40))
    assert len(tracked.headline(replace(AUDIT, findings=many))) == tracked.HEADLINE


def test_the_registered_version_carries_the_newest_windows_verdict(ledger: Ledger, uri: str) -> None:
    config = parse(CONFIG + "mlflow: {registered_model: sepsis-risk}\n", "sepsis.yaml")
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_registered_model("sepsis-risk")
    for _ in range(2):
        client.create_model_version("sepsis-risk", "s3://models/sepsis")
    earlier = replace(AUDIT, window=Window.parse("2025-12-29T00:00:00Z/2026-01-05T00:00:00Z"), findings=())
    for audit in (AUDIT, earlier):
        log_audit(audit, config=config, ledger=ledger, tracking_uri=uri)
    assert client.get_model_version("sepsis-risk", "2").tags == {
        "rounds.window.end": "2026-01-12T00:00:00Z",
        "rounds.verdict": "beyond",
    }


def test_a_registered_model_that_mlflow_lacks_stops_nothing(
    ledger: Ledger, uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = parse(CONFIG + "mlflow: {registered_model: elsewhere}\n", "sepsis.yaml")
    log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    assert "no version '2' of registered model 'elsewhere'" in caplog.text


def test_an_emptied_store_is_filled_again(
    config: ModelConfig, ledger: Ledger, uri: str, migrated: bytes, tmp_path: Path
) -> None:
    first = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    database = Home.of({}, tmp_path / "state").mlflow / "mlflow.db"
    database.write_bytes(migrated)
    second = log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    assert second != first
    assert log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri) == second


def test_a_deleted_experiment_comes_back(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("rounds/sepsis")
    assert experiment is not None
    client.delete_experiment(experiment.experiment_id)
    log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri)
    assert len(runs(uri)) == 1


def test_more_findings_than_a_batch_holds_all_arrive(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    told = {"family": "fairness", "low": 0.1, "high": 0.4}
    many = tuple(finding(subject=f"group {i}", **told) for i in range(400))
    log_audit(replace(AUDIT, findings=many), config=config, ledger=ledger, tracking_uri=uri)
    assert len(runs(uri)[0].data.metrics) == 3 * 400 + 7


SCRIPT = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from flows.home import Home
from flows.removing import remove_run
from flows.retention import retain
from flows.tracking import log_audit
from monitors.config_file import parse
from monitors.ledger import Ledger
from tests.flows.test_tracking import AUDIT, CONFIG

home = Home.of({}, Path(sys.argv[1])).make()
ledger = Ledger(home.ledger_url, lambda: datetime.now(UTC))
log_audit(AUDIT, config=parse(CONFIG, "x"), ledger=ledger, tracking_uri=home.mlflow_uri)
"""


def test_the_embedded_store_is_made_quietly_where_it_belongs(
    config: ModelConfig, ledger: Ledger, tmp_path: Path
) -> None:
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "fresh")],
        env=Home.of({}, tmp_path / "fresh").environment({})
        | {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (said.stdout, said.stderr) == ("", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fresh", "ledger.db"]
    store = tmp_path / "fresh" / "mlflow"
    assert sorted(p.name for p in store.iterdir()) == ["artifacts", "mlflow.db"]
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o700
    assert list(store.rglob("audit.json"))


def test_an_artifact_cannot_leave_its_run(config: ModelConfig, ledger: Ledger, uri: str) -> None:
    for name in ("../outside", "/etc/outside"):
        with pytest.raises(ValueError, match="must be a relative path"):
            log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=uri, artifacts={name: b""})


@example([[""], ["x"]])
@given(st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=4), min_size=2, max_size=2))
def test_names_are_in_mlflows_letters_and_no_two_read_alike(parts: list[list[str]]) -> None:
    first, second = (tracked.key(*part) for part in parts)
    assert re.fullmatch(r"[A-Za-z0-9_\-. :/]+", first)
    assert (first == second) == (parts[0] == parts[1])


def test_a_long_name_is_shortened_and_stays_its_own() -> None:
    first, second = tracked.key("a" * 400 + "1"), tracked.key("a" * 400 + "2")
    assert first != second
    assert len(first + ":high") <= tracked.LONGEST


def test_a_database_nobody_can_open_is_said_at_once(
    config: ModelConfig, ledger: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "mlflow.db").mkdir()
    began = time.monotonic()
    with pytest.raises(TrackingUnavailable, match="cannot be opened"):
        log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    assert time.monotonic() - began < 5


def test_no_credential_is_ever_shown(config: ModelConfig, ledger: Ledger) -> None:
    began = time.monotonic()
    with pytest.raises(TrackingUnavailable) as raised:
        log_audit(
            AUDIT,
            config=config,
            ledger=ledger,
            tracking_uri=f"http://ward:s3cret@127.0.0.1:{free_port()}",
        )
    assert "s3cret" not in str(raised.value)
    assert raised.value.retryable
    assert raised.value.__suppress_context__
    assert time.monotonic() - began < 10

    uri = "http://ward:s3cret@mlflow.example.org"
    with pytest.raises(tracking.TrackingRefused) as refused, tracking.reaching(uri):
        raise MlflowException(f"{uri}/api: no such name", error_code=INVALID_PARAMETER_VALUE)
    assert str(refused.value).endswith("http://mlflow.example.org/api: no such name")
    assert "s3cret" not in str(refused.value)


@dataclass
class Server:
    """A real MLflow server on this machine, stopped by its process id."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", str(self.folder / "files")]
        settings = Home.of({}, self.folder).environment({})
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **settings, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(1500):
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                assert self.process.poll() is None, "the server stopped by itself"
                time.sleep(0.2)
        raise AssertionError("the server did not come up")

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(120)
            self.process = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated: bytes) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "mlflow.db").write_bytes(migrated)
    server = Server(folder, free_port())
    yield server
    server.stop()


@pytest.mark.server
def test_a_server_that_was_away_gets_the_run_once_and_whole(
    config: ModelConfig, ledger: Ledger, server: Server
) -> None:
    def send() -> str:
        return log_audit(
            AUDIT,
            config=config,
            ledger=ledger,
            tracking_uri=server.uri,
            artifacts={"evidently/report.html": b"<p>report</p>"},
        )

    began = time.monotonic()
    with pytest.raises(TrackingUnavailable):
        send()
    assert time.monotonic() - began < 10
    server.start()
    run_id = send()
    server.stop()
    with pytest.raises(TrackingUnavailable):
        send()
    server.start()
    assert send() == run_id
    copy(AUDIT, config, ledger, server.uri).create()  # a retried request the client never heard of
    assert send() == run_id
    assert [run.info.run_id for run in runs(server.uri)] == [run_id]
    assert runs(server.uri)[0].data.metrics["drift/psi/urine"] == 0.25
    assert artifacts(server.uri, run_id) == ["audit.json", "evidently/report.html"]
    experiment = runs(server.uri)[0].info.experiment_id
    assert tracked.page_of(run_id, experiment, server.uri).endswith(
        f"/#/experiments/{experiment}/runs/{run_id}"
    )


@pytest.mark.server
def test_a_refusal_is_not_tried_again(ledger: Ledger, server: Server) -> None:
    if server.process is None:
        server.start()
    config = parse(CONFIG + f"mlflow: {{experiment: {'x' * 600}}}\n", "sepsis.yaml")
    with pytest.raises(tracking.TrackingRefused) as raised:
        log_audit(AUDIT, config=config, ledger=ledger, tracking_uri=server.uri)
    assert not raised.value.retryable
    assert isinstance(raised.value, RoundsError)


def test_a_store_without_pages_has_no_page_of_a_run() -> None:
    assert tracked.page_of("r", "1", "sqlite:////srv/mlflow.db") is None
