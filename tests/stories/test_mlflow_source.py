"""Models that keep no log are scored anew from MLflow's registry; traced ones are read from there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows import source
from flows.monitor import step
from monitors.errors import ConfigError, SourceInvalid
from tests.flows.rows import WINDOW, Row, config, last_week, ward, write

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]
INPUTS = {"kind": "files", "path": "inputs.csv"}
FEATURES = ("age", "lactate")
# Said, so that MLflow does not load each model in a process of its own to find out.
NEEDED: dict[str, Any] = {"pip_requirements": ["scikit-learn"]}


def inputs() -> list[Row]:
    return [{k: v for k, v in row.items() if k != "risk"} for row in ward()]


@dataclass(frozen=True)
class Registry:
    """A real registry in a folder, and what its plain model says of each row."""

    uri: str
    said: list[float]

    def source(self, model: str = "models:/sepsis@live", **more: Any) -> dict[str, Any]:
        return {
            "kind": "mlflow",
            "model": model,
            "inputs": INPUTS,
            "score": "risk",
            "tracking": self.uri,
            **more,
        }


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    import mlflow
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder}/mlflow.db"
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    mlflow.create_experiment("kept", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("kept")
    rows = pd.DataFrame(ward())
    given = rows[list(FEATURES)].astype(float)
    model = LogisticRegression().fit(given, rows["sepsis"])
    said = model.predict_proba(given)
    signature = mlflow.models.infer_signature(given, said)
    client = mlflow.MlflowClient()
    for name, options in {
        "sepsis": {"serialization_format": "skops", "pyfunc_predict_fn": "predict_proba"},
        "pickled": {"serialization_format": "cloudpickle", "pyfunc_predict_fn": "predict_proba"},
        "classes": {"serialization_format": "skops"},
    }.items():
        mlflow.sklearn.log_model(
            model, name=name, signature=signature, registered_model_name=name, **NEEDED, **options
        )
        client.set_registered_model_alias(name, "live", "1")

    class Own(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return model_input["age"] / 100

    mlflow.pyfunc.log_model(
        name="own", python_model=Own(), signature=signature, registered_model_name="own", **NEEDED
    )
    client.set_registered_model_alias("own", "live", "1")

    @mlflow.trace  # type: ignore[misc]
    def serve(inputs: list[Row]) -> dict[str, Any]:
        return {"predictions": [row["risk"] for row in inputs]}

    mlflow.create_experiment("served", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("served")
    for i in range(0, 40, 2):
        serve([{"age": row["age"], "risk": row["risk"]} for row in ward()[i : i + 2]])
    yield Registry(uri, [float(share) for share in said[:, 1]])
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def read(folder: Path, declared: Any) -> list[Row]:
    with closing(source.connect(declared, folder)) as opened:
        rows: list[Row] = opened.table().to_pyarrow().to_pylist()
        return rows


def test_a_model_without_a_log_is_scored_as_it_would_score(registry: Registry, tmp_path: Path) -> None:
    write(tmp_path / "inputs.csv", inputs())
    declared = config({"version": "model_version"}, source=registry.source())
    rows = sorted(read(tmp_path, declared), key=lambda row: int(row["visit"][1:]))
    assert [row["risk"] for row in rows] == pytest.approx(registry.said)
    assert {row["model_version"] for row in rows} == {"1"}
    with closing(source.connect(declared, tmp_path)) as opened:
        audit = step(declared, WINDOW, opened, stage="outcome")
    assert audit.rows == sum(map(last_week, ward()))
    assert not [f for f in audit.findings if f.metric == "wrong_version_share" and f.value]
    # The score has the same meaning: the audit reads as one of a logged prediction would.
    logged = [row | {"risk": said} for row, said in zip(inputs(), registry.said, strict=True)]
    write(tmp_path / "ward.csv", logged)
    plain = config()
    with closing(source.connect(plain, tmp_path)) as opened:
        same = step(plain, WINDOW, opened, stage="outcome")
    ours = {f.key: f.value for f in audit.findings if f.metric in ("auroc", "brier")}
    assert ours == pytest.approx({f.key: f.value for f in same.findings if f.metric in ("auroc", "brier")})


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("models:/pickled@live", "it holds model.pkl, which is pickled"),
        ("models:/own/1", "it is loaded by mlflow.pyfunc.model"),
    ],
)
def test_a_model_that_could_run_code_is_refused_until_its_files_are_vouched_for(
    registry: Registry, tmp_path: Path, model: str, why: str
) -> None:
    write(tmp_path / "inputs.csv", inputs())
    with pytest.raises(SourceInvalid) as error:
        read(tmp_path, config(source=registry.source(model)))
    said = str(error.value)
    assert said.startswith(
        f"{model}: {why}, so loading it could run any code; log it again in a plain format"
    )
    digest = said.partition("`source.trusted: ")[2].rstrip("`")
    assert len(read(tmp_path, config(source=registry.source(model, trusted=digest)))) == len(ward())
    other = "sha256:" + "0" * 64
    with pytest.raises(SourceInvalid, match=r"`source\.trusted` names other files than these"):
        read(tmp_path, config(source=registry.source(model, trusted=other)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            ("serialization_format: skops", "serialization_format: pickle"),
            "it holds model.skops, which is pickled",
        ),
        (
            ("skops_trusted_types: null", "skops_trusted_types: [os.system]"),
            "it names types of its own to trust",
        ),
        (("code: null", "code: code"), "it brings code of its own"),
        (("loader_module: mlflow.sklearn", "loader_module: antigravity"), "it is loaded by antigravity"),
    ],
)
def test_what_a_model_says_of_itself_does_not_get_code_run(
    registry: Registry, tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    from flows.scoring import fetched, loaded

    place, _ = fetched("models:/sepsis@live", registry.uri, tmp_path)
    told = (place / "MLmodel").read_text()
    assert change[0] in told
    (place / "MLmodel").write_text(told.replace(*change))
    with pytest.raises(SourceInvalid, match=why):
        loaded(place, "models:/sepsis@live", None)


@pytest.mark.parametrize(
    ("model", "rows", "said"),
    [
        ("models:/sepsis@gone", {}, "models:/sepsis@gone: MLflow knows no such model, version or alias"),
        ("models:/nobody/1", {}, "models:/nobody/1: MLflow knows no such model, version or alias"),
        ("models:/classes@live", {}, "models:/classes@live: gives classes and no probabilities"),
        ("models:/sepsis@live", {"lactate": "high"}, "inputs.csv: column 'lactate' does not hold double"),
        ("models:/sepsis@live", {"lactate": None}, "inputs.csv: no column 'lactate'; it has"),
    ],
)
def test_what_cannot_be_scored_is_named(
    registry: Registry, tmp_path: Path, model: str, rows: Row, said: str
) -> None:
    made = [row | {k: v for k, v in rows.items() if v} for row in inputs()]
    write(tmp_path / "inputs.csv", [{k: v for k, v in row.items() if rows.get(k, 1)} for row in made])
    with pytest.raises(SourceInvalid) as error:
        read(tmp_path, config(source=registry.source(model)))
    assert str(error.value).startswith(said)


def test_a_registered_model_does_not_send_us_anywhere(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may register a model could name any address as its files'."""
    from mlflow import MlflowClient

    for address in ("http://169.254.169.254/latest", "https://10.0.0.7/m", "ftp://10.0.0.7/m"):
        monkeypatch.setattr(MlflowClient, "get_model_version_download_uri", lambda *_, told=address: told)
        write(tmp_path / "inputs.csv", inputs())
        with pytest.raises(SourceInvalid, match=r"models:/sepsis@live: .* nothing is fetched from there"):
            read(tmp_path, config(source=registry.source()))


def test_traces_are_read_as_requests(registry: Registry, tmp_path: Path) -> None:
    served = {
        "kind": "mlflow", "traces": "served", "tracking": registry.uri,
        "explode": {
            "asked": "CAST(json_extract(request, '$.inputs[*]') AS JSON[])",
            "risk": "CAST(json_extract(response, '$.predictions[*]') AS DOUBLE[])",
        },
        "derive": {"age": "CAST(json_extract_string(asked, '$.age') AS DOUBLE)"},
    }  # fmt: skip
    columns = {"time": "time", "id": "id", "numeric": ["age"], "categorical": [], "sensitive": [],
               "outcome": None}  # fmt: skip
    rows = read(tmp_path, config(columns, source=served, outcome=None))
    assert sorted(row["risk"] for row in rows) == sorted(row["risk"] for row in ward()[:40])
    assert len({row["id"] for row in rows}) == 40
    with pytest.raises(SourceInvalid, match="nothing: MLflow knows no such experiment"):
        read(tmp_path, config(columns, source=served | {"traces": "nothing"}, outcome=None))
    assert json.loads(json.dumps(rows[0]["risk"])) == rows[0]["risk"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "models:/a@b"}, "source: `model` needs `inputs`"),
        ({"model": "sepsis", "inputs": INPUTS}, "source: model: must be as models:/name@alias"),
        ({"model": "models:/a/1", "inputs": INPUTS, "traces": "b"}, "source: name `model` and its `inputs`"),
        ({"model": "models:/a/1", "inputs": INPUTS, "trusted": "yes"}, "source: trusted: must be the digest"),
    ],
)
def test_a_mistake_in_the_file_is_named(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(source={"kind": "mlflow"} | settings)
    assert str(error.value).startswith(f"sepsis.yaml: {said}")


def test_an_unknown_kind_of_inputs_is_named() -> None:
    with pytest.raises(ConfigError, match=r"source\.inputs\.kind: must be one of"):
        config(source={"kind": "mlflow", "model": "models:/a/1", "inputs": {"kind": "excel"}})


def test_the_files_on_the_page_run(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "mlflow-source.md").read_text(encoding="utf-8")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.uri)
    write(tmp_path / "inputs.csv", inputs())
    blocks = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in blocks] == ["sepsis.yaml", "traced.yaml"]
    for name, text in blocks:
        (tmp_path / name).write_text(text, encoding="utf-8")
    scored = source.read(tmp_path / "sepsis.yaml")
    with closing(source.connect(scored, tmp_path)) as opened:
        assert step(scored, WINDOW, opened).rows == sum(map(last_week, ward()))
    assert len(read(tmp_path, source.read(tmp_path / "traced.yaml"))) == 40
