"""Commands on the pages that cannot run in a test, each held to the files it speaks of.

What they need is a host, a cluster or a container engine. The words that are ours in them, such as paths,
targets, units and pools, are looked up where they are made.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
Words = Sequence[str]
_MADE = (ROOT / "deploy/secrets/make.sh").read_text(encoding="utf-8")
_ROLES = re.findall(r"for role in ([\w ]+);", _MADE)[0].split()
_SETTINGS = "".join(
    (ROOT / name).read_text(encoding="utf-8") for name in ("docker-compose.yml", "flows/home.py")
)


def made(path: str) -> bool:
    """Whether a path is there, or deploy/secrets/make.sh makes it."""
    if (ROOT / path).exists():
        return True
    name = path.removeprefix("deploy/secrets/")
    known = {f"{role}.password" for role in _ROLES} | {"admin.token", "metrics.token", "$role.password"}
    return name != path and (name in known or f"{name}" in _MADE)


def paths(words: Words) -> None:
    """Every path of the checkout among the words is there."""
    for word in words:
        for path in re.findall(r"(?:^|=)((?:deploy|configs|docs)/[\w./$-]+|[\w-]+\.lock)", word):
            assert made(path), f"{path} is not there"


def make(words: Words) -> None:
    """The target is in the Makefile."""
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^{words[1]}:", rules), words


def docker(words: Words) -> None:
    """Compose's own words, and services and profiles that its file declares."""
    file = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services = file["services"]
    profiles = {name for service in services.values() for name in service.get("profiles", ())}
    known = {"--detach", "--build", "--rm", "--scale", "--no-recreate", "--profile"}
    if words[1] == "build":
        (lock,) = re.findall(r"LOCK=(\S+)", " ".join(words))
        assert "ARG LOCK=" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
        assert (ROOT / lock).is_file()
        return
    assert words[1] == "compose"
    named = [word.partition("=")[0] for word in words[2:] if not word.startswith("--")]
    assert set(named) <= {"up", "ps", "run", *services, *profiles}, words
    assert {word for word in words if word.startswith("--")} <= known, words


def kubectl(words: Words) -> None:
    """What is applied is a kustomization; what is created comes from files that are there."""
    asked = " ".join(words)
    if "--kustomize" in words:
        assert (ROOT / words[words.index("--kustomize") + 1] / "kustomization.yaml").is_file()
        return
    assert re.search(r"create (namespace|secret generic|configmap) \S+|scale deployment worker", asked), asked


def python(words: Words) -> None:
    """A Python that the project takes, and `-m venv`."""
    bounds = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    low, high = re.findall(r"3\.(\d+)", bounds["requires-python"])
    assert int(low) <= int(words[0].removeprefix("python3.")) < int(high)
    assert words[1:3] == ["-m", "venv"]


def pip(words: Words) -> None:
    """Locked files, our own wheel, or the wheelhouse that `make wheelhouse` fills."""
    options = {"--no-deps", "--require-hashes", "--no-index", "--find-links", "-r"}
    assert words[1] == "install"
    assert {word for word in words if word.startswith("-")} <= options
    for word in words[2:]:
        if word.startswith("-"):
            continue
        ours = word.removeprefix("wheelhouse/").startswith(
            ("requirements", "rounds_monitor-", "rounds-monitor")
        )
        assert ours or word == "wheelhouse", word


def systemctl(words: Words) -> None:
    """The unit that is shipped, or the proxy whose file is."""
    assert (ROOT / f"deploy/{words[-1]}").is_dir() or (ROOT / f"deploy/systemd/{words[-1]}.service").is_file()


def prefect(words: Words) -> None:
    """The worker that docker-compose.yml starts, of the same pool."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert words[:4] == ["prefect", "worker", "start", "--pool"]
    assert words[4] in str(services["worker"])


def export(words: Words) -> None:
    """A setting that is read."""
    assert words[1].partition("=")[0] in _SETTINGS, words


def anything(_: Words) -> None:
    """Its paths alone say whether it is right."""


PROGRAMS: dict[str, Callable[[Words], None]] = {
    ".": anything, "bash": anything, "cat": anything, "cp": anything,
    "docker": docker, "export": export, "kubectl": kubectl, "make": make, "prefect": prefect,
    "systemctl": systemctl,
}  # fmt: skip


def check(words: Words) -> None:
    """Hold one command to what is shipped. Raises AssertionError, also for a program nobody knows here."""
    words = [word for word in words if word != "sudo"]
    if words[0] in ("for", "done"):
        return
    if words[0] == "do":
        words = words[1:]
    program = words[0].rpartition("/bin/")[2]
    paths(words)
    if re.fullmatch(r"python3\.\d+", program):
        python(words)
    elif program == "pip":
        pip(words)
    else:
        assert program in PROGRAMS, f"{program}: say in tests/docs/checked.py how this is held to the files"
        PROGRAMS[program](words)
