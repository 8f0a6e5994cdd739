"""Processes that run beside this one and end with it: Prefect's server, and the scheduler.

Nothing here imports Prefect, so a process that shows dashboards can start both and stay light.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from flows.home import Home
from monitors.errors import RoundsError

STARTED_WITHIN = 90.0  # seconds; a first start migrates a database and takes about 8
STOPPED_WITHIN = 40.0  # the scheduler gives an audit under way 20 of them


class NotStarted(RoundsError):
    """A process that has to run beside this one did not come up."""


@contextmanager
def scheduler(
    files: Sequence[Path], home: Home, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the schedules of these models' files in a process of their own.

    It is stopped, with all it started, when the block ends; and stops by itself when this
    process is gone. Ctrl-C reaches this process alone, which then stops it in order.
    """
    home.make()
    command = [sys.executable, "-m", "flows.beside", *(str(file.absolute()) for file in files)]
    settings = {**home.environment(environ), "ROUNDS_HOME": str(home.folder)}
    with _deaf_to_ctrl_c():
        process = subprocess.Popen(command, env={**environ, **settings}, stdin=subprocess.DEVNULL)  # noqa: S603  our own
    try:
        yield process
    finally:
        stop(process)


@contextmanager
def prefect_server(home: Home, environ: Mapping[str, str], *, scheduling: bool) -> Iterator[dict[str, str]]:
    """Start a Prefect server for this process alone; gives the settings that reach it.

    It listens on this machine only and wants a password made up for it. What it says goes to
    a file in Prefect's home.

    Args:
        home: whose Prefect home holds its database.
        environ: of the server.
        scheduling: whether it also makes runs from schedules; without, it starts faster.

    Raises:
        NotStarted: with the place of its log.
    """
    home.make()
    port, password = _free_port(), f"rounds:{secrets.token_urlsafe(24)}"
    command = [sys.executable, "-m", "prefect", "server", "start", "--no-ui"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += [] if scheduling else ["--no-services"]
    settings = {**home.environment(environ), "PREFECT_SERVER_API_AUTH_STRING": password}
    reached = {
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_API_AUTH_STRING": password,
    }
    spoken = home.prefect / "server.log"
    with spoken.open("wb") as log, _deaf_to_ctrl_c():
        process = subprocess.Popen(  # noqa: S603  our own command
            command,
            env={**environ, **settings, **reached},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"{reached['PREFECT_API_URL']}/health", process, spoken)
        yield reached
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it when it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], spoken: Path) -> None:
    import urllib.error  # with it a client of mail and of the web, which the pages have no use for
    import urllib.request

    deadline = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  our own server
                return
        except urllib.error.HTTPError as error:
            error.close()
            return  # it answers, if only to ask for the password
        except OSError:
            time.sleep(0.1)
    raise NotStarted(f"Prefect's server did not come up; it says why in {spoken}")


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started inside keep the signal blocked: who started them stops them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    from flows.schedule import serve

    serve([Path(name) for name in sys.argv[1:]], Home.of(os.environ))
