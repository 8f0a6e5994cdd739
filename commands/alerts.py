"""What is open, and answers to it: `rounds alerts`."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
@click.pass_context
def alerts(context: click.Context, everything: bool) -> None:
    """What is open; tell a test, answer an alert, review a month."""
    if context.invoked_subcommand is None:
        from dashboards.terminal_alerts import show_alerts
        from flows.home import now, open_ledger
        from monitors.acting import held, quiet

        ledger = open_ledger(context.obj)
        show_alerts(held(ledger, now()), now(), everything=everything, quiet=quiet(ledger))


@alerts.command("test")
@click.option("--channel", metavar="NAME", help="One of them; all if not given.")
@click.option("--channels", "file", type=click.Path(path_type=Path), help="[configs/channels.yaml]")
def alerts_test(channel: str | None, file: Path | None) -> None:
    """Send a test message."""
    from flows import telling
    from flows.channel import connect, read
    from flows.home import now

    config = read(file) if file else telling.channels_for(Path("configs/models/any.yaml"))
    chosen = [channel] if channel else list(config.channels)
    if unknown := set(chosen) - set(config.channels):
        raise click.UsageError(f"--channel {unknown.pop()} is not one of {', '.join(config.channels)}")
    logging.getLogger("rounds").setLevel(logging.INFO)
    for name in chosen:
        connect(name, config.channels[name], os.environ).send([telling.trial(config, now())])
        click.echo(f"{name}: told")


@alerts.command("review")
@click.option("--month", metavar="YYYY-MM", help="[this month]")
@click.pass_obj
def alerts_review(home: Home, month: str | None) -> None:
    """How a month of alerts went, rule by rule, and what to change."""
    from dashboards.terminal_alerts import show_review
    from flows.home import now, open_ledger
    from monitors.acting import held
    from monitors.review import month_of, review

    asked = month or f"{now():%Y-%m}"
    try:
        start, end = month_of(asked)
    except ValueError as error:
        raise click.UsageError(f"--month {error}") from None
    show_review(review(held(open_ledger(home), now()), start, end), asked)


@alerts.command("rehearse")
@click.argument("model", metavar="MODEL.yaml", type=click.Path(path_type=Path))
@click.option("--at", metavar="T", help="The quarter before this moment. [now]")
@click.pass_obj
def alerts_rehearse(home: Home, model: Path, at: str | None) -> None:
    """How often each rule of a model's own plan would have called somebody last quarter.

    It takes the counts that are kept of past windows. Write a new rule with `silent: true`, rehearse it,
    let it run, and take `silent` away when the number is one that people will answer.
    """
    from flows import source
    from flows.home import now, open_ledger
    from flows.run import setting
    from monitors.rehearsal import rehearse
    from monitors.window import moment
    from monitors.words.figures import period

    config = source.read(model)
    try:
        when = moment(at, config.zone) if at else now()
    except ValueError as error:
        raise click.UsageError(f"--at {error}") from None
    if not config.plan:
        click.echo(f"{model.name} has no plan of its own; the shipped one is in every audit already.")
    for line in rehearse(config, open_ledger(home), when, setting(config)):
        click.echo(line.said)
        for window, what in line.told:
            click.echo(f"  {period(window)}: {what}")


def _answering(name: str, told: str) -> None:
    """A command that answers an alert: one each for what may be said."""

    @alerts.command(name, help=told)
    @click.argument("key")
    @click.option("--by", required=True, metavar="NAME")
    @click.option("--reason", required=True, metavar="TEXT")
    @click.option("--from", "start", metavar="T", help="Of a planned change: when it begins. [now]")
    @click.option("--until", metavar="T", help="Of a silence: within seven days of its beginning.")
    @click.pass_obj
    def answer(home: Home, key: str, by: str, reason: str, start: str | None, until: str | None) -> None:
        from flows.home import now, open_ledger
        from monitors import acting
        from monitors.window import moment

        if (name == "silence") != (until is not None):
            raise click.UsageError("--until goes with `silence`, which needs it, and with nothing else")
        if start is not None and until is None:
            raise click.UsageError("--from goes with `silence` and nothing else")
        ledger = open_ledger(home)
        if until is not None:
            try:
                begin, end = moment(start) if start else None, moment(until)
            except ValueError as error:
                raise click.UsageError(f"--from or --until {error}") from None
            entry = acting.silence(ledger, key, by, reason, end, now(), begin)
        else:
            act = acting.acknowledge if name == "ack" else acting.not_useful
            entry = act(ledger, key, by, reason, now())
        click.echo(f"{key}: {entry.kind.replace('_', ' ')}, entry {entry.seq}")


_answering("ack", "Say that you have it.")
_answering("silence", "Tell nobody of a check, or of a whole MODEL, for at most seven days.")
_answering("not-useful", "Say that it should not have come, and why.")
