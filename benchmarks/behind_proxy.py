"""Rounds behind a real reverse proxy, as shipped: `python -m benchmarks.behind_proxy nginx|caddy|alone`.

The shipped file with a free port and a certificate of an authority made here. A person signs in with a
token, answers by a form and opens a page; then everything is tried that ought not to work. `alone` has
Rounds speak TLS itself. Each line says what was tried and what came; a wrong one ends it with status 1.
"""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx

from dashboards.sign_in import new_token
from tests.conftest import free_port

ROOT = Path(__file__).parents[1]
HOST = "rounds.hospital.example"


def certificates(folder: Path) -> None:
    """An authority, and a certificate of it for the name."""
    made = f"subjectAltName=DNS:{HOST}"
    (folder / "name").write_text(made, encoding="ascii")
    new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    for words in (
        f"req -x509 {new} -keyout ca.key -out ca.pem -subj /CN=CA",
        f"req {new} -keyout rounds.key -out csr -subj /CN={HOST}",
        "x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile name -out fullchain.pem",
    ):
        subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
    (folder / "rounds.key").chmod(0o600)


@contextmanager
def running(command: list[str], folder: Path, **environment: str) -> Iterator[None]:
    """The command, ended at the end by its id."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROUNDS_", "MLFLOW_", "PREFECT_"))}
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=kept | environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def proxy(name: str, folder: Path, port: int, behind: int) -> list[str]:
    """The shipped file with these ports and this certificate, and the command that takes it."""
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed")
    shipped = {"nginx": "deploy/nginx/rounds.conf", "caddy": "deploy/caddy/Caddyfile"}[name]
    text = (ROOT / shipped).read_text("utf-8").replace("/etc/ssl/rounds", str(folder))
    text = text.replace("127.0.0.1:8321", f"127.0.0.1:{behind}")
    if name == "caddy":
        told = f"{{\n\thttp_port {free_port()}\n\thttps_port {port}\n\tadmin off\n}}\n"
        (folder / "Caddyfile").write_text(told + text, "utf-8")
        return [found, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    text = re.sub(r"listen 443", f"listen 127.0.0.1:{port}", text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    own = "daemon off; pid nginx.pid; error_log stderr; events {} http { access_log off; "
    (folder / "nginx.conf").write_text(f"{own}\n{text}\n}}", "utf-8")
    return [found, "-p", str(folder), "-c", "nginx.conf"]


def told(what: str, came: object, right: bool) -> None:
    """One line; a wrong one ends it."""
    print(f"{'as it should' if right else 'WRONG':13} {what}: {came}", flush=True)
    if not right:
        raise SystemExit(1)


def refused(call: Callable[[], httpx.Response]) -> str:
    """How a call that ought to fail did."""
    try:
        return str(call().status_code)
    except httpx.TransportError as error:
        return type(error).__name__


def tried(address: str, folder: Path, token: str) -> None:
    """A person's way in, and the ways that there should not be."""
    known = ssl.create_default_context(cafile=folder / "ca.pem")
    sni = {"sni_hostname": HOST}
    at = f"{HOST}:{address.rpartition(':')[2]}"
    named = {"Host": at}
    with httpx.Client(verify=known, base_url=address, headers=named, trust_env=False, timeout=60) as person:
        page = person.get("/sign-in", extensions=sni)
        told("the page to sign in", page.status_code, page.status_code == 200)
        hsts = page.headers.get("Strict-Transport-Security", "")
        told("Strict-Transport-Security", hsts, hsts == "max-age=31536000")
        form = {"token": page.text.split('name="token" value="')[1].split('"')[0], "secret": token, "to": "/"}
        own, other = {"Origin": f"https://{at}"}, {"Origin": "https://evil.example"}
        came = person.post("/sign-in", data=form, headers=other, extensions=sni).status_code
        told("the form, sent by another site", came, came == 403)
        came = person.post("/sign-in", data=form | {"token": "x"}, headers=own, extensions=sni).status_code
        told("the form without its own token", came, came == 403)
        inside = person.post("/sign-in", data=form, headers=own, extensions=sni)
        told("the form with a person's token", inside.status_code, inside.status_code == 303)
        flags = inside.headers.get("set-cookie", "")
        right = all(f in flags for f in ("Secure", "HttpOnly", "SameSite=lax"))
        told("the session's cookie", flags.partition(";")[2].strip(), right)
        came = person.get("/", extensions=sni).status_code
        told("the fleet's page", came, came == 200)
        wrong = {"Host": "evil.example"}
        answer = person.get("/healthz", headers=wrong, extensions=sni)
        said = f"{answer.status_code}, {len(answer.content)} bytes, none of them from Rounds"
        told("another Host", said, b"ok" not in answer.content)
    with httpx.Client(verify=known, base_url=address, headers=named, trust_env=False, timeout=60) as nobody:
        forged = {"X-Forwarded-User": "chief", "X-Forwarded-Groups": "rounds-admins"}
        came = nobody.get("/api/models", headers=forged, extensions=sni).status_code
        told("somebody who says who they are", came, came in (401, 403))
        came = nobody.get("/metrics", extensions=sni).status_code
        told("/metrics without a token", came, came == 401)
        bearer = {"Authorization": f"Bearer {token}"}
        came = nobody.get("/metrics", headers=bearer, extensions=sni).status_code
        told("/metrics with one", came, came == 200)
    with httpx.Client(verify=known, base_url=address, headers=named, trust_env=False) as other:
        why = refused(lambda: other.get("/healthz", extensions={"sni_hostname": "evil.example"}))
        told("TLS by another name", why, not why.isdecimal())
    with httpx.Client(base_url=address, headers=named, trust_env=False) as stranger:
        why = refused(lambda: stranger.get("/healthz", extensions=sni))
        told("a browser that does not know the authority", why, not why.isdecimal())
    old = ssl.create_default_context(cafile=folder / "ca.pem")
    with warnings.catch_warnings():  # that nobody should speak these any more is the point
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with httpx.Client(verify=old, base_url=address, headers=named, trust_env=False) as late:
        why = refused(lambda: late.get("/healthz", extensions=sni))
        told("a browser of TLS 1.1", why, not why.isdecimal())


def main(how: str) -> None:
    """Start Rounds and what stands before it, and try them."""
    with tempfile.TemporaryDirectory(prefix="rounds-proxy-") as made, ExitStack() as stack:
        folder, behind, port = Path(made), free_port(), free_port()
        certificates(folder)
        token, kept = new_token()
        (folder / "tokens").write_text(f"ada admin {kept}\n", "utf-8")
        (folder / "tokens").chmod(0o600)
        said = f"tokens: tokens\npublic_url: https://{HOST}\n"
        (folder / "sign-in.yaml").write_text(said, "utf-8")
        (folder / "models").mkdir()
        shutil.copy(ROOT / "configs/models/support-survival.yaml", folder / "models")
        command = [sys.executable, str(ROOT / "rounds.py"), "serve", "--no-schedules", "--config", "models"]
        command += ["--sign-in", "sign-in.yaml", "--port", str(port if how == "alone" else behind)]
        if how == "alone":
            command += ["--certificate", "fullchain.pem", "--key", "rounds.key"]
        stack.enter_context(running(command, folder, ROUNDS_HOME=str(folder / "home"), PYTHONPATH=str(ROOT)))
        if how != "alone":
            stack.enter_context(running(proxy(how, folder, port, behind), folder))
        address, sni = f"https://127.0.0.1:{port}", {"sni_hostname": HOST}
        known, until = ssl.create_default_context(cafile=folder / "ca.pem"), time.monotonic() + 120
        while time.monotonic() < until:
            with httpx.Client(verify=known, trust_env=False, headers={"Host": HOST}) as client:
                if refused(partial(client.get, f"{address}/healthz", extensions=sni)) == "200":
                    break
            time.sleep(0.3)
        tried(address, folder, token)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "nginx")
