"""The Kubernetes base: what docker-compose.yml runs, confined as tightly, naming only what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from rounds import cli

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/kubernetes"
BASE = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
OBJECTS = [o for f in BASE["resources"] for o in yaml.safe_load_all((FOLDER / f).read_text("utf-8"))]


def pods() -> dict[str, dict[str, Any]]:
    """The pod of each workload, by the workload's name."""
    found = {}
    for made in OBJECTS:
        spec = made["spec"]["jobTemplate"]["spec"] if made["kind"] == "CronJob" else made.get("spec", {})
        if "template" in spec:
            found[made["metadata"]["name"]] = spec["template"]["spec"]
    return found


PODS = pods()


def test_every_file_is_a_part_of_it_and_every_workload_is_there() -> None:
    assert {f.name for f in FOLDER.glob("*.yaml")} == {"kustomization.yaml", *BASE["resources"]}
    assert set(PODS) == {"mlflow", "prefect", "worker", "deployments", "dashboards"}
    assert len({(o["kind"], o["metadata"]["name"]) for o in OBJECTS}) == len(OBJECTS)


@pytest.mark.parametrize("name", PODS)
def test_a_pod_may_do_no_more_than_it_needs(name: str) -> None:
    pod, (container,) = PODS[name], PODS[name]["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    assert not any("hostPath" in volume for volume in pod["volumes"])


@pytest.mark.parametrize("name", PODS)
def test_a_workload_is_given_the_command_that_compose_gives(name: str) -> None:
    (container,), service = PODS[name]["containers"], COMPOSE[name]
    assert container.get("command", []) == service.get("entrypoint", [])
    assert container["args"] == service["command"]


@pytest.mark.parametrize("name", ["mlflow", "prefect", "dashboards"])
def test_a_service_runs_what_compose_runs(name: str) -> None:
    (container,), service = PODS[name]["containers"], COMPOSE[name]
    assert "livenessProbe" in container
    assert "readinessProbe" in container
    port = container["ports"][0]["containerPort"]
    (here,) = [o for o in OBJECTS if o["kind"] == "Service" and o["metadata"]["name"] == name]
    assert here["spec"]["ports"] == [{"port": port, "targetPort": port}]
    assert f"127.0.0.1:{port}:{port}" in service["ports"]


@pytest.mark.parametrize("name", PODS)
def test_a_setting_is_compose_s_but_for_the_password(name: str) -> None:
    service = COMPOSE[name]
    (container,) = PODS[name]["containers"]
    told = {e["name"]: e["value"] for e in container["env"] if "value" in e}
    assert told == {k: str(v) for k, v in service["environment"].items() if k != "PGPASSFILE"}
    (secret,) = [e for e in container["env"] if "value" not in e]
    # libpq takes no password file that a group may read, and Kubernetes mounts no other.
    assert secret["name"] == "PGPASSWORD"
    assert set(secret["valueFrom"]) == {"secretKeyRef"}
    assert not any(re.search(r"//[^/@]*:[^/@]*@", value) for value in told.values())


def test_the_command_line_takes_what_the_deployments_are_made_with() -> None:
    (container,) = PODS["deployments"]["containers"]
    first, *rest = container["args"]
    command = cli.get_command(click.Context(cli), first)
    assert command is not None
    assert command.make_context(first, rest).params["pool"] == "rounds"


def test_the_image_is_compose_s() -> None:
    assert {c["image"] for pod in PODS.values() for c in pod["containers"]} == {"rounds-monitor"}
    (image,) = BASE["images"]
    assert f"{image['name']}:{image['newTag']}" == COMPOSE["worker"]["image"]


def test_nothing_is_reached_from_outside_but_the_pages() -> None:
    policies = {o["metadata"]["name"]: o["spec"] for o in OBJECTS if o["kind"] == "NetworkPolicy"}
    assert policies["from-here-alone"]["podSelector"] == {}
    assert policies["from-here-alone"]["ingress"] == [{"from": [{"podSelector": {}}]}]
    assert policies["pages"]["podSelector"]["matchLabels"] == {"app": "dashboards"}
    assert {o["kind"] for o in OBJECTS} & {"Role", "RoleBinding", "ClusterRole", "Ingress"} == set()


def test_the_page_makes_every_secret_and_file_that_is_named() -> None:
    page = (ROOT / "docs/kubernetes.md").read_text("utf-8")
    named = {f"secret generic {name}" for name in ("rounds-password", "mlflow-password", "prefect-password")}
    named |= {"secret generic rounds-tokens", "configmap models", "configmap sign-in"}
    for pod in PODS.values():
        for volume in pod["volumes"]:
            if "configMap" in volume:
                assert f"configmap {volume['configMap']['name']}" in named
            if "secret" in volume:
                assert f"secret generic {volume['secret']['secretName']}" in named
    assert {name for name in named if f"create {name}" not in page} == set()
