"""A small FHIR R4 server on loopback: searches with paging, a token, and faults on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Resource = dict[str, Any]


class Served:
    """What the server holds, and what it was asked."""

    def __init__(self, resources: Sequence[Resource], token: str | None = None) -> None:
        self.resources, self.token = list(resources), token
        self.asked: list[str] = []
        self.faults: list[tuple[int, dict[str, str]]] = []
        self.next_elsewhere = False
        self.url = ""


@contextmanager
def serving(resources: Sequence[Resource], token: str | None = None) -> Iterator[Served]:
    """A server for as long as the block lasts."""
    held = Served(resources, token)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held.asked.append(self.path)
            if held.faults:
                code, headers = held.faults.pop(0)
                self._answer(code, {"resourceType": "OperationOutcome"}, headers)
            elif held.token and self.headers.get("Authorization") != f"Bearer {held.token}":
                self._answer(401, {"resourceType": "OperationOutcome"}, {})
            else:
                self._answer(200, self._bundle(), {})

        def _bundle(self) -> Resource:
            parts = urlsplit(self.path)
            kind, asked = parts.path.rpartition("/")[2], parse_qs(parts.query)
            found = [r for r in held.resources if r["resourceType"] == kind]
            start, count = int(asked.get("_offset", ["0"])[0]), min(int(asked["_count"][0]), 3)
            page = found[start : start + count]
            if "_include" in asked:
                wanted = {r["subject"]["reference"] for r in page if "subject" in r}
                page += [r for r in held.resources if f"{r['resourceType']}/{r['id']}" in wanted]
            links = [{"relation": "self", "url": held.url + self.path}]
            if start + count < len(found):
                rest = "&".join(f"{k}={v[0]}" for k, v in asked.items() if k != "_offset")
                host = "http://127.0.0.2:9/fhir/" if held.next_elsewhere else held.url + "/"
                links.append({"relation": "next", "url": f"{host}{kind}?{rest}&_offset={start + count}"})
            entries = [{"resource": resource} for resource in page]
            return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries}

        def _answer(self, code: int, body: Resource, headers: dict[str, str]) -> None:
            told = json.dumps(body).encode()
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(told))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_port}/fhir"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
