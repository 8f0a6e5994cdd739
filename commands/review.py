"""Outputs that people read: drawing them, taking in what was said, and what it comes to: `rounds review`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._options import MODEL

if TYPE_CHECKING:
    from flows.home import Home

_QUEUE = click.argument("queue", metavar="QUEUE")


@click.group(invoke_without_command=True)
@click.pass_context
def review(context: click.Context) -> None:
    """Draw outputs for people to read, take in what they said, and see what it comes to."""
    if context.invoked_subcommand is None:
        from flows.run import open_ledger
        from monitors.raters.form import readings
        from monitors.raters.queue import queues

        ledger = open_ledger(context.obj)
        for queue in queues(ledger):
            read = len({reading.output for reading in readings(ledger, queue)})
            click.echo(f"{queue.key}: {queue.model}, {queue.window}: {read} of {len(queue.outputs)} read")


@review.command("draw")
@MODEL
@click.option("--at", metavar="MOMENT", help="From the last window complete by then. [now]")
@click.option("--outputs", "wanted", type=click.IntRange(1, 2_000), default=100, show_default=True)
@click.option("--by", default="", metavar="COLUMN", help="As many of each group of this sensitive column.")
@click.option("--judge", default="", metavar="COLUMN", help="A judge model's flag, 0 or 1.")
@click.option(
    "--asks", default="harm", show_default=True, help="The question that judge and margin are about."
)
@click.option("--margin", type=float, help="The share of outputs from which a yes is too often.")
@click.pass_obj
def review_draw(
    home: Home, model: Path, at: str | None, wanted: int, by: str, judge: str, asks: str, margin: float | None
) -> None:
    """Draw outputs of a window and print empty forms for them, as CSV."""
    from flows import reviewing, source
    from flows.run import now, open_ledger
    from monitors.raters.queue import keep
    from monitors.window import moment

    config = source.read(model)
    window = config.grid.ending_by(moment(at) if at else now())
    opened = source.connect(config, model.parent)
    try:
        drawn = reviewing.draw(
            opened,
            config,
            window,
            wanted,
            reviewing.secret(home),
            by=by,
            judge=judge,
            asks=asks,
            margin=margin,
        )
    finally:
        opened.close()
    queue = keep(open_ledger(home), drawn)
    click.echo(f"{queue.key}: {len(queue.outputs)} of {queue.rows:,} outputs, {queue.window}", err=True)
    _csv(reviewing.FORM, ((key, *("" for _ in reviewing.FORM[1:])) for key in queue.outputs))


@review.command("ids")
@MODEL
@_QUEUE
@click.pass_obj
def review_ids(home: Home, model: Path, queue: str) -> None:
    """Which output is which, as CSV, for whoever may open the records: read from the source, kept nowhere."""
    from flows import reviewing, source
    from flows.run import open_ledger
    from monitors.raters.queue import find

    config, held = source.read(model), find(open_ledger(home), queue)
    opened = source.connect(config, model.parent)
    try:
        _csv(("output", "id"), reviewing.ids(opened, config, held, reviewing.secret(home)))
    finally:
        opened.close()


@review.command("take")
@_QUEUE
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def review_take(home: Home, queue: str, file: Path) -> None:
    """Take in filled-in forms from a CSV file; all of them, or, where one is wrong, none."""
    from flows.reviewing import forms
    from flows.run import open_ledger
    from monitors.raters.form import keep

    click.echo(f"{queue}: {keep(open_ledger(home), queue, forms(file))} new")


@review.command("show")
@_QUEUE
@click.option("--json", "as_json", is_flag=True, help="The figures, as JSON.")
@click.pass_obj
def review_show(home: Home, queue: str, as_json: bool) -> None:
    """What a review has come to so far."""
    from dashboards.reviews import sentences
    from flows.run import open_ledger
    from monitors.raters.queue import find
    from monitors.raters.reviewed import looked_at, payload

    ledger = open_ledger(home)
    found = looked_at(ledger, find(ledger, queue))
    click.echo(json.dumps(payload(found), sort_keys=True) if as_json else "\n".join(sentences(found)))


def _csv(header: tuple[str, ...], rows: object) -> None:
    told = io.StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)  # type: ignore[arg-type]
    click.echo(told.getvalue(), nl=False)
