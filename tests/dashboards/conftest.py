"""The ward, an application over it, a server on the loopback and one browser for all tests."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, expect, sync_playwright
from starlette.applications import Starlette

from dashboards.app import create_app
from tests.dashboards import ward

expect.set_options(timeout=60_000)  # a slow machine is no fault of a page
CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    """An application over the ward."""
    ledger, configs = ward.build(tmp_path_factory.mktemp("ward"))
    return create_app(ledger, configs, published=ward.published, now=lambda: ward.NOW, oncall=ward.ONCALL)


@contextmanager
def served(app: Starlette, **listening: Any) -> Iterator[str]:
    """The application on a free port of the loopback, as a real server."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, **{"ws": "none", **listening, "log_level": "critical", "lifespan": "off"})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
    thread.start()
    until = time.monotonic() + 120
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{held.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    held.close()


@pytest.fixture(scope="session")
def site(app: Starlette) -> Iterator[str]:
    """Where the ward is served."""
    with served(app) as address:
        yield address


@pytest.fixture(scope="session")
def client(site: str) -> Iterator[httpx.Client]:
    """What a program, or a browser without JavaScript, sees."""
    with httpx.Client(base_url=site, trust_env=False, timeout=120) as made:
        yield made


# A module, not the session: while it is open its loop runs, and no other test could start one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, with a fresh profile; skipped where it is not installed, never on CI."""
    if not CHROMIUM.exists():
        assert not os.environ.get("CI"), "CI installs Chromium"
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield opened
        opened.close()
