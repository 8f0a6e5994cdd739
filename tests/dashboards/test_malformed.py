"""Fifty malformed requests, each from a seed: fifty answers, no 500, no traceback, nothing written."""

from __future__ import annotations

import random
import socket
from urllib.parse import quote, urlsplit

from starlette.applications import Starlette

from tests.dashboards import ward
from tests.malformed import NASTY, torn

PATHS = (*ward.PAGES.values(), "/api/models", "/api/openapi.json", "/metrics", "/healthz", "/reports/x",
         "/api/models/odd-one/findings.csv", "/api/models/sepsis-early-warning/groups?attribute=sex",
         "/api/cards/odd-one/fhir", "/runbooks/volume", "/static/rounds.css")  # fmt: skip
TORN = 5  # every fifth is torn as a whole
METHODS = (*("GET",) * 10, "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW")
HEADERS = ("Cookie: rounds_session=%s; rounds_form=%s", "Authorization: Bearer %s", "Range: bytes=%s-",
           "Accept-Encoding: %s", "If-None-Match: %s", "X-Forwarded-User: %s", "Content-Type: %s",
           "Origin: %s", "Referer: %s", "HX-Request: %s")  # fmt: skip


def request(seed: int, host: str) -> bytes:
    """The bytes of one."""
    draw = random.Random(seed)
    path = draw.choice(PATHS)
    nasty = [str(draw.choice(NASTY)) for _ in range(6)]
    if draw.random() < 0.3:
        head, _, last = path.rpartition("/")
        path = (
            f"{head}/{draw.choice((quote(nasty[0], safe='', errors='replace'), last + '/..', '%2e%2e', ''))}"
        )
    asked = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in
                     zip(draw.sample(("window", "measure", "scores", "q", "month", "tool", "key"), 3), nasty,
                         strict=False))  # fmt: skip
    body = f"token={quote(nasty[1], errors='replace')}&action=silence&days={nasty[2]}".encode(
        errors="replace"
    )
    lines = [f"{draw.choice(METHODS)} {path}{'&' if '?' in path else '?'}{asked} HTTP/1.1",
             f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}",
             *(line.replace("%s", nasty[5]) for line in draw.sample(HEADERS, 1))]  # fmt: skip
    made = (
        "\r\n".join(line.replace("\n", " ") for line in lines).encode(errors="replace") + b"\r\n\r\n" + body
    )
    return torn(made, seed) if seed % TORN == 0 else made


def test_fifty_malformed_requests_are_answered_and_write_nothing(app: Starlette, site: str) -> None:
    where, head, seed = urlsplit(site), app.state.reading.ledger.head(), 0
    statuses: list[int] = []
    while len(statuses) < 50:
        with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=20) as asked:
            asked.sendall(request(seed, where.netloc))
            if seed % TORN == 0:
                asked.shutdown(socket.SHUT_WR)  # or it would be waited for
            told = b"".join(iter(lambda held=asked: held.recv(65536), b""))
        seed += 1
        if told:  # half a request is waited for, and then let go
            statuses.append(int(told.split(b" ", 2)[1]))
            assert statuses[-1] < 500, (seed, told[:300])
            assert b"Traceback" not in told
    assert seed < 65
    assert {200, 400, 404, 405} <= set(statuses), "of every kind"
    assert app.state.reading.ledger.head() == head
