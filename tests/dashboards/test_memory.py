"""What large answers let go is given back, where the C library can be asked to."""

from __future__ import annotations

import asyncio
import ctypes
import platform

import pytest
from starlette.types import Message, Receive, Scope, Send

from dashboards.memory import GivingBack, given_back


def test_glibc_is_asked() -> None:
    assert given_back() == (platform.libc_ver()[0] == "glibc")


def test_a_c_library_that_knows_no_such_thing_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not given_back()


def test_it_is_asked_once_a_large_answer_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        done.append(scope.get("path", scope["type"]))

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        done.append(message["type"])

    async def ask() -> None:
        app = GivingBack(answered)
        for path in ("/metrics", "/", "/api/models"):
            await app({"type": "http", "path": path}, receive, send)
        await app({"type": "lifespan"}, receive, send)

    monkeypatch.setattr("dashboards.memory.given_back", lambda: done.append("given back"))
    asyncio.run(ask())
    assert done == ["/metrics", "given back", "/", "/api/models", "given back", "lifespan"]
