"""Every mistake in the configs at once: `rounds validate`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from commands._files import model_files
from commands._options import BAD_USAGE


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
def validate(paths: tuple[Path, ...]) -> None:
    """Check configs; every mistake at once."""
    from flows import eligible, retention, source
    from monitors.errors import ConfigError

    files = model_files(paths or (Path("configs/models"),))
    problems: list[str] = []
    seen: dict[str, Path] = {}
    for file in files:
        try:
            config = source.read(file)
            source.connect(config, file.parent).close()
            if (listed := eligible.connect(config, file.parent)) is not None:
                listed.close()
        except ConfigError as error:
            problems += error.problems
            continue
        if config.model in seen:
            problems.append(f"{file.name}: model: {config.model!r} is also in {seen[config.model]}")
        seen[config.model] = file
    try:
        retention.rule_for(files[0])
    except ConfigError as error:
        problems += error.problems
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(BAD_USAGE)
    click.echo(f"{len(files)} {'file' if len(files) == 1 else 'files'} can be used.")
