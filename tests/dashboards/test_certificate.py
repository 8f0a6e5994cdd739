"""Pages over TLS with a certificate of an authority of our own, made here; and pairs that are refused."""

from __future__ import annotations

import logging
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client.parser import text_string_to_metric_families

from commands._serving import listening, serve_pages
from commands.serve import serve
from commands.status import status
from dashboards import certificate
from flows.home import Home, now
from monitors.errors import ConfigError
from tests.dashboards.conftest import served
from tests.dashboards.test_sign_in import guarded, written

HOST = "rounds.hospital.example"
SIGN_IN = f"public_url: https://{HOST}\ntokens: t.tokens"
ENDS = "rounds_certificate_expires_timestamp_seconds"
Key = ec.EllipticCurvePrivateKey


def issued(name: str, by: tuple[x509.Name, Key] | None, *names: str, days: int = 90) -> tuple[bytes, Key]:
    """A certificate in PEM and its key; by itself where nobody is named."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), named(name)
    issuer, signing = by or (subject, key)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1)).not_valid_after(now() + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )  # fmt: skip
    if names:
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False
        )
    return made.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), key


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def kept(path: Path, key: Key, passphrase: bytes | None = None) -> Path:
    hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(*form, hidden))
    path.chmod(0o640)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate, and a site's with its key."""
    made = tmp_path_factory.mktemp("tls")
    authority, signing = issued("Hospital CA", None)
    (made / "ca.pem").write_bytes(authority)
    site, key = issued(HOST, (named("Hospital CA"), signing), HOST)
    (made / "site.pem").write_bytes(site)
    kept(made / "site.key", key)
    return made


def read(
    folder: Path, file: str = "site.pem", key: str = "site.key", host: str = HOST
) -> certificate.Certificate:
    return certificate.read(folder / file, folder / key, host, now())


def test_somebody_signs_in_over_tls_and_the_browser_is_told_to_stay_there(
    folder: Path, tmp_path: Path
) -> None:
    app = guarded(written(tmp_path, SIGN_IN), tmp_path, ward_too=False)
    app.user_middleware[1].kwargs["allowed_hosts"].append(HOST)
    with served(app, **listening(read(folder))) as address:
        address = address.replace("http:", "https:")
        known = ssl.create_default_context(cafile=folder / "ca.pem")
        asked = {"headers": {"Host": HOST}, "extensions": {"sni_hostname": HOST}}
        with httpx.Client(verify=known, base_url=address, trust_env=False) as person:
            page = person.get("/sign-in", **asked)
            assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
            token = page.text.split('name="token" value="')[1].split('"')[0]
            form = {"token": token, "secret": "Vera" * 8, "to": "/"}
            headers = asked["headers"] | {"Origin": f"https://{HOST}"}
            inside = person.post("/sign-in", data=form, **asked | {"headers": headers})
            assert inside.status_code == 303
            assert all("secure" in c.casefold() for c in inside.headers.get_list("set-cookie"))
            assert person.get("/", **asked).status_code == 200
        with httpx.Client(base_url=address, trust_env=False) as stranger, pytest.raises(httpx.ConnectError):
            stranger.get("/sign-in", **asked)  # does not know the authority
        old = ssl.create_default_context(cafile=folder / "ca.pem")
        old.set_ciphers("AES128-SHA256")  # no forward secrecy
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with (
            httpx.Client(verify=old, base_url=address, trust_env=False) as late,
            pytest.raises(httpx.ConnectError),
        ):
            late.get("/sign-in", **asked)


def test_a_scrape_says_when_the_certificate_ends_even_where_the_ledger_cannot_be_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, pair = list[Any](), (folder / "site.pem", folder / "site.key")
    monkeypatch.setattr("uvicorn.run", lambda app, **_: heard.append(app))
    monkeypatch.setattr("commands._serving._settle", lambda: None)
    home, sign_in = Home.of({}, tmp_path / "home"), written(tmp_path, SIGN_IN)

    def said() -> dict[str, float]:
        told = heard[-1].state.exposition.text().decode()
        found = [one for family in text_string_to_metric_families(told) for one in family.samples]
        return {one.name: one.value for one in found}

    serve_pages(home, [], "127.0.0.1", 0, schedules=False, sign_in=sign_in)
    assert ENDS not in said(), "a proxy has it, or nobody"
    serve_pages(home, [], "127.0.0.1", 0, schedules=False, sign_in=sign_in, tls=pair)
    assert said() | {"rounds_up": 1.0, ENDS: read(folder).ends.timestamp()} == said()
    monkeypatch.setattr(heard[-1].state.reading, "glances", lambda: 1 / 0)
    assert said() == {"rounds_up": 0.0, ENDS: read(folder).ends.timestamp()}


def test_without_a_public_address_that_is_https_nobody_is_told_so(tmp_path: Path) -> None:
    with served(guarded(written(tmp_path, "tokens: t.tokens"), tmp_path, ward_too=False)) as address:
        assert "Strict-Transport-Security" not in httpx.get(f"{address}/sign-in", trust_env=False).headers


@pytest.mark.parametrize(
    ("file", "key", "host", "said"),
    [
        (
            "none.pem",
            "site.key",
            HOST,
            r"none\.pem: No such file or directory; name the file with --certificate",
        ),
        ("site.pem", "none.key", HOST, r"none\.key: No such file or directory; name the file"),
        (
            "site.pem",
            "open.key",
            HOST,
            r"open\.key: everybody on this machine can read it; chmod 640 open\.key",
        ),
        ("site.pem", "hidden.key", HOST, r"hidden\.key: has a passphrase"),
        ("site.pem", "other.key", HOST, r"other\.key: is not the key of .*site\.pem"),
        ("site.pem", "site.pem", HOST, r"site\.pem: is no PEM key for"),
        ("site.key", "site.key", HOST, r"site\.key: is no certificate in PEM"),
        ("site.pem", "site.key", "else.example", rf"is for {HOST}, and public_url says else\.example"),
        ("ca.pem", "ca.key", HOST, r"is for no host"),
    ],
)
def test_a_pair_that_would_not_do_is_refused_by_name(
    file: str, key: str, host: str, said: str, folder: Path, tmp_path: Path
) -> None:
    for name in ("site.pem", "site.key"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
        (tmp_path / name).chmod(0o640)
    other, own = issued("nobody", None)
    kept(tmp_path / "ca.key", own)
    (tmp_path / "ca.pem").write_bytes(other)
    kept(tmp_path / "other.key", own)
    kept(tmp_path / "open.key", own).chmod(0o644)
    kept(tmp_path / "hidden.key", own, b"quiet")
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, file, key, host)


def test_one_name_for_all_hosts_will_do_and_an_end_that_is_near_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for days, warned in ((90, 0), (13, 1), (0, 1)):
        made, key = issued("all", None, "*.hospital.example", days=days)
        (tmp_path / "site.pem").write_bytes(made)
        kept(tmp_path / "site.key", key)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            read(tmp_path)
        assert len(caplog.records) == warned


def test_a_certificate_asks_for_its_key_and_for_the_address_it_is_of(folder: Path, tmp_path: Path) -> None:
    home, pair = Home.of({}, tmp_path), (folder / "site.pem", folder / "site.key")
    with pytest.raises(click.UsageError, match="go together"):
        serve.main(["--certificate", str(pair[0])], standalone_mode=False, obj=home)
    for sign_in in (None, written(tmp_path, "tokens: t.tokens")):
        with pytest.raises(click.UsageError, match="public_url: https"):
            serve_pages(home, [], "127.0.0.1", 0, schedules=False, sign_in=sign_in, tls=pair)


def test_status_says_when_the_certificate_ends(tmp_path: Path) -> None:
    home = Home.of({}, tmp_path / "home")

    def said(days: int) -> str:
        (tmp_path / "site.pem").write_bytes(issued(HOST, None, HOST, days=days)[0])
        asked = ["--certificate", str(tmp_path / "site.pem")]
        return CliRunner().invoke(status, asked, obj=home, catch_exceptions=False).output.splitlines()[0]

    assert said(90).startswith("The certificate in site.pem ends on ")
    assert "renew it" not in said(90)
    assert said(9).endswith(": renew it, and start Rounds again.")
    assert "ended on" in said(0)
    (tmp_path / "site.pem").write_text("torn")
    with pytest.raises(ConfigError, match="is no certificate in PEM"):
        CliRunner().invoke(
            status, ["--certificate", str(tmp_path / "site.pem")], obj=home, catch_exceptions=False
        )
