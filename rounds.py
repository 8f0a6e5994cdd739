"""The command line's entry: finds the command that was asked for, and turns our errors into one line each."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import click

import commands
from commands._options import BAD_USAGE, FAILED

if TYPE_CHECKING:
    from monitors.audit import Audit


class Found(click.Group):
    """A group whose commands are the files in `commands/`: `backfill.py` holds `backfill`."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Every file's name, but those that begin with `_`."""
        return sorted(m.name for m in iter_modules(commands.__path__) if not m.name.startswith("_"))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of that name, loaded now."""
        if name not in self.list_commands(context):
            return None
        found: click.Command = getattr(import_module(f"commands.{name}"), name)
        return found


@click.group(cls=Found, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="rounds-monitor", prog_name="rounds", message="%(prog)s %(version)s")
@click.option("--home", type=click.Path(path_type=Path), help="Where state lives. [.rounds, or ROUNDS_HOME]")
@click.pass_context
def cli(context: click.Context, home: Path | None) -> None:
    """Rounds on deployed models: drift, performance and subgroups, from counts, with verdicts.

    Exit status: 0 ran (whatever was found), 1 something failed to run, 2 bad usage or config.
    """
    from flows.home import Home

    place = Home.of(os.environ, home)
    os.environ.update(place.environment(os.environ))
    os.environ["ROUNDS_HOME"] = str(place.folder)
    logging.basicConfig(format="rounds: %(message)s", level=logging.WARNING)
    context.obj = place


def audit(rows: Any, config: Any, *, reference: Any = None, window: Any = None) -> Audit:
    """Audit a pandas, Polars or Arrow table in a notebook, where the answer shows itself with charts.

    Nothing is written. `config` is a model's declaration or its file; `reference` holds the rows of
    the reference period where `rows` does not; `window` is a first day or start/end, by default the
    last complete one.
    """
    from dashboards.notebook import show_audits
    from flows.notebook import audited

    show_audits()
    return audited(rows, config, reference=reference, window=window)


def main() -> Any:
    """Run the command line, turning our own errors into one line each and a status."""
    from monitors.errors import ConfigError, RoundsError

    try:
        return cli.main(standalone_mode=True)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"rounds: {problem}", err=True)
        sys.exit(BAD_USAGE)
    except RoundsError as error:
        click.echo(f"rounds: {error}", err=True)
        if error.retryable:
            click.echo("rounds: this may pass; the same command can be run again", err=True)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
