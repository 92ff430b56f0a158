"""One user's machine: a home, a running Jupyter server, its kernels, the command."""

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from cellcost.testing.provider import FakeProvider

SECONDS = 120
Json = dict[str, Any]


def until(read: Callable[[], Any], fits: Callable[[Any], object]) -> Any:
    """Return what `read` gives once it fits."""
    give_up = time.monotonic() + SECONDS
    pause = threading.Event()
    while True:
        value = read()
        if fits(value):
            return value
        assert time.monotonic() < give_up, f"never came: {value}"
        pause.wait(0.05)


@dataclass
class Notebook:
    """An open notebook: its kernel, as a page drives it."""

    path: str
    kernel_id: str
    session_id: str
    client: BlockingKernelClient

    def wait_for_start(self) -> None:
        """Wait until both channels answer; patient on a busy machine.

        `wait_for_ready` gives a kernel up whose heartbeat comes late.
        """
        give_up = time.monotonic() + SECONDS
        while time.monotonic() < give_up:
            self.client.kernel_info()
            try:
                self.client.get_shell_msg(timeout=1)
                self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            return
        raise AssertionError(f"the kernel of {self.path} does not answer")

    def send(self, source: str, *, cell: str, tags: Sequence[str] = ()) -> str:
        """Run a cell as JupyterLab does, all its metadata with it."""
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        metadata = {"cellId": cell, "tags": list(tags)}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def wait(self, msg_id: str) -> list[Any]:
        """Return the JSON values that a cell printed, once the kernel is idle again."""
        printed = errors = ""
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            content = message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed += content["text"]
            elif message["msg_type"] == "stream":
                errors += content["text"]
            elif message["msg_type"] == "error":
                raise AssertionError("\n".join(content["traceback"]))
            elif content.get("execution_state") == "idle":
                assert errors == ""
                return [json.loads(line) for line in printed.splitlines()]

    def run(self, source: str, *, cell: str, tags: Sequence[str] = ()) -> list[Any]:
        """Run a cell to its end and return the JSON values that it printed."""
        return self.wait(self.send(source, cell=cell, tags=tags))

    def wait_for_print(self) -> None:
        """Wait until the running cell printed something."""
        while self.client.get_iopub_msg(timeout=SECONDS)["msg_type"] != "stream":
            pass


@dataclass
class Desk:
    """Everything that one user has."""

    folder: Path
    work: Path
    home: Path
    environment: dict[str, str]
    url: str = ""
    opened: list[Notebook] = field(default_factory=list)

    # -- files and the command ---------------------------------------------------------

    def write(self, name: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Write an empty notebook."""
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": metadata or {},
            "cells": [],
        }
        (self.work / name).write_text(json.dumps(notebook), encoding="utf-8")

    def python(self, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Run this Python in the work folder."""
        variables = how.pop("variables", {})
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.work,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            **how,
        )

    def cellcost(self, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        call = "import sys; from cellcost.cli import main; sys.exit(main())"
        return self.python("-c", call, *arguments, **how)

    def events(self) -> list[Json]:
        """Return what `cellcost events --json` prints."""
        done = self.cellcost("events", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def report(self, by: str) -> dict[str, Json]:
        """Return the rows of `cellcost report --json`, by their key."""
        done = self.cellcost("report", "--by", by, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return {row["key"]: row for row in json.loads(done.stdout)}

    # -- the server --------------------------------------------------------------------

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the server's REST API."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "token journeys"},
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def api(self, route: str, **params: str) -> Json:
        """Ask cellcost's own API."""
        query = urllib.parse.urlencode(params)
        answer: Json = self.request("GET", f"cellcost/api/{route}?{query}")
        return answer

    def notebook(self, path: str, fits: Callable[[Json], object]) -> Json:
        """Return a notebook's figures once they fit."""
        found: Json = until(lambda: self.api("notebook", path=path), fits)
        return found

    def open(self, name: str, *, kernel: str = "python3") -> Notebook:
        """Start a kernel for a notebook, as opening it in JupyterLab does."""
        body = {
            "path": name,
            "name": name,
            "type": "notebook",
            "kernel": {"name": kernel},
        }
        session: Json = self.request("POST", "api/sessions", body)
        kernel_id = session["kernel"]["id"]
        client = BlockingKernelClient(
            connection_file=str(self.folder / "runtime" / f"kernel-{kernel_id}.json")
        )
        client.load_connection_file()
        client.start_channels()
        opened = Notebook(name, kernel_id, session["id"], client)
        self.opened.append(opened)
        opened.wait_for_start()
        return opened

    def close(self) -> None:
        """Stop talking to the kernels."""
        for notebook in self.opened:
            notebook.client.stop_channels()


StartDesk = Callable[..., AbstractContextManager[Desk]]


@pytest.fixture(scope="session")
def start_desk(tmp_path_factory: pytest.TempPathFactory) -> StartDesk:
    """Start a Jupyter server for a new user whose settings are the text given.

    With a `home` of another desk it is a second server of the same user.
    """

    @contextmanager
    def started(settings: str, home: Path | None = None) -> Iterator[Desk]:
        folder = tmp_path_factory.mktemp(f"desk-{uuid.uuid4().hex[:6]}")
        own = home or folder / "home"
        desk = Desk(folder, folder / "work", own, _environment(folder, own))
        desk.work.mkdir()
        (desk.work / ".git").mkdir()  # settings of a project above are not ours
        if home is None:
            own.mkdir()
            (own / "cellcost.toml").write_text(settings, encoding="utf-8")
        process = _start_server(desk)
        try:
            yield desk
        finally:
            desk.close()
            process.terminate()
            process.wait(SECONDS)

    return started


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    """A provider whose host the settings map to OpenAI's price list."""
    with FakeProvider() as fake:
        yield fake


@pytest.fixture(scope="module")
def desk(start_desk: StartDesk, provider: FakeProvider) -> Iterator[Desk]:
    """A desk whose settings know the fake provider."""
    settings = f'[[endpoints]]\nurl = "{provider.origin}"\nprovider = "openai"\n'
    with start_desk(settings) as started:
        yield started


def _environment(folder: Path, home: Path) -> dict[str, str]:
    ours = ("CELLCOST", "JUPYTER", "JPY_", "IPYTHON", "OPENAI", "ANTHROPIC")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return kept | {
        "CELLCOST_HOME": str(home),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "PYTHONUTF8": "1",
    }


def _start_server(desk: Desk) -> subprocess.Popen[bytes]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": str(port),
        "ServerApp.port_retries": "0",
        "ServerApp.root_dir": str(desk.work),
        "ServerApp.open_browser": "False",
        "ServerApp.allow_root": "True",
        "ServerApp.jpserver_extensions": "{'cellcost_server': True}",
        "IdentityProvider.token": "journeys",
    }
    desk.url = f"http://127.0.0.1:{port}/"
    log = desk.folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server"]
            + [f"--{name}={value}" for name, value in options.items()],
            env=desk.environment,
            cwd=desk.work,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: _answers(desk, process, log), bool)
    except BaseException:
        process.kill()
        process.wait(SECONDS)
        raise
    return process


def _answers(desk: Desk, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()[-4000:]
    try:
        desk.request("GET", "api/status")
    except (urllib.error.URLError, ConnectionError):
        return False
    return True
