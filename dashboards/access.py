"""The access log: who opened which page, a line each, added to the month's file and never changed."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.identity import Identity
from monitors.window import utc

log = logging.getLogger(__name__)
UNSAID = ("/healthz", "/static/")  # about nobody and nothing
LONGEST = 500  # characters of a path


@dataclass
class AccessLog:
    """A folder of one file a month, each line one answer; only its owner may read it.

    Files are opened to add to alone. Whoever holds the machine can still remove them: for a log that
    nobody here can change, send them to the hospital's own.
    """

    folder: Path
    now: Callable[[], datetime]
    _lock: Lock = field(default_factory=Lock)

    def add(self, scope: Scope, status: int) -> None:
        """Write down who asked from where for what, and the answer's status; no query, body or cookie."""
        who, at = scope.get("rounds.who"), self.now()
        line = {
            "at": utc(at),
            "who": who.name if isinstance(who, Identity) else None,
            "role": who.role if isinstance(who, Identity) else None,
            "from": (scope.get("client") or (None,))[0],
            "method": scope["method"],
            "path": scope["path"][:LONGEST],
            "status": status,
        }
        written = (json.dumps(line, ensure_ascii=True) + "\n").encode()
        try:
            with self._lock:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = os.open(
                    self.folder / f"{at:%Y-%m}.ndjson", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
                )
                try:
                    os.write(file, written)
                finally:
                    os.close(file)
        except OSError as error:
            # Pages go on, since somebody may be treated by what they say; the loss is said aloud.
            log.error("the access log cannot be written (%s): %s", error.strerror, written.decode().strip())


class Noted:
    """Middleware that writes each answer down once its status is known."""

    def __init__(self, app: ASGIApp, accesses: AccessLog) -> None:
        self.app, self.accesses = app, accesses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a request that breaks off counts as 500."""
        if scope["type"] != "http" or scope["path"].startswith(UNSAID):
            await self.app(scope, receive, send)
            return
        status = 500

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, marked)
        finally:
            if scope["path"] != "/metrics" or status != 200:  # every half minute, the same program
                self.accesses.add(scope, status)
