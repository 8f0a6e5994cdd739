"""Signing in: nobody unknown sees anything, nobody does more than their role, no session is given away."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from playwright.sync_api import Browser, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from dashboards.app import create_app
from dashboards.entry import Entry
from dashboards.routing import Router
from dashboards.sessions import Sessions
from dashboards.sign_in import hashed, read
from monitors.errors import ConfigError
from monitors.ledger import Ledger
from tests.dashboards import ward
from tests.dashboards.conftest import served

INSECURE = """
public_url: https://rounds.example
oidc: {issuer: "http://x", client_id: a, client_secret_file: secret, roles: {viewer: ["*"]}}
"""
TOKENS = {"Vera": "viewer", "Aude": "auditor", "Adam": "admin"}
Write = Callable[..., Path]


def written(folder: Path, text: str, *, tokens: str | None = None, mode: int = 0o600) -> Path:
    """A sign-in file with its tokens beside it."""
    (folder / "sign-in.yaml").write_text(text, encoding="utf-8")
    lines = "".join(f"{name} {role} {hashed(name * 8)}\n" for name, role in TOKENS.items())
    (folder / "t.tokens").write_text(lines if tokens is None else tokens, encoding="utf-8")
    (folder / "t.tokens").chmod(mode)
    (folder / "secret").write_text("quiet\n", encoding="utf-8")
    return folder / "sign-in.yaml"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(written, tmp_path)


def guarded(path: Path, folder: Path, *, ward_too: bool = True) -> Starlette:
    empty = Ledger(f"sqlite:///{folder}/empty.db", lambda: ward.NOW)
    ledger, configs = ward.build(folder) if ward_too else (empty, {})
    entry = Entry.of(*read(path), lambda: ward.NOW)
    return create_app(ledger, configs, published=ward.published, now=lambda: ward.NOW, entry=entry)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("guarded")
    with served(guarded(written(folder, "tokens: t.tokens"), folder)) as address:
        yield address


@pytest.fixture
def person(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, trust_env=False) as made:
        yield made


def enter(person: httpx.Client, name: str, to: str = "/") -> httpx.Response:
    page = person.get("/sign-in")
    token = page.text.split('name="token" value="')[1].split('"')[0]
    return person.post("/sign-in", data={"token": token, "secret": name * 8, "to": to})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "sign-in.yaml: name at least one of tokens, oidc, proxy"),
        ("token: t.tokens", "sign-in.yaml: token: is not a known key"),
        (
            "tokens: none.tokens",
            "none.tokens: No such file or directory; `rounds token NAME --file none.tokens`",
        ),
        ("proxy: {addresses: [10.0.0.0/8], roles: {viewer: ['*']}}", "10.0.0.0/8 is too wide to trust"),
        (
            "proxy: {addresses: [10.0.0.1], roles: {reader: ['*']}}",
            "'reader' is not one of viewer, auditor, admin",
        ),
        (
            INSECURE,
            "sign-in.yaml: oidc: issuer must be https://…",
        ),
        (
            "oidc: {issuer: 'https://x', client_id: a, client_secret_file: secret, roles: {viewer: ['*']}}",
            "oidc needs public_url",
        ),
        ("tokens: [", "sign-in.yaml: is no YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named(write: Write, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(write(text))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("tokens", "mode", "said"),
    [
        ("", 0o600, "t.tokens: holds no token"),
        ("Ada admin secret\n", 0o600, "t.tokens:1: must be NAME viewer|auditor|admin sha256:"),
        (f"Ada king {hashed('a')}\n", 0o600, "t.tokens:1: must be NAME"),
        (f"Ada admin {hashed('a')}\n", 0o604, "everybody on this machine can read it; chmod 600 t.tokens"),
    ],
)
def test_a_mistake_among_tokens_is_named(write: Write, tokens: str, mode: int, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(write("tokens: t.tokens", tokens=tokens, mode=mode))
    assert said in str(error.value)


@pytest.mark.parametrize(
    "path",
    [p for p in ward.PAGES.values() if p != "/sign-in"] + ["/api/models", "/metrics", "/api/openapi.json"],
)
def test_nobody_unknown_sees_anything(person: httpx.Client, path: str) -> None:
    answer = person.get(path)
    assert answer.status_code in (303, 401)
    assert answer.headers["content-security-policy"]
    assert "epsis" not in answer.text.replace("sepsis-early-warning", "")
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/sign-in?to=%2F")


def test_health_styles_and_the_sign_in_itself_are_open(person: httpx.Client) -> None:
    for path in ("/healthz", "/static/rounds.css", "/sign-in"):
        assert person.get(path).status_code == 200


def test_a_token_opens_a_session_and_leads_on(person: httpx.Client) -> None:
    answer = enter(person, "Vera", "/models/readmission-30d?window=2026-01-05")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/models/readmission-30d?window=2026-01-05"
    cookie = next(v for v in answer.headers.get_list("set-cookie") if v.startswith("rounds_session="))
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "Vera" in person.get("/").text
    assert person.get("/api/models").status_code == 200


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_sign_in_leads_to_another_site(person: httpx.Client, to: str) -> None:
    assert enter(person, "Vera", to).headers["location"] == "/"


def test_a_wrong_token_is_refused_and_opens_nothing(person: httpx.Client) -> None:
    answer = enter(person, "Eve")
    assert answer.status_code == 401
    assert "rounds_session" not in person.cookies
    assert person.get("/").status_code == 303


def test_a_session_brought_from_elsewhere_is_never_adopted(person: httpx.Client) -> None:
    person.cookies.set("rounds_session", "planted")
    assert person.get("/").status_code == 303
    answer = enter(person, "Vera")
    given = answer.headers["set-cookie"]
    assert "planted" not in given
    person.cookies.clear()
    person.cookies.set("rounds_session", "planted")
    assert person.get("/").status_code == 303


def test_signing_in_again_ends_the_session_before_and_signing_out_ends_it(person: httpx.Client) -> None:
    enter(person, "Vera")
    first = person.cookies["rounds_session"]
    enter(person, "Aude")
    second = person.cookies["rounds_session"]
    assert first != second
    other = httpx.Client(base_url=person.base_url, trust_env=False, cookies={"rounds_session": first})
    assert other.get("/").status_code == 303
    token = person.get("/sign-in").text.split('name="token" value="')[1].split('"')[0]
    assert person.post("/sign-out", data={"token": token}).status_code == 303
    other.cookies.set("rounds_session", second)
    assert other.get("/").status_code == 303
    other.close()


def test_signing_in_or_out_takes_our_own_form(person: httpx.Client) -> None:
    assert person.post("/sign-in", data={"secret": "Vera" * 8, "to": "/"}).status_code == 403
    enter(person, "Vera")
    assert person.post("/sign-out", data={"token": "x"}).status_code == 403
    assert person.get("/").status_code == 200


def test_a_session_ends_after_a_working_day() -> None:
    at = [ward.NOW]
    held: Sessions[str] = Sessions(lambda: at[0])
    name = held.open("Vera")
    at[0] += timedelta(hours=11)
    assert held.get(name) == "Vera"
    at[0] += timedelta(hours=2)
    assert held.get(name) is None


@pytest.mark.parametrize(
    ("name", "action", "status"),
    [
        ("Vera", "acknowledge", 403),
        ("Vera", "silence", 403),
        ("Aude", "acknowledge", 303),
        ("Aude", "not_useful", 303),
        ("Aude", "silence", 403),
        ("Adam", "silence", 303),
    ],
)
def test_what_a_person_may_do_follows_from_the_role(
    person: httpx.Client, name: str, action: str, status: int
) -> None:
    enter(person, name)
    key = ward.notice("sepsis-early-warning").key
    page = person.get(f"/alerts?key={key}").text
    token = page.split('name="token" value="')[1].split('"')[0]
    sent = {"token": token, "key": key, "action": action, "by": "Mallory", "reason": "seen", "days": "1"}
    answer = person.post("/alerts", data=sent)
    assert answer.status_code == status
    if status == 303:
        shown = person.get(f"/alerts?key={key}").text
        assert f"by <bdi>{name}</bdi>" in shown, "the name is who signed in, not what the form says"
        assert "Mallory" not in shown


def test_a_program_sends_its_token(person: httpx.Client) -> None:
    known = {"Authorization": "Bearer " + "Vera" * 8}
    assert person.get("/metrics", headers=known).status_code == 200
    assert person.get("/metrics", headers={"Authorization": "Bearer nobody"}).status_code == 401


def test_a_proxy_is_believed_only_at_its_own_address(write: Write, tmp_path: Path) -> None:
    groups = {"X-Forwarded-User": "ada", "X-Forwarded-Groups": "staff, quality"}
    roles = "{viewer: [staff], auditor: [quality]}"
    for address, status in (("127.0.0.1", 200), ("10.9.8.7", 403)):
        path = write(f"proxy: {{addresses: [{address}], roles: {roles}}}")
        folder = tmp_path / address
        folder.mkdir()
        with (
            served(guarded(path, folder, ward_too=False)) as site,
            httpx.Client(base_url=site, trust_env=False) as client,
        ):
            answer = client.get("/", headers=groups)
            assert answer.status_code == status
            if status == 200:
                assert "ada</a>, auditor" in answer.text
                assert client.get("/").status_code == 403, "without a word of the proxy"
                assert client.get("/", headers={**groups, "X-Forwarded-Groups": "else"}).status_code == 403


KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})


def issuer(claims: dict[str, Any], key: RSAKey = KEY) -> Starlette:
    """A sign-on as small as the standard allows, over real HTTP: who comes is signed in."""
    signing = Router()
    asked: dict[str, dict[str, str]] = {}

    @signing.get("/.well-known/openid-configuration")
    def found(request: Request) -> dict[str, Any]:
        base = str(request.base_url).rstrip("/")
        return {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/keys",
        }

    @signing.get("/keys")
    def keys(_request: Request) -> dict[str, Any]:
        return KeySet([KEY]).as_dict(private=False)

    @signing.get("/authorize")
    def authorize(request: Request) -> Response:
        given = dict(request.query_params)
        assert given["response_type"] == "code"
        assert given["code_challenge_method"] == "S256"
        asked["code"] = given
        return RedirectResponse(f"{given['redirect_uri']}?code=code&state={given['state']}", 302)

    @signing.post("/token")
    async def token(request: Request) -> Response:
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        given = asked.pop(sent["code"], {})
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        if challenge != given.get("code_challenge") or basic != "rounds:quiet":
            return JSONResponse({"error": "invalid_grant"}, 400)
        base = str(request.base_url).rstrip("/")
        now = int(time.time())
        held = {
            "iss": base,
            "aud": "rounds",
            "sub": "u1",
            "exp": now + 60,
            "iat": now,
            "nonce": given["nonce"],
        }
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, {**held, **claims}, key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": signed})

    return Starlette(routes=signing.routes)


def signed_on(
    write: Write, folder: Path, claims: dict[str, Any], key: RSAKey = KEY
) -> tuple[httpx.Response, str]:
    """Walk to the sign-on and back; the last answer, and what the fleet page then shows."""
    with served(issuer(claims, key)) as base:
        path = write(
            json.dumps(
                {
                    "oidc": {
                        "issuer": base, "client_id": "rounds", "client_secret_file": "secret",
                        "roles": {"viewer": ["staff"], "auditor": ["quality"]},
                    },
                    "public_url": "http://127.0.0.1:1",
                }
            )
        )  # fmt: skip
        with (
            served(guarded(path, folder, ward_too=False)) as site,
            httpx.Client(base_url=site, trust_env=False) as client,
        ):
            sent = client.get("/sign-in/start?to=/alerts")
            assert sent.status_code == 303
            back = httpx.get(sent.headers["location"], trust_env=False).headers["location"]
            answer = client.get("/sign-in/back?" + urlsplit(back).query)
            again = client.get("/sign-in/back?" + urlsplit(back).query)
            assert again.status_code == 401, "a try counts once"
            return answer, client.get("/").text


def test_the_hospitals_own_sign_on_opens_the_pages(write: Write, tmp_path: Path) -> None:
    answer, page = signed_on(write, tmp_path, {"preferred_username": "ada", "groups": ["quality"]})
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/alerts"
    assert "ada</a>, auditor" in page


@pytest.mark.parametrize(
    ("claims", "key", "said"),
    [
        ({"groups": ["else"]}, KEY, "none of your groups"),
        ({"groups": ["staff"], "nonce": "other"}, KEY, "could not be verified"),
        ({"groups": ["staff"], "aud": "another"}, KEY, "could not be verified"),
        ({"groups": ["staff"], "iss": "https://evil.example"}, KEY, "could not be verified"),
        ({"groups": ["staff"], "exp": 1_000_000_000}, KEY, "could not be verified"),
        ({"groups": ["staff"], "azp": "another"}, KEY, "to another program"),
        ({"groups": ["staff"]}, OTHER, "could not be verified"),
    ],
    ids=["group", "nonce", "audience", "issuer", "expired", "party", "signature"],
)
def test_what_the_sign_on_says_is_checked(
    write: Write, tmp_path: Path, claims: dict[str, Any], key: RSAKey, said: str
) -> None:
    answer, page = signed_on(write, tmp_path, claims, key)
    assert answer.status_code == 401
    assert said in answer.text
    assert page == ""


def test_a_sign_in_begun_elsewhere_is_not_finished_here(write: Write, tmp_path: Path) -> None:
    with served(issuer({"groups": ["staff"]})) as base:
        ways = {
            "issuer": base, "client_id": "rounds", "client_secret_file": "secret", "roles": {"viewer": ["*"]},
        }  # fmt: skip
        path = write(json.dumps({"oidc": ways, "public_url": "http://127.0.0.1:1"}))
        with (
            served(guarded(path, tmp_path, ward_too=False)) as site,
            httpx.Client(base_url=site, trust_env=False) as client,
        ):
            assert client.get("/sign-in/back?state=a&code=code").status_code == 401
            sent = client.get("/sign-in/start")
            assert "state" in parse_qs(urlsplit(sent.headers["location"]).query)
            assert client.get("/sign-in/back?state=a&code=code").status_code == 401


@pytest.mark.browser
def test_a_person_signs_in_reads_on_and_signs_out(browser: Browser, site: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(site + "/models/readmission-30d")
    page.get_by_label("Your token").fill("Aude" * 8)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Readmission 30d")
    page.get_by_role("link", name="Aude").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    page.goto(site + "/")
    expect(page.locator("h1")).to_have_text("Sign in")
    context.close()
