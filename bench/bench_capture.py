"""A metered SDK call beside the bare one: capture alone, the whole path, a chunk.

The floor is the OpenAI SDK's own sync call over a kept-alive loopback connection to a
small process that sends fixed bytes: the cheapest call that is still one. Calls are
timed in CPU of this process, its background thread included: waiting for the other
process would only add its noise to both sides.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import openai

from cellcost.config import Endpoint
from cellcost.journal import About, Writer
from cellcost.prices import PriceBook
from cellcost.prices.catalogue import load_catalogue
from cellcost.records import Event, Intent, Live
from cellcost_meter import attribution, call_site
from cellcost_meter.capture.capturing import Capture
from cellcost_meter.capture.decode import decoder_for
from cellcost_meter.capture.dialects.openai_chat import CHAT
from cellcost_meter.capture.httpx_stack import hook_clients
from cellcost_meter.capture.retries import Retries
from cellcost_meter.capture.sinks import EventSink
from cellcost_meter.capture.streams import Tap
from cellcost_meter.capture.switch import Switch
from cellcost_meter.recorder import CallRecorder
from measure import BenchPath, per_call_us

_CALLS = 300
_CHUNKS = 2_000

_ANSWER = json.dumps({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1,
    "model": "gpt-5-mini-2025-08-07", "service_tier": "default",
    "choices": [{
        "index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "word " * 150},
    }],
    "usage": {
        "prompt_tokens": 1200, "completion_tokens": 150, "total_tokens": 1350,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 64, "audio_tokens": 0},
    },
}).encode()  # fmt: skip
_MESSAGES: Any = [{"role": "user", "content": "a question of ordinary length " * 40}]
_CHUNK = (
    b'data: {"id":"c","model":"gpt-5-mini","choices":'
    b'[{"index":0,"delta":{"content":" word"}}]}\n\n'
)


class _Server:
    """A process that answers every request on a connection with the same bytes."""

    _PROGRAM = textwrap.dedent("""
        import socket, sys, threading
        answer = sys.stdin.buffer.read()
        head = (b"HTTP/1.1 200 OK\\r\\n"
                b"content-type: application/json\\r\\n"
                b"content-length: %d\\r\\n\\r\\n" % len(answer))
        def serve(peer):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffer = b""
            while True:
                while b"\\r\\n\\r\\n" not in buffer:
                    got = peer.recv(65536)
                    if not got:
                        return
                    buffer += got
                top, _, buffer = buffer.partition(b"\\r\\n\\r\\n")
                length = int(top.lower().split(b"content-length: ")[1].split()[0])
                while len(buffer) < length:
                    buffer += peer.recv(65536)
                buffer = buffer[length:]
                peer.sendall(head + answer)
        server = socket.create_server(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        while True:
            peer, _ = server.accept()
            threading.Thread(target=serve, args=(peer,), daemon=True).start()
    """)

    def __init__(self, answer: bytes) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", self._PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(answer)
        self._child.stdin.close()
        self.url = f"http://127.0.0.1:{int(self._child.stdout.readline())}/v1"

    def close(self) -> None:
        """End the process."""
        self._child.kill()
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()


class _NoJournal:
    """Takes every record and keeps none: what is left is capture alone."""

    def begin(self, intent: Intent) -> None:
        return

    def settle(self, event: Event) -> None:
        return

    def update_live(self, rows: Sequence[Live]) -> None:
        return

    def checkpoint(self) -> bool:
        return True

    def say_lost(self) -> None:
        return


def paths() -> list[BenchPath]:
    """The rows of capture."""
    folder = Path(tempfile.mkdtemp(prefix="cellcost-bench-"))
    server = _Server(_ANSWER)
    client = openai.OpenAI(api_key="k", base_url=server.url)
    endpoints = (Endpoint(url=server.url, provider="openai"),)
    book = PriceBook(load_catalogue(), endpoints)
    writer = Writer(folder, about=About(host="bench", pid=os.getpid(), version="0"))

    def capture_into(journal: Any) -> Capture:
        recorder = CallRecorder(
            journal=journal,
            book=lambda: book,
            where=attribution.where,
            call_site=call_site.here,
        )
        return Capture(recorder, Switch("httpx2", lambda *_: None), Retries())

    def call() -> None:
        client.chat.completions.create(model="gpt-5-mini", messages=_MESSAGES)

    def metered(capture: Capture) -> Callable[[], float]:
        def sample() -> float:
            stop = hook_clients(httpx2, capture)
            try:
                return _cpu_us(call)
            finally:
                stop()

        return sample

    def bare() -> float:
        return _cpu_us(call)

    def tear_down() -> None:
        client.close()
        server.close()
        writer.close()
        shutil.rmtree(folder)

    alone, whole = metered(capture_into(_NoJournal())), metered(capture_into(writer))
    return [
        BenchPath(
            name="capture alone, SDK call",
            figure=alone,
            floor=bare,
            goal_added_us=50,
            goal_ratio=1.1,
            rounds=9,
        ),
        BenchPath(
            name="whole path (intent, price, settlement), SDK call",
            figure=whole,
            floor=bare,
            goal_ratio=1.25,
            rounds=9,
        ),
        BenchPath(
            name="chunk hook",
            figure=_fed,
            goal_us=3,
            close=tear_down,
        ),
    ]


def _cpu_us(call: Callable[[], object]) -> float:
    started = time.process_time_ns()
    for _ in range(_CALLS):
        call()
    return (time.process_time_ns() - started) / _CALLS / 1000


def _fed() -> float:
    """Return what storing one chunk takes, the reading of full buffers included."""
    tap = Tap(EventSink(CHAT.stream()), decoder_for(""), lambda *_: None)
    return per_call_us(lambda: tap.feed(_CHUNK), calls=_CHUNKS)
