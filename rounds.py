"""The command line, and the only file that knows both flows and dashboards."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flows.home import Home
    from flows.run import Choose
    from monitors.config import ModelConfig

RAN, FAILED, BAD_USAGE, BEYOND = 0, 1, 2, 3
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")

_MODEL = click.argument("model", metavar="MODEL.yaml", type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="One audit a line, as JSON.")
_FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["beyond"]),
    help="Exit with status 3 when a finding is beyond its margin.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


@cli.command()
@click.option("--serve", is_flag=True, help="Open the dashboards afterwards.")
@click.option("--port", default=8321, show_default=True)
@click.pass_obj
def demo(home: Home, serve: bool, port: int) -> None:
    """The whole job on shipped real inpatients, with embedded parts only."""
    from dashboards import terminal
    from flows.demo import END, demonstrate

    path = configs() / "models" / "support-survival.yaml"
    with terminal.progress() as told:
        audits = demonstrate(path, home, told)
    terminal.show_demo(audits, home.folder, path, port)
    if serve:
        _serve(home, [path], "127.0.0.1", port, schedules=False, as_of=END)


@cli.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--model", help="The model's name; told by the file's name if not given.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; - for the screen.")
def init(data: Path, model: str | None, out: Path | None) -> None:
    """Look at a file and propose a config, every guess marked."""
    from flows.propose import propose

    if out is None or str(out) == "-":
        click.echo(propose(data, model=model), nl=False)
        return
    if out.exists():
        raise click.UsageError(f"{out} exists; name another file with --out")
    out.write_text(propose(data, model=model, folder=out.parent), encoding="utf-8")
    click.echo(f"Wrote {out}. Check every line marked `guess`, then: rounds validate {out}")


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
def validate(paths: tuple[Path, ...]) -> None:
    """Check configs; every mistake at once."""
    from flows import source
    from monitors.errors import ConfigError

    files = model_files(paths or (Path("configs/models"),))
    problems: list[str] = []
    seen: dict[str, Path] = {}
    for file in files:
        try:
            config = source.read(file)
            source.connect(config, file.parent).close()
        except ConfigError as error:
            problems += error.problems
            continue
        if config.model in seen:
            problems.append(f"{file.name}: model: {config.model!r} is also in {seen[config.model]}")
        seen[config.model] = file
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(BAD_USAGE)
    click.echo(f"{len(files)} {'file' if len(files) == 1 else 'files'} can be used.")


@cli.command()
@_MODEL
@click.option("--at", metavar="MOMENT", help="Audit the last window complete by then. [now]")
@_JSON
@_FAIL_ON
@click.pass_obj
def run(home: Home, model: Path, at: str | None, as_json: bool, fail_on: str | None) -> None:
    """Audit the last complete window before MOMENT."""
    from flows.run import last_complete

    _audit(home, model, last_complete, at, as_json, fail_on)


@cli.command()
@_MODEL
@click.option("--from", "start", metavar="T", required=True)
@click.option("--to", "end", metavar="T", required=True)
@_JSON
@_FAIL_ON
@click.pass_obj
def backfill(home: Home, model: Path, start: str, end: str, as_json: bool, fail_on: str | None) -> None:
    """Audit every window wholly inside [from, to), oldest first; a rerun changes nothing."""
    from flows import run as runs
    from flows import source

    config = source.read(model)
    first, last = _moment(start, "--from", config), _moment(end, "--to", config)
    if first >= last:
        raise click.UsageError(f"--from must be before --to (got {start} and {end})")
    _audit(home, model, runs.span(first, last), None, as_json, fail_on)


@cli.command()
@_MODEL
@click.option("--json", "as_json", is_flag=True, help="One line, as JSON.")
@click.pass_obj
def calibrate(home: Home, model: Path, as_json: bool) -> None:
    """Propose margins for an alert budget, with the false alerts to expect; writes nothing."""
    from dashboards import terminal_calibrate
    from flows.calibrate import calibrated
    from monitors.canonical import canonical

    with _progress(quiet=as_json) as told:
        payload = calibrated(model, home, told)
    if as_json:
        click.echo(canonical(payload))
    else:
        terminal_calibrate.show(payload)


@cli.command()
@click.option("--config", "folder", type=click.Path(path_type=Path), default=Path("configs/models"))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8321, show_default=True)
@click.option("--schedules/--no-schedules", default=True, help="Also run the models' schedules.")
@click.option("--allowed-host", multiple=True, help="A further name browsers may call us by.")
@click.option("--no-sign-in", is_flag=True, help="Serve other machines; a proxy or network guards us.")
@click.pass_obj
def serve(
    home: Home,
    folder: Path,
    host: str,
    port: int,
    schedules: bool,
    allowed_host: tuple[str, ...],
    no_sign_in: bool,
) -> None:
    """Schedules, worker, dashboards and /metrics in one process group."""
    if host not in LOOPBACK and not no_sign_in:
        raise click.UsageError(
            f"--host {host} lets other machines read these pages, and nobody signs in; "
            f"put a proxy or a closed network before it and say --no-sign-in"
        )
    _serve(home, model_files((folder,)), host, port, schedules=schedules, names=allowed_host)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One model a line, as JSON.")
@click.pass_obj
def status(home: Home, as_json: bool) -> None:
    """A line per model: last window, verdicts, freshness."""
    from dashboards import terminal
    from flows.run import now
    from monitors.ledger import Ledger

    if not home.exists():
        click.echo("No model has been audited yet: rounds run MODEL.yaml")
        return
    terminal.show_status(Ledger(home.ledger_url, now), now(), as_json)


@cli.command()
@click.option("--expected-head", metavar="H", help="The head hash an anchor outside has kept.")
@click.option("--anchor", type=click.Path(path_type=Path), help="A file that holds it.")
@click.pass_obj
def verify(home: Home, expected_head: str | None, anchor: Path | None) -> None:
    """Check the ledger's chain."""
    from flows.run import now
    from monitors.errors import LedgerError
    from monitors.ledger import Ledger

    ledger = Ledger(home.ledger_url, now)
    count, head = ledger.verify(), ledger.head()
    wanted = expected_head or (anchor.read_text(encoding="utf-8").strip() if anchor else None)
    if wanted and not ledger.holds(wanted):
        raise LedgerError(f"{wanted} is not in this ledger: entries were cut off or rewritten")
    click.echo(f"{count} entries, each linked to the one before. Head: {head}")
    if wanted is None:
        click.echo("That shows no entry was altered; keep the head elsewhere to show none was cut off.")


@cli.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
@click.pass_context
def alerts(context: click.Context, everything: bool) -> None:
    """What is open; tell a test, answer an alert, review a month."""
    if context.invoked_subcommand is None:
        from dashboards.terminal_alerts import show_alerts
        from flows.run import now, open_ledger
        from monitors.acting import held

        show_alerts(held(open_ledger(context.obj), now()), now(), everything=everything)


@alerts.command("test")
@click.option("--channel", metavar="NAME", help="One of them; all if not given.")
@click.option("--channels", "file", type=click.Path(path_type=Path), help="[configs/channels.yaml]")
def alerts_test(channel: str | None, file: Path | None) -> None:
    """Send a test message."""
    from flows import telling
    from flows.channel import connect, read
    from flows.run import now

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
    from flows.run import now, open_ledger
    from monitors.acting import held
    from monitors.review import month_of, review

    asked = month or f"{now():%Y-%m}"
    try:
        start, end = month_of(asked)
    except ValueError as error:
        raise click.UsageError(f"--month {error}") from None
    show_review(review(held(open_ledger(home), now()), start, end), asked)


def _answering(name: str, told: str) -> None:
    """A command that answers an alert: one each for what may be said."""

    @alerts.command(name, help=told)
    @click.argument("key")
    @click.option("--by", required=True, metavar="NAME")
    @click.option("--reason", required=True, metavar="TEXT")
    @click.option("--until", metavar="T", help="Of a silence: within seven days.")
    @click.pass_obj
    def answer(home: Home, key: str, by: str, reason: str, until: str | None) -> None:
        from flows.run import now, open_ledger
        from monitors import acting
        from monitors.window import moment

        if (name == "silence") != (until is not None):
            raise click.UsageError("--until goes with `silence`, which needs it, and with nothing else")
        ledger = open_ledger(home)
        if until is not None:
            try:
                entry = acting.silence(ledger, key, by, reason, moment(until), now())
            except ValueError as error:
                raise click.UsageError(f"--until {error}") from None
        else:
            act = acting.acknowledge if name == "ack" else acting.not_useful
            entry = act(ledger, key, by, reason, now())
        click.echo(f"{key}: {entry.kind.replace('_', ' ')}, entry {entry.seq}")


_answering("ack", "Say that you have it.")
_answering("silence", "Tell nobody of a check, or of a whole MODEL, for at most seven days.")
_answering("not-useful", "Say that it should not have come, and why.")


@cli.command()
@click.option("--url", default="http://127.0.0.1:8321/healthz", show_default=True)
def healthcheck(url: str) -> None:
    """For containers: exit 0 when the dashboards answer."""
    import urllib.request

    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"--url must be http:// or https:// (got {url})")
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  checked above
            click.echo(f"{url}: {answer.status}")
    except OSError as error:
        click.echo(f"{url}: {error}", err=True)
        sys.exit(FAILED)


def configs() -> Path:
    """The shipped configurations, in a checkout or in an installed wheel."""
    return Path(str(resources.files("configs")))


def model_files(paths: Iterable[Path]) -> list[Path]:
    """The model files named, or found in the folders named."""
    found: list[Path] = []
    for path in paths:
        inside = sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
        if not inside:
            raise click.UsageError(f"{path} holds no .yaml file; see configs/models/ for one")
        found += inside
    return found


def _moment(text: str, option: str, config: ModelConfig) -> datetime:
    from monitors.window import moment

    try:
        return moment(text, config.zone)
    except ValueError as error:
        raise click.UsageError(f"{option} {error}") from None


def _audit(
    home: Home, path: Path, choose: Choose, at: str | None, as_json: bool, fail_on: str | None
) -> None:
    """Audit the chosen windows and show each as people may see it."""
    from dashboards import terminal
    from flows import run as runs
    from flows import source
    from monitors.audit import Audit, Verdict
    from monitors.errors import LedgerError
    from monitors.release import kept

    config = source.read(path)
    when = _moment(at, "--at", config) if at else runs.now()
    ledger = runs.open_ledger(home)
    beyond = False
    with _progress(quiet=as_json) as told:
        for done in runs.run(path, home, choose, when, told=told):
            entry = ledger.find("audit", done.digest)
            if entry is None:
                raise LedgerError(f"audit {done.digest} is not in the ledger it was written to")
            audit = kept(ledger, Audit.read(entry.body))
            beyond |= any(f.verdict is Verdict.BEYOND and f.severity != "info" for f in audit.findings)
            if as_json:
                click.echo(audit.json())
            else:
                terminal.show_audit(audit, new=done.new)
    if fail_on and beyond:
        sys.exit(BEYOND)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    from dashboards import terminal

    if quiet:
        yield lambda message: None
    else:
        with terminal.progress() as told:
            yield told


def _serve(
    home: Home,
    files: list[Path],
    host: str,
    port: int,
    *,
    schedules: bool,
    names: tuple[str, ...] = (),
    as_of: datetime | None = None,
) -> None:
    """Pages and /metrics in this process; the schedules, if any, in one beside it."""
    import uvicorn

    from dashboards.app import create_app
    from flows import source
    from flows.beside import scheduler
    from flows.run import now, open_ledger
    from monitors.release import kept

    configs = {config.model: config for config in map(source.read, files)}
    ledger = open_ledger(home)
    app = create_app(
        ledger,
        configs,
        published=lambda audit: kept(ledger, audit),
        now=(lambda: as_of) if as_of else now,
        allowed_hosts=[*LOOPBACK, *names],
    )
    with ExitStack() as stack:
        if schedules:
            stack.enter_context(scheduler(files, home, os.environ))
        click.echo(f"Rounds: http://{host}:{port}/  ({len(configs)} models; Ctrl-C stops)")
        uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


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
