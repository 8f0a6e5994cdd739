"""MLflow's registered models, with their aliases, as the inventory takes them in."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

from flows.registry import RegisteredModel, describe, facts, registered_models
from flows.tracking import TrackingRefused
from monitors.errors import TrackingUnavailable


def test_registered_models_come_with_description_aliases_and_latest_version(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_registered_model("sepsis o'neill", description="warns of sepsis")
    client.create_registered_model("empty")
    for _ in range(10):
        client.create_model_version("sepsis o'neill", source="s3://bucket/m")
    client.set_registered_model_alias("sepsis o'neill", "champion", "9")
    empty, sepsis = registered_models(uri)
    assert empty == RegisteredModel("empty", "", (), "")
    assert sepsis == RegisteredModel("sepsis o'neill", "warns of sepsis", ("champion 9",), "10")
    assert facts(sepsis)["version_tested"] == "registered, version 10; aliases: champion 9"
    assert facts(empty) == {"version_tested": "registered, no version"}


def test_a_store_that_is_away_says_so() -> None:
    with pytest.raises(TrackingUnavailable):
        registered_models("http://127.0.0.1:9")


def test_a_description_keeps_what_people_wrote_and_holds_one_card(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_registered_model("sepsis", description="Ours. Ask Ada.")
    for card in ("# First\n", "# Second\n"):
        describe(uri, "sepsis", card)
    said = client.get_registered_model("sepsis").description
    assert said.startswith("Ours. Ask Ada.")
    assert "# Second" in said
    assert "# First" not in said
    with pytest.raises(TrackingRefused):
        describe(uri, "nothing", "# Card\n")
