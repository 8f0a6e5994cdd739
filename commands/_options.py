"""What several commands share: their arguments, and the statuses they exit with."""

from __future__ import annotations

from pathlib import Path

import click

RAN, FAILED, BAD_USAGE, BEYOND = 0, 1, 2, 3

MODEL = click.argument("model", metavar="MODEL.yaml", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One audit a line, as JSON.")
FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["beyond"]),
    help="Exit with status 3 when a finding is beyond its margin.",
)
