"""Every block of code on these pages runs, in the order it stands, over data like those it speaks of."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.rows import ward, write
from tests.stories.test_joined import actions, events, predictions
from tests.stories.test_readiness import hospital
from tests.stories.test_requests import batched

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def visits(folder: Path) -> None:
    """Visits to three hospitals."""
    write(folder / "visits.csv", hospital())


def scores(folder: Path) -> None:
    """Predictions, and beside them cultures and orders."""
    rows = predictions()
    for name, held in (("scores", rows), ("cultures", events(rows)), ("orders", actions(rows))):
        write(folder / f"{name}.csv", held)


def requests(folder: Path) -> None:
    """A log of batches, and one of which only some was kept."""
    rows = ward()
    write(folder / "log.csv", batched(rows))
    write(folder / "sampled.csv", [row | {"chance": 1 if row["risk"] > 0.5 else 0.25} for row in rows])


def wards(folder: Path) -> None:
    """A site's predictions, and another site's file, as they would come by post."""
    write(folder / "ward.csv", ward())


PAGES: dict[str, Callable[[Path], None]] = {
    "docs/federation.md": wards,
    "docs/later.md": scores,
    "docs/readiness.md": visits,
    "docs/requests.md": requests,
}


def ran(command: str, folder: Path) -> str:
    """What a line of a shell block says; only `rounds` may stand there."""
    program, *arguments = shlex.split(command, comments=True)
    assert program == "rounds", command
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROUNDS_", "MLFLOW_"))}
    done = subprocess.run(
        [sys.executable, str(ROOT / "rounds.py"), *arguments],
        cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "160"},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_runs(page: str, tmp_path: Path) -> None:
    PAGES[page](tmp_path)
    blocks = _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    assert blocks
    for language, text in blocks:
        if language == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                ran(line, tmp_path)
        elif language == "yaml":
            named = re.match(r"# (\S+\.ya?ml)\n", text)
            assert named, f"{page}: a YAML block begins with the file's name, as in `# model.yaml`"
            (tmp_path / named[1]).write_text(text, encoding="utf-8")
        else:
            pytest.fail(f"{page}: a block of {language} is not run by this test")
