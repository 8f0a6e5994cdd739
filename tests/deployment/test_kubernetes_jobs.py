"""The pool of Kubernetes jobs: confined as the base's workers are, and only its worker may ask for a job."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import click
import jsonpatch
import yaml
from prefect.utilities.templating import apply_values

from rounds import cli
from tests.deployment.test_kubernetes import OBJECTS as BASE
from tests.deployment.test_kubernetes import PODS, ROOT

FOLDER = ROOT / "deploy/kubernetes-jobs"
OVERLAY = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
TEMPLATE = json.loads((FOLDER / "job-template.json").read_text("utf-8"))
OBJECTS = {o["kind"]: o for o in yaml.safe_load_all((FOLDER / "worker.yaml").read_text("utf-8"))}
WORKER = OBJECTS["Deployment"]["spec"]["template"]["spec"]


def manifest() -> dict[str, Any]:
    """The job as Prefect fills it in when nothing is asked for."""
    given = {name: held.get("default") for name, held in TEMPLATE["variables"]["properties"].items()}
    given |= {"command": "prefect flow-run execute", "labels": {}, "env": {}, "name": "sepsis"}
    made: dict[str, Any] = apply_values(TEMPLATE["job_configuration"]["job_manifest"], given)
    return made


def deployments() -> dict[str, Any]:
    """The pod of the CronJob, patched."""
    (job,) = [o for o in BASE if o["metadata"]["name"] == "deployments"]
    (patch,) = [p["patch"] for p in OVERLAY["patches"] if "target" in p]
    patched = jsonpatch.apply_patch(job, yaml.safe_load(patch))
    pod: dict[str, Any] = patched["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod


def test_a_job_is_confined_as_a_worker_of_the_base_and_given_what_it_is_given() -> None:
    pod, worker = manifest()["spec"]["template"]["spec"], PODS["worker"]
    (job,), (process,) = pod["containers"], worker["containers"]
    assert pod["securityContext"] == worker["securityContext"]
    assert job["securityContext"] == process["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert job["resources"]["limits"] == job["resources"]["requests"] == process["resources"]["requests"]
    told = [e for e in process["env"] if not e["name"].startswith("PREFECT_WORKER")]
    assert sorted(job["env"], key=str) == sorted(told, key=str)
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in job["volumeMounts"]} == set(volumes)
    (sources,) = [v for name, v in volumes.items() if name == "sources"]
    assert [v for name, v in volumes.items() if name != "sources"] == worker["volumes"]
    assert sources["secret"]["optional"] is True
    assert all(m.get("readOnly") for m in job["volumeMounts"] if m["name"] in ("models", "sources"))


def test_a_job_ends_is_taken_away_and_is_not_tried_again_by_the_cluster() -> None:
    spec = manifest()["spec"]
    assert spec["activeDeadlineSeconds"] == 3 * 3600
    assert spec["ttlSecondsAfterFinished"] == 3600
    assert spec["backoffLimit"] == 0, "the next run of the schedule makes up for it"
    (job,) = spec["template"]["spec"]["containers"]
    assert job["command"] == ["env"], "the image would start `rounds`"
    assert job["args"] == "prefect flow-run execute"


def test_every_variable_is_used_and_every_use_is_a_variable() -> None:
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(TEMPLATE["job_configuration"])))
    assert used == set(TEMPLATE["variables"]["properties"])


def test_the_worker_alone_holds_rights_and_they_are_few() -> None:
    assert set(OBJECTS) == {"ServiceAccount", "Role", "RoleBinding", "Deployment"}
    assert OBJECTS["ServiceAccount"]["automountServiceAccountToken"] is False
    rights = {(r, v) for rule in OBJECTS["Role"]["rules"] for r in rule["resources"] for v in rule["verbs"]}
    looking = {(r, v) for r in ("pods", "pods/log", "pods/status", "jobs") for v in ("get", "list", "watch")}
    assert rights == looking | {("jobs", "create"), ("jobs", "delete")}
    (subject,) = OBJECTS["RoleBinding"]["subjects"]
    assert subject["name"] == OBJECTS["RoleBinding"]["roleRef"]["name"] == WORKER["serviceAccountName"]
    base, (container,) = PODS["worker"], WORKER["containers"]
    assert WORKER["securityContext"] == base["securityContext"]
    assert container["securityContext"] == base["containers"][0]["securityContext"]
    assert not any("valueFrom" in e for e in container["env"]), "it needs no password"


def test_the_pool_is_one_and_the_commands_are_there() -> None:
    (container,), pod = WORKER["containers"], deployments()
    (patched,) = pod["containers"]
    first, *rest = patched["args"]
    command = cli.get_command(click.Context(cli), first)
    assert command is not None
    told = command.make_context(first, rest).params
    assert told["pool"] == container["args"][container["args"].index("--pool") + 1] == "rounds-jobs"
    assert container["command"] + container["args"][:2] == ["prefect", "worker", "start"]
    (mount,) = [m for m in patched["volumeMounts"] if m["mountPath"] == str(told["jobs"])]
    (held,) = [v for v in pod["volumes"] if v["name"] == mount["name"]]
    (made,) = OVERLAY["configMapGenerator"]
    assert held["configMap"]["name"] == made["name"]
    assert made["files"] == [mount["subPath"]]
    assert (FOLDER / mount["subPath"]).is_file()


def test_nobody_audits_in_the_base_s_own_processes() -> None:
    (patch,) = [yaml.safe_load(p["patch"]) for p in OVERLAY["patches"] if "target" not in p]
    assert (patch["kind"], patch["metadata"]["name"], patch["$patch"]) == ("Deployment", "worker", "delete")
    assert {f.name for f in FOLDER.iterdir()} == {"kustomization.yaml", "worker.yaml", "job-template.json"}
    assert OVERLAY["resources"] == ["../kubernetes", "worker.yaml"]


def test_the_worker_s_image_is_the_other_one_and_one_package_more() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (wanted,) = project["optional-dependencies"]["kubernetes"]
    lock = r"(?m)^([a-z0-9-]+==\S+)"
    locked = {
        name: set(re.findall(lock, (ROOT / f"requirements{name}.lock").read_text("utf-8")))
        for name in ("", "-kubernetes")
    }
    assert locked[""] < locked["-kubernetes"]
    assert any(each.startswith(wanted.split(">")[0]) for each in locked["-kubernetes"] - locked[""])
    assert WORKER["containers"][0]["image"] == "rounds-monitor-jobs"
    (image,) = OVERLAY["images"]
    assert image["newTag"] == project["version"]
    assert TEMPLATE["variables"]["properties"]["image"]["default"] == f"rounds-monitor:{project['version']}"
