"""Calls through a proxy: the call is the provider's, however it travels."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import httpx2
import openai
import pytest

from cellcost.testing.provider import FakeProvider

BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hello"}]}
STACKS = pytest.mark.parametrize("http", [httpx, httpx2])
REFUSAL = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"


class Proxy(socketserver.ThreadingTCPServer):
    """Forwards plain requests, refuses tunnels; or refuses everything."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hop)
        self.refuses = False
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://user:canary-password@127.0.0.1:{self.server_address[1]}"


class _Hop(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        first = self.rfile.readline().decode()
        method, target, _ = first.split()
        self.server.asked.append(f"{method} {target}")
        head, length = "", 0
        while line := self.rfile.readline().decode().strip():
            name = line.lower().partition(":")[0]
            if name == "content-length":
                length = int(line.partition(":")[2])
            if not name.startswith("proxy-"):
                head += f"{line}\r\n"
        body = self.rfile.read(length)
        if self.server.refuses or method == "CONNECT":
            self.wfile.write(REFUSAL)
            return
        there = urlsplit(target)
        with socket.create_connection((there.hostname, there.port)) as onward:
            head += "connection: close\r\n"
            onward.sendall(f"{method} {there.path} HTTP/1.1\r\n{head}\r\n".encode())
            onward.sendall(body)
            while part := onward.recv(65536):
                self.wfile.write(part)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy that the environment names, as in many firms."""
    with Proxy() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, running.url)
            monkeypatch.setenv(name.lower(), running.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        yield running
        running.shutdown()
        thread.join()


def chat_url(provider: FakeProvider) -> str:
    return f"{provider.url}/chat/completions"


@STACKS
@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_through_a_proxy_is_the_providers(
    meter: Any, provider: FakeProvider, proxy: Proxy, http: Any, streamed: bool
) -> None:
    options = {"stream": streamed, "stream_options": {"include_usage": True}}
    with http.stream("POST", chat_url(provider), json={**BODY, **options}) as response:
        assert response.status_code == 200
        assert b"Hello" in response.read()
    assert proxy.asked == [f"POST {chat_url(provider)}"]
    event = meter.event()
    assert event.confidence == "measured"
    assert event.call.endpoint == f"127.0.0.1:{provider.port}"
    assert event.call.provider == "openai"
    meter.writer.close()
    stored = b"".join(p.read_bytes() for p in meter.home.rglob("*") if p.is_file())
    assert b"canary-password" not in stored


def test_the_sdk_through_a_proxy_is_counted_once(
    meter: Any, provider: FakeProvider, proxy: Proxy
) -> None:
    with openai.OpenAI(api_key="k", base_url=provider.url, max_retries=0) as client:
        client.chat.completions.create(**BODY)
    assert proxy.asked == [f"POST {chat_url(provider)}"]
    assert meter.event().confidence == "measured"


@STACKS
def test_a_proxy_that_refuses_a_call_costs_nothing(
    meter: Any, provider: FakeProvider, proxy: Proxy, http: Any
) -> None:
    proxy.refuses = True
    assert http.post(chat_url(provider), json=BODY).status_code == 407
    event = meter.event()
    assert (event.lines, event.note) == ((), "HTTP 407")
    assert provider.received == []


@STACKS
def test_a_tunnel_that_is_refused_raises_as_ever_and_costs_nothing(
    meter: Any, proxy: Proxy, http: Any
) -> None:
    with pytest.raises(http.ProxyError):
        http.post("https://api.openai.com/v1/chat/completions", json=BODY)
    assert proxy.asked == ["CONNECT api.openai.com:443"]
    event = meter.event()
    assert (event.lines, event.note) == ((), "not sent: ProxyError")
    assert event.call.provider == "openai"


@STACKS
def test_a_proxy_that_is_not_there_costs_nothing(
    meter: Any, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, http: Any
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(http.ConnectError):
        http.post(chat_url(provider), json=BODY)
    assert meter.event().note == "not sent: ConnectError"
