"""Schedules on a Prefect server, for workers on whatever machines: `rounds deploy`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands._files import model_files

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--pool", default="rounds", show_default=True, help="The work pool; made where it is new.")
@click.option(
    "--at-once", type=click.IntRange(1), default=4, show_default=True, help="Runs in the whole pool."
)
@click.option(
    "--together",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Models of a schedule in one run.",
)
@click.option(
    "--per-source",
    type=click.IntRange(1),
    help="Models audited at the same time on one database or server. [no limit]",
)
@click.option(
    "--jobs",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A pool of Kubernetes jobs: Prefect's base job template, as JSON.",
)
@click.pass_obj
def deploy(
    home: Home,
    paths: tuple[Path, ...],
    pool: str,
    at_once: int,
    together: int,
    per_source: int | None,
    jobs: Path | None,
) -> None:
    """Make models' schedules deployments of a Prefect server (PREFECT_API_URL), for its workers to run.

    Call it again when a file is new, changed or gone. A worker: `prefect worker start --pool rounds`.
    """
    os.environ.update(home.make().environment(os.environ))  # before Prefect reads it
    from flows import schedule

    files = model_files(paths or (Path("configs/models"),))
    template = _template(jobs) if jobs else None
    made = schedule.deploy(files, home, pool, at_once, together, per_source or 0, template)
    kind = " --type kubernetes" if jobs else ""
    click.echo(f"{len(made)} deployments in the work pool {pool}; prefect worker start --pool {pool}{kind}")


def _template(file: Path) -> dict[str, Any]:
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"--jobs {file}: {error.strerror}") from None
    except ValueError as error:
        raise click.UsageError(f"--jobs {file}: is no JSON: {error}") from None
    if not isinstance(held, dict) or set(held) != {"job_configuration", "variables"}:
        raise click.UsageError(
            f"--jobs {file}: must hold `job_configuration` and `variables`, as Prefect has it"
        )
    return held
