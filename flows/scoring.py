"""Models and traces kept by MLflow: loaded without running a stranger's code, and read page by page.

With `flows/tracking.py` the only importer of MLflow, which takes a second to load.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException

from flows.unpacked import refuse_bursting
from monitors import plain_yaml
from monitors.errors import SourceInvalid, SourceUnavailable

# MLflow's own switch refuses every format alike, so what is loaded is checked here, file by file, before.
_SWITCH = "MLFLOW_ALLOW_SWITCH_DESERIALIZATION"
_BESIDE = frozenset(
    {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "registered_model_meta",
     "input_example.json", "serving_input_example.json"}
)  # fmt: skip
_PAGE = 500
_ELSEWHERE = ("http", "https", "ftp", "sftp")  # whoever may register a model could have us ask anybody
Predict = Callable[[Any], Any]


def fetched(name: str, tracking: str | None, place: Path) -> tuple[Path, str]:
    """Fetch a registered model to a folder; where it lies, and which version it is.

    Args:
        name: as in models:/sepsis@live or models:/sepsis/3.
        tracking: MLflow's address; what the environment says if not given.
        place: an empty folder.
    """
    client = MlflowClient(tracking, registry_uri=tracking)
    model, _, alias = name.removeprefix("models:/").partition("@")
    model, _, version = model.partition("/")
    try:
        if alias:
            version = str(client.get_model_version_by_alias(model, alias).version)
        uri = client.get_model_version_download_uri(model, version)
        if str(uri).partition(":")[0] in _ELSEWHERE:
            raise SourceInvalid(
                f"{name}: is registered as a file of {str(uri).partition(':')[0]}, and nothing is fetched "
                f"from there; register it from a run or a store"
            )
        return Path(download_artifacts(artifact_uri=uri, dst_path=str(place), tracking_uri=tracking)), version
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND"):
            raise SourceInvalid(f"{name}: MLflow knows no such model, version or alias") from None
        raise SourceUnavailable(f"{name}: MLflow cannot be reached ({error.error_code})") from None


def digest_of(folder: Path) -> str:
    """Of every file of a model, names and contents: what a person who checked it pins."""
    told = hashlib.sha256()
    for file in sorted(f for f in folder.rglob("*") if f.is_file() and f.name != "registered_model_meta"):
        told.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
        told.update(file.read_bytes())
    return f"sha256:{told.hexdigest()}"


def loaded(folder: Path, name: str, trusted: str | None) -> tuple[Predict, dict[str, str]]:
    """The model's prediction, and its inputs with their types as its signature names them.

    Raises:
        SourceInvalid: where loading would run code that nobody vouched for, or no inputs are named.
    """
    told = _described(folder, name)
    plain = told["flavors"].get("python_function", {})
    vouched = trusted is not None and trusted == digest_of(folder)
    if why := "" if vouched else _runs_code(folder, name, plain, told):
        changed = " (`source.trusted` names other files than these)" if trusted else ""
        raise SourceInvalid(
            f"{name}: {why}, so loading it could run any code{changed}; log it again in a plain format "
            f"(serialization_format='skops'), or have it checked and say "
            f"`source.trusted: {digest_of(folder)}`"
        )
    named = dict(_inputs(told.get("signature")))
    if not named:
        raise SourceInvalid(f"{name}: its signature names no inputs; log it with one (infer_signature)")
    from mlflow import pyfunc  # loads pandas

    before = os.environ.get(_SWITCH)
    os.environ[_SWITCH] = "true"
    try:
        return pyfunc.load_model(str(folder)).predict, named
    except (MlflowException, ImportError, ValueError, TypeError) as error:
        kind = type(error).__name__
        raise SourceInvalid(f"{name}: cannot be loaded here ({kind}); see its requirements") from None
    finally:
        os.environ.pop(_SWITCH) if before is None else os.environ.update({_SWITCH: before})


def _described(folder: Path, name: str) -> dict[str, Any]:
    """What MLflow's own file says of a model."""
    try:
        told = plain_yaml.load((folder / "MLmodel").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        told = None
    flavors = told.get("flavors") if isinstance(told, dict) else None
    if not isinstance(flavors, dict) or not all(isinstance(flavor, dict) for flavor in flavors.values()):
        raise SourceInvalid(f"{name}: its file MLmodel describes no model that can be loaded; log it again")
    return dict(told)


def _inputs(signature: Any) -> Iterator[tuple[str, str]]:
    """Each input's name and type, which MLflow keeps as JSON."""
    said = signature.get("inputs") if isinstance(signature, dict) else None
    try:
        parts = json.loads(said) if isinstance(said, str) else []
    except (ValueError, RecursionError):
        return
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            yield part["name"], str(part.get("type"))


def _runs_code(folder: Path, name: str, plain: dict[str, Any], told: dict[str, Any]) -> str:
    """Why loading would run code; empty for scikit-learn in skops, which builds none but types it knows."""
    flavors = told.get("flavors", {})
    sklearn = flavors.get("sklearn") or {}
    if str(plain.get("loader_module")) != "mlflow.sklearn":
        return f"it is loaded by {plain.get('loader_module')}"
    if any(isinstance(flavor, dict) and flavor.get("code") for flavor in flavors.values()):
        return "it brings code of its own"
    others = sorted(f.name for f in folder.rglob("*") if f.is_file() and f.name not in _BESIDE)
    if sklearn.get("serialization_format") != "skops":
        return f"it holds {', '.join(others)}, which is pickled"
    if sklearn.get("skops_trusted_types"):
        return "it names types of its own to trust"
    if others != ["model.skops"]:
        return f"it holds {', '.join(others)}"
    for archive in folder.rglob("model.skops"):
        refuse_bursting(archive, name)
    return ""


def probabilities(predicted: Any, name: str, positive: int) -> Any:
    """The score of each row from what a model gave: one number a row, or one a class.

    Raises SourceInvalid where it gives classes and no probabilities.

    >>> probabilities([[0.75, 0.25], [0.1, 0.9]], "m", 1).tolist()
    [0.25, 0.9]
    """
    found = np.asarray(predicted)
    if found.ndim == 2:
        found = found[:, 0] if found.shape[1] == 1 else found[:, positive]
    if found.ndim != 1 or found.dtype.kind != "f":
        raise SourceInvalid(
            f'{name}: gives classes and no probabilities; log it with pyfunc_predict_fn="predict_proba"'
        )
    return found.astype(np.float64)


def traces(experiment: str, tracking: str | None) -> Iterator[dict[str, Any]]:
    """What was asked and answered, of every trace of an experiment that went well, oldest first."""
    client = MlflowClient(tracking)
    try:
        held = client.get_experiment_by_name(experiment)
        if held is None:
            raise SourceInvalid(f"{experiment}: MLflow knows no such experiment; check `source.traces`")
        token: str | None = None
        while True:
            page = client.search_traces(
                locations=[held.experiment_id], max_results=_PAGE, page_token=token,
                order_by=["timestamp_ms ASC"],
            )  # fmt: skip
            for trace in page:
                if str(trace.info.state).endswith("OK"):
                    yield {"id": trace.info.trace_id, "time": trace.info.request_time,
                           "request": trace.data.request, "response": trace.data.response}  # fmt: skip
            token = page.token
            if not token:
                return
    except MlflowException as error:
        raise SourceUnavailable(f"{experiment}: MLflow cannot be reached ({error.error_code})") from None
