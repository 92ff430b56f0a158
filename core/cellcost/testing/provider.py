"""A provider on loopback that speaks the paid APIs' wire formats and costs nothing.

For our tests and yours: script what the next answers are, point an SDK at `url`.
"""

import gzip
import json
import socket
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, cast

from cellcost.testing.wire import Spoken, whole_answer, written_events

__all__ = ["FakeProvider", "Received", "Reply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one request gets. The default is a short answer with its usage."""

    status: int = 200
    text: str = "Hello from the fake provider."
    model: str = ""
    """The model that answers; by default the one asked for."""
    input_tokens: int = 100
    output_tokens: int = 10
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    service_tier: str = "default"
    usage: bool = True
    body: bytes | None = None
    """Sent as it is instead of an answer (HTML, half JSON, ...)."""
    content_type: str = "application/json"
    gzip: bool = False
    cut_after: int | None = None
    """Events (or, not streamed, bytes) after which the connection is cut."""
    hold_after: int | None = None
    """Events (or, not streamed, 0) after which to wait for `gate`."""
    gate: threading.Event = field(default_factory=threading.Event)
    held: threading.Event = field(default_factory=threading.Event)
    """Set once the reply waits for `gate`."""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Received:
    """One request that the provider got."""

    path: str
    headers: Mapping[str, str]
    body: Any


class FakeProvider:
    """Serves on a free loopback port inside `with`."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._replies: deque[Reply] = deque()
        self._default = Reply()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(
            # Looks for the end often: a test waits for it.
            target=self._server.serve_forever,
            args=(0.01,),
            daemon=True,
        )

    def __enter__(self) -> "FakeProvider":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._default.gate.set()
        for reply in self._replies:
            reply.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port served."""
        return int(self._server.server_address[1])

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:port`, the base URL that the Anthropic SDK wants."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port/v1`, the base URL that the OpenAI SDK wants."""
        return f"{self.origin}/v1"

    def script(self, *replies: Reply) -> None:
        """Answer the next requests with these, in order; then by default again."""
        self._replies.extend(replies)

    def always(self, reply: Reply) -> None:
        """Answer every request without a scripted reply with this one."""
        self._default = reply

    def next_reply(self) -> Reply:
        """Return what the next request gets."""
        try:
            return self._replies.popleft()
        except IndexError:
            return self._default


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are what many tests are about."""


def _handler_of(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            try:
                body = json.loads(raw)
            except ValueError:
                body = raw
            path = self.path.partition("?")[0]
            provider.received.append(Received(path, dict(self.headers), body))
            asked: Mapping[str, Any] = as_object(body)
            _Answering(self, provider.next_reply(), path, asked).send()

    return Handler


class _Answering:
    """Sends one reply over one connection."""

    def __init__(
        self,
        handler: BaseHTTPRequestHandler,
        reply: Reply,
        path: str,
        asked: Mapping[str, Any],
    ) -> None:
        self._handler = handler
        self._reply = reply
        self._asked = asked
        self._spoken = Spoken(
            path=path,
            model=reply.model or str(asked.get("model", "")),
            words=tuple(_words(reply.text)),
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            cached_tokens=reply.cached_tokens,
            cache_write_tokens=reply.cache_write_tokens,
            reasoning_tokens=reply.reasoning_tokens,
            service_tier=reply.service_tier,
            usage=reply.usage,
        )

    def send(self) -> None:
        """Send the reply."""
        reply = self._reply
        if reply.status >= 400 and reply.body is None:
            error = {"type": "error", "error": {"type": "fake", "message": "as told"}}
            self._whole(json.dumps(error).encode())
        elif reply.body is not None:
            self._whole(reply.body)
        elif self._asked.get("stream") is True:
            self._streamed()
        else:
            self._whole(json.dumps(whole_answer(self._spoken)).encode())

    def _whole(self, body: bytes) -> None:
        reply = self._reply
        if reply.hold_after is not None:
            self._wait()
        if reply.gzip:
            body = gzip.compress(body)
        self._head(reply.content_type, {"content-length": str(len(body))})
        if reply.cut_after is not None:
            self._handler.wfile.write(body[: reply.cut_after])
            self._cut()
        else:
            self._handler.wfile.write(body)

    def _streamed(self) -> None:
        self._head("text/event-stream", {"transfer-encoding": "chunked"})
        squeeze = _GzipStream() if self._reply.gzip else None
        for number, event in enumerate(self._events()):
            if self._reply.hold_after == number:
                self._wait()
            if self._reply.cut_after == number:
                self._cut()
                return
            self._chunk(squeeze.add(event) if squeeze else event)
        if squeeze:
            self._chunk(squeeze.end())
        self._handler.wfile.write(b"0\r\n\r\n")

    def _events(self) -> Iterator[bytes]:
        options: Any = self._asked.get("stream_options") or {}
        asked = options.get("include_usage") is True
        return written_events(self._spoken, usage_asked=asked)

    def _head(self, content_type: str, more: Mapping[str, str]) -> None:
        reply, handler = self._reply, self._handler
        handler.send_response(reply.status)
        encoding = {"content-encoding": "gzip"} if reply.gzip else {}
        named = {"content-type": content_type, "x-request-id": "req-fake"}
        for name, value in {**named, **more, **encoding, **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()

    def _chunk(self, content: bytes) -> None:
        if content:
            self._handler.wfile.write(f"{len(content):x}\r\n".encode())
            self._handler.wfile.write(content + b"\r\n")
            self._handler.wfile.flush()

    def _wait(self) -> None:
        self._handler.wfile.flush()
        self._reply.held.set()
        self._reply.gate.wait(timeout=60)

    def _cut(self) -> None:
        self._handler.wfile.flush()
        self._handler.close_connection = True
        self._handler.connection.shutdown(socket.SHUT_RDWR)


class _GzipStream:
    """Compresses piece by piece, each piece readable at once."""

    def __init__(self) -> None:
        self._flush = zlib.Z_SYNC_FLUSH
        self._inner = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)

    def add(self, content: bytes) -> bytes:
        return self._inner.compress(content) + self._inner.flush(self._flush)

    def end(self) -> bytes:
        return self._inner.flush()


def as_object(value: object) -> Mapping[str, Any]:
    """Return `value` if it is a JSON object, else an empty one."""
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _words(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find(" ", start + 1)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end
