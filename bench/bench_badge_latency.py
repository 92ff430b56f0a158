"""How long after a call's usage is stored its figure is on Jupyter's event stream.

A real jupyter_server in its own process, a real kernel session, a real journal; the
clock runs from just before `Writer.settle` until the websocket message has arrived.
What the page adds (one DOM update) is not in it.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import tornado.httpclient
import tornado.ioloop
import tornado.websocket

from cellcost.journal import About, Writer
from cellcost.records import Where
from cellcost.testing.records import WHERE, intent_of, make_event
from measure import BenchPath

_TOKEN = "bench"
_CALLS_PER_ROUND = 12
_BETWEEN_SECONDS = 0.37
"""Between two calls: more than the stream's pace, and no multiple of the poll."""


class _Server:
    """A jupyter_server with the extension, and one notebook open in it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"127.0.0.1:{port}"
        home = folder / "home"
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyter_server",
                f"--ServerApp.port={port}",
                "--ServerApp.port_retries=0",
                "--ServerApp.jpserver_extensions={'cellcost_server': True}",
                f"--IdentityProvider.token={_TOKEN}",
                f"--ServerApp.root_dir={folder}",
                "--ServerApp.open_browser=False",
                "--ServerApp.allow_root=True",
            ],
            env={
                **os.environ,
                "CELLCOST_HOME": str(home),
                "JUPYTER_CONFIG_DIR": str(folder / "config"),
                "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await_answer()
        self._post("api/sessions", _SESSION)
        self.writer = Writer(home, about=About(host="bench", pid=1, version="0"))
        self._loop = tornado.ioloop.IOLoop(make_current=False)
        self._socket: Any = self._loop.run_sync(self._connect)
        self._n = 0

    def latencies_us(self) -> list[float]:
        """Return the microseconds from usage to event for some calls."""
        return [self._loop.run_sync(self._one) for _ in range(_CALLS_PER_ROUND)]

    def close(self) -> None:
        """Stop the server and its kernel."""
        self._socket.close()
        self.writer.close()
        self._process.terminate()
        self._process.wait(30)
        self._loop.close(all_fds=True)
        self._folder.cleanup()

    async def _one(self) -> float:
        time.sleep(_BETWEEN_SECONDS)
        self._n += 1
        where: Where = replace(WHERE, notebook="bench.ipynb", run_id=f"run-{self._n}")
        event = replace(make_event(), where=where)
        self.writer.begin(intent_of(event))
        time.sleep(_BETWEEN_SECONDS)
        started = time.perf_counter_ns()
        self.writer.settle(event)
        while True:
            body = json.loads(await self._socket.read_message())
            cells = body.get("cells") or [{}]
            run, state = cells[0].get("run_id"), cells[0].get("state")
            if run == where.run_id and state == "measured":
                return (time.perf_counter_ns() - started) / 1000

    async def _connect(self) -> Any:
        request = tornado.httpclient.HTTPRequest(
            f"ws://{self.base}/api/events/subscribe?token={_TOKEN}"
        )
        return await tornado.websocket.websocket_connect(request)

    def _await_answer(self) -> None:
        for _ in range(300):
            try:
                self._get("api/status")
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("jupyter_server did not start within 30 s")

    def _get(self, route: str) -> None:
        self._ask(urllib.request.Request(f"http://{self.base}/{route}"))

    def _post(self, route: str, body: object) -> None:
        data = json.dumps(body).encode()
        self._ask(urllib.request.Request(f"http://{self.base}/{route}", data=data))

    def _ask(self, request: urllib.request.Request) -> None:
        request.add_header("Authorization", f"token {_TOKEN}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()


_SESSION = {
    "path": "bench.ipynb",
    "name": "bench.ipynb",
    "type": "notebook",
    "kernel": {"name": "python3"},
}


def paths() -> list[BenchPath]:
    """Return the one path: usage stored -> event received."""
    server = _Server()
    return [
        BenchPath(
            name="usage -> event stream",
            figure=server.latencies_us,
            statistic="p95",
            goal_us=150_000,
            rounds=5,
            close=server.close,
        )
    ]
