"""A webhook on loopback that writes down what it is told."""

import hashlib
import hmac
import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass
class Told:
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed(self, secret: str) -> bool:
        at, _, found = self.headers["cellcost-signature"].partition(",v1=")
        signed = at.removeprefix("t=").encode() + b"." + self.body
        ours = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(found, ours)


@dataclass
class Webhook:
    """Answers with the next of `answers`, then with 200."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    """Cleared: what comes is written down, and not answered until it is set."""

    def __post_init__(self) -> None:
        self.go_on.set()

    def __enter__(self) -> "Webhook":
        webhook = self

        class Answers(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {k.lower(): v for k, v in self.headers.items()}
                webhook.told.append(Told(self.path, headers, body))
                webhook.go_on.wait()
                status, more = 200, dict[str, str]()
                if webhook.answers:
                    status, more = webhook.answers.pop(0)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                # Whoever asked may have left.
                with suppress(OSError):
                    self.end_headers()
                    self.wfile.write(b"ok")

            def log_message(self, *_args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        # Each closes its connection: `server_close` waits for that.
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hidden-path"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
