"""docker-compose.yml, read by Docker Compose itself, and held to what a hospital's host asks for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from dashboards.sign_in import hashed
from dashboards.sign_in import read as read_sign_in
from rounds import cli

ROOT = Path(__file__).parents[2]
CONTEXT = click.Context(cli)
COMMANDS = {n: c for n in cli.list_commands(CONTEXT) if (c := cli.get_command(CONTEXT, n))}
SERVICES = {"postgres", "mlflow", "prefect", "worker", "dashboards", "prometheus", "alertmanager", "grafana"}
ONCE = {"deployments", "backup", "demo"}  # these end by themselves
OPTIONAL = {"grafana": ["grafana"], "backup": ["backup"], "demo": ["demo"]}


def compose(*arguments: str, file: Path = ROOT / "docker-compose.yml") -> subprocess.CompletedProcess[str]:
    """Run `docker compose` over a file; no engine is needed to read one."""
    beside = Path(sys.executable).parent / "docker-compose"
    plugin = [shutil.which("docker") or "", "compose"]
    command = [str(beside)] if beside.exists() else plugin
    if not command[0] or subprocess.run([*command, "version"], capture_output=True).returncode:
        message = "no Docker Compose v2 found: `make test` installs it on Linux x86-64"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    return subprocess.run(
        [*command, "--file", str(file), *arguments], capture_output=True, text=True, timeout=600, check=False
    )


@cache
def read() -> dict[str, Any]:
    run = compose("--profile", "*", "config", "--format", "json")
    assert run.returncode == 0, run.stderr
    config: dict[str, Any] = json.loads(run.stdout)
    return config


@pytest.mark.parametrize("options", [(), ("--no-interpolate",)])
def test_the_file_is_valid(options: tuple[str, ...]) -> None:
    run = compose("config", "--quiet", *options)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_wrong_key_would_be_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    wrong.write_text(text.replace("healthcheck:", "healthchek:", 1), encoding="utf-8")
    assert compose("config", "--quiet", file=wrong).returncode != 0


def test_everything_the_service_is_made_of_is_there() -> None:
    assert set(read()["services"]) == SERVICES | ONCE
    assert {name: s["profiles"] for name, s in read()["services"].items() if "profiles" in s} == OPTIONAL


def test_what_ends_is_not_started_again_and_again() -> None:
    assert {name: read()["services"][name]["restart"] for name in ONCE} == {
        "deployments": "on-failure", "backup": "no", "demo": "no",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(SERVICES | ONCE))
def test_a_service_may_do_no_more_than_it_needs(name: str) -> None:
    service = read()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert "privileged" not in service
    assert int(service["mem_limit"]) > 0
    assert service["cpus"] > 0
    assert service["pids_limit"] > 0


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_says_how_it_is(name: str) -> None:
    check = read()["services"][name]["healthcheck"]
    assert check["test"][0] == "CMD"  # no shell, no curl: the image's own binary
    assert check["interval"]
    assert check["timeout"]


@pytest.mark.parametrize("name", sorted(SERVICES | ONCE))
def test_an_image_is_named_in_full(name: str) -> None:
    image = read()["services"][name]["image"]
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-\w+)?", image), image
    tag = image.partition(":")[2]
    assert "latest" not in tag
    assert tag.count(".") == (1 if image.startswith("postgres:") else 2), "a full version"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_listens_beyond_this_machine(name: str) -> None:
    assert {port["host_ip"] for port in read()["services"][name].get("ports", [])} <= {"127.0.0.1"}


def test_a_service_waits_until_what_it_needs_is_healthy() -> None:
    waits = {
        (name, needed): how["condition"]
        for name, service in read()["services"].items()
        for needed, how in service.get("depends_on", {}).items()
    }
    assert set(waits.values()) == {"service_healthy"}
    assert {("worker", "postgres"), ("worker", "mlflow"), ("worker", "prefect")} <= set(waits)


def test_secrets_are_files_and_never_settings() -> None:
    assert all(set(secret) == {"name", "file"} for secret in read()["secrets"].values())
    for name, service in read()["services"].items():
        for key, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", key):
                assert key.endswith("_FILE"), f"{name}: {key}"
            assert not re.search(r"//[^/@]*:[^/@]*@", str(value)), f"{name}: {key} holds a password"


def test_every_secret_is_made_and_every_mount_is_there() -> None:
    made = (ROOT / "deploy/secrets/make.sh").read_text(encoding="utf-8")
    for secret in read()["secrets"]:
        base, _, kind = secret.partition(".")
        known = secret in made or (base in made and f"$role.{kind}" in made)
        assert known or (base in made and f"}}.{kind}" in made), secret
    for name, service in read()["services"].items():
        for volume in service["volumes"]:
            if volume["type"] == "bind":
                assert Path(volume["source"]).exists(), f"{name}: {volume['source']}"
                assert volume["read_only"] is True


@pytest.mark.parametrize("name", ["deployments", "dashboards", "demo"])
def test_the_command_line_takes_what_a_service_says(name: str) -> None:
    first, *rest = read()["services"][name]["command"]
    command = COMMANDS[first]
    assert command.make_context(first, rest).params


def test_the_shipped_sign_in_can_be_read(tmp_path: Path) -> None:
    text = (ROOT / "deploy/sign-in.yaml").read_text(encoding="utf-8")
    held = tmp_path / "rounds.tokens"
    held.write_text(f"metrics viewer {hashed('a')}\n", encoding="utf-8")
    held.chmod(0o600)
    (tmp_path / "oidc.secret").write_text("x", encoding="utf-8")
    shipped = text.replace("/run/secrets/", "")
    (tmp_path / "sign-in.yaml").write_text(shipped, encoding="utf-8")
    assert set(read_sign_in(tmp_path / "sign-in.yaml")[1]) == {hashed("a")}
    everything = re.sub(r"(?m)^# (?=public_url|oidc:|proxy:|  )", "", shipped)
    (tmp_path / "sign-in.yaml").write_text(everything, encoding="utf-8")
    ways, _ = read_sign_in(tmp_path / "sign-in.yaml")
    assert ways.oidc
    assert ways.proxy


def test_prometheus_is_told_the_same_by_other_names() -> None:
    text = (ROOT / "configs/prometheus/prometheus.yml").read_text(encoding="utf-8")
    for port, service in (("9093", "alertmanager"), ("8321", "dashboards")):
        assert service in SERVICES
        text = text.replace(f'["127.0.0.1:{port}"]', f'["{service}:{port}"]')
    inside = (ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8")
    told = yaml.safe_load(inside)
    token = told["scrape_configs"][0].pop("authorization")["credentials_file"]
    assert token == "/run/secrets/metrics.token"
    assert "metrics.token" in {secret["source"] for secret in read()["services"]["prometheus"]["secrets"]}
    assert told == yaml.safe_load(text)
    assert "127.0.0.1" not in json.dumps(yaml.safe_load(inside)["scrape_configs"])


def test_the_pages_let_prometheus_call_them_by_that_name() -> None:
    assert "--allowed-host=dashboards" in read()["services"]["dashboards"]["command"]
