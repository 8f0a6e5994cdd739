"""A small store that speaks as much of Google Cloud Storage as reading takes: list, describe, get.

It runs as a program of its own: PyArrow's client for Google holds Python's lock while it reads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

AT = "2026-01-05T00:00:00Z"


@contextmanager
def serving(bucket: str, folder: Path) -> Iterator[str]:
    """The address of a store whose one bucket holds a folder's files."""
    command = [sys.executable, __file__, bucket, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def credentials(folder: Path) -> Path:
    """A service account's file with a key of its own: the client signs with it, and asks for no token."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(*form)
    said = {
        "type": "service_account", "client_email": "rounds@ward.example", "private_key_id": "k",
        "private_key": key.decode(), "token_uri": "http://127.0.0.1:9/token",
    }  # fmt: skip
    file = folder / "account.json"
    file.write_text(json.dumps(said), encoding="utf-8")
    return file


def serve(bucket: str, folder: Path) -> None:
    objects = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Nothing."""

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            place, _, key = unquote(url.path).removeprefix("/storage/v1/b/").partition("/o")
            key = key.removeprefix("/")
            if not self.headers.get("Authorization", "").startswith("Bearer ey"):
                self._say(401, b"{}")
            elif place != bucket or (key and key not in objects):
                self._say(404, b'{"error": {"code": 404, "message": "Not Found"}}')
            elif not key:
                prefix = query.get("prefix", [""])[0]
                items = [self._of(name) for name in objects if name.startswith(prefix)]
                self._say(200, json.dumps({"kind": "storage#objects", "items": items}).encode())
            elif query.get("alt") == ["media"]:
                self._send(objects[key].read_bytes())
            else:
                self._say(200, json.dumps(self._of(key)).encode())

        def _of(self, name: str) -> dict[str, str]:
            size = str(objects[name].stat().st_size)
            said = {"kind": "storage#object", "name": name, "bucket": bucket, "size": size, "updated": AT}
            return {**said, "timeCreated": AT, "generation": "1", "metageneration": "1"}

        def _send(self, body: bytes) -> None:
            first, _, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
            part = body[int(first) : int(last or len(body)) + 1] if first else body
            span = f"bytes {first}-{int(first or 0) + len(part) - 1}/{len(body)}"
            self._say(206 if first else 200, part, {"Content-Range": span} if first else {})

        def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"X-Goog-Generation": "1", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
