"""Measures everything side by side and writes docs/performance.md and its plot.

    python -m benchmarks.speed [--folder DIR] [--peers DIR] [--repeat 3] [WORK ...]

Each piece of work runs in a process of its own; those that are compared take turns. What was measured is
kept in benchmarks/speed/measured.json as it comes, so that named pieces can be measured anew and the rest
stays; with `--page` nothing is measured. Peers are installed into environments of their own under --peers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.speed import data, page

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("measured.json")
PEERS = {
    "nannyml": ("nannyml", "statsmodels"),
    "popmon": ("popmon", "pyarrow"),
    "whylogs": ("whylogs[viz]", "pyarrow", "pandas<3"),
}
SILENT = {
    "DO_NOT_TRACK": "true",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "WHYLOGS_NO_ANALYTICS": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
# What is run, in turns: those of one line are compared.
TURNS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("scan", 10), ("count", 10)),
    (("scan", 1), ("count", 1)),
    (("count", 3),),
    (("count", 30),),
    (("drift", 1),),
    (("bootstrap", 1000),),
    (("wide", 10), ("wide", 100), ("wide", 1000)),
    (("groups", 5), ("groups", 50), ("groups", 500)),
    (("audits", 10_000),),
    (("parquet", 1), ("postgres", 1), ("spark", 1)),
    (("evidently", 1),),
    (("fairlearn", 0), ("fairlearn", 1)),
)
SLOW = {"evidently", "fairlearn", "postgres", "spark"}  # once: minutes each


def ran(command: list[str]) -> dict[str, Any]:
    """What a process printed last; why it could not, where it could not."""
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | SILENT, cwd=ROOT)
    lines = done.stdout.splitlines()
    if done.returncode == 0 and lines:
        return dict(json.loads(lines[-1]))
    said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
    return {"failed": said[-1][:200]}


def environment(name: str, folder: Path) -> Path:
    """The Python of a peer's own environment, made where it is not there."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        venv.create(folder / name, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[name]], check=True)
    return python


def measured(folder: Path, peers: Path, wanted: set[str], repeat: int) -> Iterator[dict[str, Any]]:
    """Every measurement, as it comes."""
    for turn in TURNS:
        asked = [(name, number) for name, number in turn if not wanted or name in wanted]
        for again in range(repeat):
            for name, number in asked:
                if again and name in SLOW:
                    continue
                command = [sys.executable, "-m", "benchmarks.speed.work", name, str(folder), str(number)]
                # Last, since a piece may have handed its work on to another.
                yield ran(command) | {"name": name, "number": number}
    (path,) = data.parts(folder, 1)
    for name in PEERS:
        if wanted and name not in wanted:
            continue
        try:
            python = environment(name, peers)
        except subprocess.CalledProcessError:
            yield {"name": name, "number": 1, "failed": "could not be installed"}
            continue
        script = str(Path(__file__).with_name("peers.py"))
        command = [str(python), script, name, str(path.parent / "reference.parquet"), str(path)]
        yield ran(command) | {"name": name, "number": 1}


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    asked.add_argument("work", nargs="*", help="only these, by name")
    asked.add_argument("--folder", type=Path, default=ROOT / ".rounds" / "speed", help="the rows, 4 GB")
    asked.add_argument("--peers", type=Path, default=ROOT / ".rounds" / "peers", help="their environments")
    asked.add_argument("--repeat", type=int, default=3)
    asked.add_argument("--page", action="store_true", help="only write the page again")
    given = asked.parse_args()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"runs": [], "machine": {}}
    wanted = set(given.work)
    if not given.page:
        given.folder.mkdir(parents=True, exist_ok=True)
        kept["runs"] = [run for run in kept["runs"] if wanted and run["name"] not in wanted]
        for run in measured(given.folder.absolute(), given.peers.absolute(), wanted, given.repeat):
            run["load"] = round(os.getloadavg()[0], 1)
            print(json.dumps(run), flush=True)
            kept["runs"].append(run)
            kept["machine"] = {"cores": os.cpu_count(), "python": platform.python_version()}
            KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    page.write(ROOT / "docs", summed(kept["runs"]), kept)
    return 0


def summed(runs: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """The median of the repetitions of each piece of work."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for name, number in dict.fromkeys((run["name"], run["number"]) for run in runs):
        held = [run for run in runs if (run["name"], run["number"]) == (name, number)]
        whole = [run for run in held if "failed" not in run]
        found[name, number] = dict((whole or held)[-1])
        for key in ("cpu", "wall", "peak_mb"):
            if whole:
                found[name, number][key] = statistics.median(run[key] for run in whole)
    return found


if __name__ == "__main__":
    sys.exit(main())
