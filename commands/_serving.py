"""Pages and /metrics in this process, and the schedules in one beside it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from dashboards.certificate import Certificate
    from flows.home import Home

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
# What SQLAlchemy asks a database with from coroutines, and uvicorn looks for changed code with: 2 MB, and
# both do without.
UNUSED = ("greenlet", "watchfiles")
_LISTENING = 0.5  # seconds after which the pages answer


def serve_pages(
    home: Home,
    files: list[Path],
    host: str,
    port: int,
    *,
    schedules: bool,
    names: tuple[str, ...] = (),
    as_of: datetime | None = None,
    sign_in: Path | None = None,
    tls: tuple[Path, Path] | None = None,
) -> None:
    """Pages and /metrics in this process; the schedules, if any, in one beside it.

    With `tls`, a certificate and its key, over TLS: for that the sign-in has to say `public_url`, on
    which the certificate's name, the cookies and what browsers are told of encryption rest.
    """
    with _without(*UNUSED):
        import uvicorn

        from dashboards.access import AccessLog
        from dashboards.app import create_app
        from dashboards.awaited import published
        from dashboards.entry import Entry
        from dashboards.memory import GivingBack
        from dashboards.sign_in import read
        from flows import source
        from flows.beside import scheduler
        from flows.home import now, open_ledger
        from flows.telling import channels_for
        from monitors.alike import Alike

    entry = Entry.of(*read(sign_in), now) if sign_in else None
    public = urlsplit(entry.ways.public_url or "").hostname if entry else None
    encrypted = _certificate(tls, public if entry and entry.ways.secure else None, now()) if tls else None
    configs = {config.model: config for config in map(Alike().held, map(source.read_to_show, files))}
    ledger = open_ledger(home)
    app = create_app(
        ledger,
        configs,
        published=published(ledger, now),
        now=(lambda: as_of) if as_of else now,
        allowed_hosts=[*LOOPBACK, *names, *([public] if public else [])],
        entry=entry,
        accesses=AccessLog(home.folder / "access", now),
        oncall=channels_for(files[0]).oncall if files else None,
        certificate_ends=encrypted.ends if encrypted else None,
    )
    app.add_middleware(GivingBack)
    settling = Timer(_LISTENING, _settle)
    settling.daemon = True
    settling.start()
    with ExitStack() as stack:
        if schedules:
            stack.enter_context(scheduler(files, home, os.environ))
        where = f"https://{public}" if encrypted else f"http://{host}"
        click.echo(f"Rounds: {where}:{port}/  ({len(configs)} models; Ctrl-C stops)")
        # Nobody's word is taken for where a request comes from: the proxy is known by its own address.
        # The pages use no web sockets, and a loop in C is of no use to threads that read a ledger.
        uvicorn.run(app, host=host, port=port, **listening(encrypted))


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Nobody finds these libraries meanwhile, as where they are not installed; unless they are loaded."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _settle() -> None:
    """What can wait until the pages answer: what starting left behind goes, and what stays is left alone."""
    gc.collect()
    gc.freeze()


def listening(certificate: Certificate | None = None) -> dict[str, Any]:
    """How uvicorn listens, over TLS where there is a certificate."""
    how = {"log_level": "warning", "server_header": False, "proxy_headers": False}
    return {**how, "loop": "asyncio", "ws": "none", **(certificate.options if certificate else {})}


def _certificate(tls: tuple[Path, Path], host: str | None, at: datetime) -> Certificate:
    from dashboards import certificate

    if host is None:
        raise click.UsageError(
            "--certificate needs --sign-in FILE with public_url: https://…, the name the certificate is for"
        )
    return certificate.read(*tls, host, at)
