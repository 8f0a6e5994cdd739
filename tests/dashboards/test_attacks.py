"""Attacks by way of the pages: climbing paths, foreign forms, sign-ons that lead astray; and who looked."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse

from dashboards.access import AccessLog
from dashboards.app import create_app
from dashboards.entry import Entry
from dashboards.oidc import Issuer
from dashboards.routing import Router
from dashboards.sign_in import Oidc, hashed, read
from monitors.discovery import modules
from monitors.errors import SourceUnavailable
from monitors.ledger import Ledger
from tests.dashboards import ward
from tests.dashboards.conftest import served

CLIMBS = (
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "../../../../etc/passwd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cetc%5cpasswd",
    "....//....//etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "..%00/app.py",
    "..%2fapp.py",
    "..%2f..%2fdocs%2fdecisions%2f0001-rows-stay-counts-travel",
)
PLACES = ("/static/", "/runbooks/", "/reports/", "/models/", "/api/models/", "/api/cards/", "/")


@pytest.mark.parametrize("place", PLACES)
def test_no_address_climbs_out_of_its_folder(site: str, place: str) -> None:
    where = urlsplit(site)
    for climb in CLIMBS:  # as it stands: a client of ours would tidy it first
        asked = HTTPConnection(str(where.hostname), where.port, timeout=10)
        asked.request("GET", place + climb)
        answer = asked.getresponse()
        told = answer.read()
        asked.close()
        assert answer.status in (307, 400, 404, 422), (place, climb, answer.status)
        assert b"root:" not in told
        assert b"create_app" not in told
        assert b"counts travel" not in told.lower()


def test_whatever_writes_takes_a_form_of_ours(app: Starlette, client: httpx.Client) -> None:
    """Every route that is not for reading, found by being there."""
    writing = [
        (route.path, method)
        for _, module in modules("dashboards.pages")
        for route in module.router.routes
        for method in sorted((route.methods or set()) - {"GET", "HEAD", "OPTIONS"})
    ]
    assert len(writing) >= 4
    head = app.state.reading.ledger.head()
    for path, method in writing:
        address = path.replace("{model}", "sepsis-early-warning").replace("{name}", "x")
        sent = {"token": "planted", "action": "acknowledge", "key": "x", "by": "Eve", "reason": "x"}
        for headers in ({}, {"Origin": "https://evil.example"}, {"Cookie": "rounds_form=planted"}):
            answer = client.request(method, address, data=sent, headers=headers)
            assert answer.status_code in (403, 404), (method, path, answer.status_code)
    assert app.state.reading.ledger.head() == head


def test_no_form_is_answered_in_any_other_form(client: httpx.Client) -> None:
    """What a foreign page can send without asking first: text, JSON in disguise, nothing at all."""
    for body, kind in (("{}", "text/plain"), ('{"token": "x"}', "application/json"), ("", "")):
        answer = client.post("/alerts", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 403


@pytest.mark.parametrize("part", ["token_endpoint", "jwks_uri", "authorization_endpoint"])
def test_a_sign_on_that_would_send_secrets_in_the_clear_is_not_used(part: str, tmp_path: Path) -> None:
    signing = Router()

    @signing.get("/.well-known/openid-configuration")
    def found(request: Request) -> dict[str, Any]:
        own = str(request.base_url).rstrip("/")
        told = dict.fromkeys(("token_endpoint", "jwks_uri", "authorization_endpoint"), f"{own}/x")
        return {"issuer": own, **told, part: "http://sso.example/x"}

    (tmp_path / "secret").write_text("quiet")
    with served(Starlette(routes=signing.routes)) as base:
        ways = Oidc(issuer=base, client_id="a", client_secret_file=tmp_path / "secret",
                    roles={"viewer": ["*"]})  # fmt: skip
        with pytest.raises(SourceUnavailable, match=f"its {part} is not https://"):
            Issuer(ways, "http://127.0.0.1:1/sign-in/back").ask("/")


def test_a_sign_on_that_sends_us_elsewhere_is_not_followed(tmp_path: Path) -> None:
    signing, asked = Router(), []

    @signing.get("/.well-known/openid-configuration")
    def found(_request: Request) -> RedirectResponse:
        return RedirectResponse("/elsewhere", 302)

    @signing.get("/elsewhere")
    def elsewhere(_request: Request) -> dict[str, str]:
        asked.append("elsewhere")
        return {}

    (tmp_path / "secret").write_text("quiet")
    with served(Starlette(routes=signing.routes)) as base:
        ways = Oidc(issuer=base, client_id="a", client_secret_file=tmp_path / "secret",
                    roles={"viewer": ["*"]})  # fmt: skip
        with pytest.raises(SourceUnavailable, match="does not answer"):
            Issuer(ways, "http://127.0.0.1:1/sign-in/back").ask("/")
    assert asked == []


# ------------------------------------------------------------------------------------------- who looked
@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, AccessLog]]:
    """Pages that ask who is there, and where that is written down."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "sign-in.yaml").write_text("tokens: t.tokens")
    (folder / "t.tokens").write_text(f"Vera viewer {hashed('vera')}\n")
    (folder / "t.tokens").chmod(0o600)
    accesses = AccessLog(folder / "access", lambda: ward.NOW)
    entry = Entry.of(*read(folder / "sign-in.yaml"), lambda: ward.NOW)
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: ward.NOW)
    told = {"published": ward.published, "now": lambda: ward.NOW}
    app = create_app(ledger, {}, entry=entry, accesses=accesses, **told)
    with served(app) as site:
        yield site, accesses


def test_who_opened_what_is_written_down_and_stays(watched: tuple[str, AccessLog]) -> None:
    site, accesses = watched
    known = {"Authorization": "Bearer vera"}
    with httpx.Client(base_url=site, trust_env=False) as client:
        client.get("/inventory?window=2026-01-05")
        client.get("/inventory?q=Jane+Doe", headers=known)
        client.get("/metrics", headers=known)
        client.get("/metrics")
        client.get("/healthz")
        client.get("/", headers={"Host": "evil.example"})
        client.post("/alerts", headers=known, data={"token": "planted", "reason": "Jane Doe"})
        client.get("/models/a%22%0A%7B%22who%22:%22Eve%22%7D", headers=known)
    until = time.monotonic() + 60  # a line is written once the answer is on its way
    while len(lines := accesses.folder.joinpath("2026-03.ndjson").read_text().splitlines()) < 6:
        assert time.monotonic() < until, lines
        time.sleep(0.02)
    (file,) = accesses.folder.iterdir()
    found = [json.loads(line) for line in lines]
    assert [(line["who"], line["path"], line["status"]) for line in found] == [
        (None, "/inventory", 303),
        ("Vera", "/inventory", 200),
        (None, "/metrics", 401),
        (None, "/", 400),
        ("Vera", "/alerts", 403),
        ("Vera", '/models/a"\n{"who":"Eve"}', 404),
    ]
    assert found[1] == {"at": "2026-03-04T09:00:00Z", "who": "Vera", "role": "viewer", "from": "127.0.0.1",
                        "method": "GET", "path": "/inventory", "status": 200}  # fmt: skip
    assert file.name == "2026-03.ndjson"
    assert "Jane" not in file.read_text()
    assert "vera" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(accesses.folder.stat().st_mode) == 0o700


def test_a_log_that_cannot_be_written_is_said_and_the_page_still_opens(
    watched: tuple[str, AccessLog], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site, accesses = watched
    (tmp_path / "access").write_text("a file stands where the folder should")
    kept, accesses.folder = accesses.folder, tmp_path / "access"
    answer = httpx.get(f"{site}/glossary", headers={"Authorization": "Bearer vera"}, trust_env=False)
    until = time.monotonic() + 60
    while "the access log cannot be written" not in caplog.text and time.monotonic() < until:
        time.sleep(0.02)
    accesses.folder = kept
    assert answer.status_code == 200
    assert "the access log cannot be written" in caplog.text
    assert '"who": "Vera"' in caplog.text
