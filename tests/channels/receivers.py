"""Real receivers on the loopback: an HTTP server and a mail server that speaks STARTTLS."""

from __future__ import annotations

import http.server
import json
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Heard:
    """What a receiver was sent, and how it is to answer."""

    port: int = 0
    status: int = 200
    location: str = ""
    bodies: list[Any] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    clear: list[str] = field(default_factory=list)  # commands that came before encryption


@contextmanager
def http_receiver() -> Iterator[Heard]:
    heard = Heard()

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(heard.status)
            if heard.location:
                self.send_header("Location", heard.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    heard.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the loopback, signed by itself, and its key."""
    made, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", str(key), "-out", str(made), "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    return made, key


@contextmanager
def mail_receiver(folder: Path, *, offers_tls: bool = True) -> Iterator[Heard]:
    made, key = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    heard = Heard()

    class Session(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            sock, secure = self.request, False
            stream = sock.makefile("rb")
            sock.sendall(b"220 here\r\n")
            while line := stream.readline():
                word = line.decode().split()[0].upper()
                if not secure:
                    heard.clear.append(word)
                if word == "EHLO":
                    more = b"250-STARTTLS\r\n" if offers_tls and not secure else b"250-AUTH PLAIN\r\n"
                    sock.sendall(b"250-here\r\n" + more + b"250 8BITMIME\r\n")
                elif word == "STARTTLS":
                    sock.sendall(b"220 go\r\n")
                    sock, secure = context.wrap_socket(sock, server_side=True), True
                    stream = sock.makefile("rb")
                elif word == "AUTH":
                    heard.logins.append(line.decode().strip())
                    sock.sendall(b"235 ok\r\n")
                elif word == "DATA":
                    sock.sendall(b"354 go\r\n")
                    body = b""
                    while not body.endswith(b"\r\n.\r\n"):
                        body += stream.readline()
                    heard.bodies.append(body)
                    sock.sendall(b"250 ok\r\n" if heard.status == 200 else f"{heard.status} no\r\n".encode())
                elif word == "QUIT":
                    sock.sendall(b"221 bye\r\n")
                    break
                else:
                    sock.sendall(b"250 ok\r\n")
            if secure:
                stream.close()
                sock.close()

        def finish(self) -> None:
            """Nothing is left open."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that turns away is what some tests want."""

    with Server(("127.0.0.1", 0), Session) as server:
        heard.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield heard
        finally:
            server.shutdown()
