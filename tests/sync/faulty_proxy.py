"""A loopback proxy between client and ledger that fails as networks and servers do."""

import http.client
import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import zstandard

__all__ = ["FaultyProxy"]


class FaultyProxy:
    """Answers each request by the next word of `script`; passes it on when empty.

    `pass`, a status (`500`, `429 Retry-After`), `reset` (the request is cut off before
    the ledger sees it), `lost` (the ledger commits, its answer is cut off), `page` (a
    captive portal's 200).
    """

    def __init__(self, port: int, *, certificate: Path | None = None) -> None:
        self.script: deque[str] = deque()
        self.bodies: list[dict[str, Any]] = []
        self.refuse: Callable[[dict[str, Any]], int] = lambda body: 0
        """Returns a status to answer a batch with, 0 to go on."""
        self.connections = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                proxy.connections += 1

            def do_GET(self) -> None:
                proxy._serve(self, b"")

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                proxy._serve(self, self.rfile.read(length))

            def log_message(self, *args: object) -> None:
                pass

        self._target = port
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True
            )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, asked: BaseHTTPRequestHandler, body: bytes) -> None:
        word, _, rest = (self.script.popleft() if self.script else "pass").partition(
            " "
        )
        if body:
            batch = json.loads(_plain(asked, body))
            self.bodies.append(batch)
            status = self.refuse(batch)
            if status:
                word, rest = str(status), ""
        if word == "reset":
            _cut(asked)
        elif word == "page":
            _answer(asked, 200, b"<html>Please log in to the network</html>", {})
        elif word.isdigit():
            said = {"error": "x", "message": "no", "hint": "", "status": int(word)}
            more = {"Retry-After": rest} if rest else {}
            _answer(asked, int(word), json.dumps(said).encode(), more)
        else:
            status, found = self._passed_on(asked, body)
            if word == "lost":
                _cut(asked)
            else:
                _answer(asked, status, found, {})

    def _passed_on(
        self, asked: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._target, timeout=60)
        headers = {k: v for k, v in asked.headers.items() if k.lower() != "host"}
        connection.request(asked.command, asked.path, body or None, headers)
        response = connection.getresponse()
        found = response.read()
        connection.close()
        return response.status, found


def _plain(asked: BaseHTTPRequestHandler, body: bytes) -> bytes:
    if asked.headers.get("Content-Encoding") == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body


def _answer(
    asked: BaseHTTPRequestHandler, status: int, body: bytes, more: dict[str, str]
) -> None:
    asked.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **more}.items():
        asked.send_header(name, value)
    asked.end_headers()
    asked.wfile.write(body)


def _cut(asked: BaseHTTPRequestHandler) -> None:
    # Lingering for 0 seconds makes the close a reset.
    asked.connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    asked.close_connection = True
    asked.connection.close()
