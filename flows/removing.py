"""Removing: a copy in MLflow whose time is up; its artifacts are gone at once, its run is marked deleted.

One of the few importers of MLflow: import this file where it is used.
"""

from __future__ import annotations

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from flows.tracking import knock, reaching


def remove_run(run_id: str, tracking_uri: str) -> None:
    """Remove a run's artifacts and mark it deleted; one that is gone is no error.

    What its run says (metrics, params, tags) is freed by `mlflow gc`.

    Raises:
        TrackingUnavailable: MLflow is away; the same call may succeed later.
        TrackingRefused: MLflow answers and refuses.
    """
    with reaching(tracking_uri):
        knock(tracking_uri)
        client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        try:
            run = client.get_run(run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return
        held = get_artifact_repository(str(run.info.artifact_uri), tracking_uri)
        held.delete_artifacts()  # type: ignore[no-untyped-call]  # MLflow leaves it untyped
        if run.info.lifecycle_stage == "active":
            client.delete_run(run_id)
