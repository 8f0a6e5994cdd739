"""A small store that speaks as much S3 as reading takes: list, head, get with a range."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY = "AKIAROUNDSTEST"
CHANGED = "2026-01-05T00:00:00.000Z"


@dataclass
class Store:
    """Objects of one bucket, and every request that was made."""

    bucket: str
    objects: Mapping[str, bytes]
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def read(self) -> set[str]:
        """The objects of which any byte was asked for."""
        return {path for method, path in self.asked if method == "GET" and path in self.objects}


@contextmanager
def serving(bucket: str, objects: Mapping[str, bytes]) -> Iterator[Store]:
    """The store, on a free port of this machine."""
    store = Store(bucket, objects)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answered()

        def do_GET(self) -> None:
            self._answered()

        def log_message(self, *args: object) -> None:
            """Nothing."""

        def _answered(self) -> None:
            url = urlsplit(self.path)
            bucket, _, key = unquote(url.path).lstrip("/").partition("/")
            store.asked.append((self.command, key))
            if f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
                self._say(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
            elif bucket != store.bucket:
                self._say(404, b"<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>")
            elif not key:
                self._say(200, self._listed(parse_qs(url.query)))
            elif key not in store.objects:
                self._say(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")
            else:
                self._send(store.objects[key])

        def _listed(self, query: Mapping[str, list[str]]) -> bytes:
            prefix = query.get("prefix", [""])[0]
            held = "".join(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{CHANGED}</LastModified>"
                f"<Size>{len(body)}</Size></Contents>"
                for key, body in sorted(store.objects.items())
                if key.startswith(prefix)
            )
            return f"<ListBucketResult><IsTruncated>false</IsTruncated>{held}</ListBucketResult>".encode()

        def _send(self, body: bytes) -> None:
            first, _, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
            part = body[int(first) : int(last or len(body)) + 1] if first else body
            ranged = {"Content-Range": f"bytes {first}-{last}/{len(body)}"} if first else {}
            self._say(
                206 if first else 200, part, {"Last-Modified": "Mon, 05 Jan 2026 00:00:00 GMT"} | ranged
            )

        def _say(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    store.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
