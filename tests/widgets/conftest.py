"""Real kernels with the meter, providers on loopback, and what a page would get."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from cellcost.testing.provider import FakeProvider

STARTUP_FILE = Path(__file__).parents[2] / "meter" / "shared" / "50-cellcost.py"
SECONDS = 60
VIEW = "application/vnd.jupyter.widget-view+json"

SETUP = """
import asyncio, json, os, threading
import openai

def client(url):
    return openai.OpenAI(api_key="none", base_url=url, max_retries=0)

def ask(url={known!r}, model="gpt-5-mini", client=client):
    answer = client(url).chat.completions.create(
        model=model, messages=[dict(role="user", content="secret words")])
    return answer.choices[0].message.content

def ask_stranger():
    return ask({stranger!r}, "smollm2")
"""


@dataclass
class Answer:
    """What one cell gave back."""

    msg_id: str
    status: str = ""
    printed: str = ""
    errors: str = ""
    error: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def bundles(self) -> list[dict[str, Any]]:
        """The data of every output that was shown, oldest first."""
        return [
            message["content"]["data"]
            for message in self.messages
            if message["msg_type"] in ("display_data", "execute_result")
        ]

    @property
    def shown(self) -> str:
        """The text of the one output that was shown."""
        assert (self.error, self.errors) == ("", "")
        (bundle,) = self.bundles
        return str(bundle["text/plain"])

    @property
    def value(self) -> Any:
        """The one output that was shown, as JSON."""
        return json.loads(self.shown)


class Kernel:
    """A running kernel, one client of it, and its journal's home."""

    def __init__(self, folder: Path, toml: str, **variables: str) -> None:
        startup = folder / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        shutil.copy(STARTUP_FILE, startup)
        self.home = folder / "home"
        self.home.mkdir()
        (self.home / "cellcost.toml").write_text(toml, encoding="utf-8")
        self.notebook = folder / "demo.ipynb"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CELLCOST_", "JPY_"))
        }
        self.environment = {
            **kept,
            "IPYTHONDIR": str(folder / "ipython"),
            "CELLCOST_HOME": str(self.home),
            "JPY_SESSION_NAME": str(self.notebook),
            **variables,
        }
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=self.environment, cwd=str(folder))
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def send(self, code: str, *, cell_id: str = "cell") -> str:
        """Send a cell as JupyterLab does and return the request's id."""
        message = self.client.session.msg(
            "execute_request",
            {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": False,
            },
            metadata={"cellId": cell_id, "tags": []},
        )
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, *, cell_id: str = "cell") -> Answer:
        """Run a cell and wait until the kernel is done with it."""
        return self.wait(self.send(code, cell_id=cell_id))

    def wait(
        self, msg_id: str, until: Callable[[dict[str, Any]], object] | None = None
    ) -> Answer:
        """Return what came until the request ended; with `until`, until that is true.

        A meter may be told when the cell has ended long since.
        """
        answer = Answer(msg_id)
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            kind, content = message["msg_type"], message["content"]
            if until is not None and until(message):
                answer.messages.append(message)
                return answer
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            answer.messages.append(message)
            if kind == "stream" and content["name"] == "stdout":
                answer.printed += content["text"]
            elif kind == "stream":
                answer.errors += content["text"]
            elif kind == "error":
                answer.error = f"{content['ename']}: {content['evalue']}"
            elif (
                kind == "status" and content["execution_state"] == "idle" and not until
            ):
                break
        while True:
            reply = self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == msg_id:
                answer.status = reply["content"].get("status", "")
                return answer

    def command(self, *arguments: str) -> str:
        """Return what `cellcost` prints on this kernel's journal."""
        done = subprocess.run(
            [sys.executable, "-m", "cellcost", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=True,
        )
        return done.stdout

    def close(self) -> None:
        """End it."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeProvider]:
    """A provider whose host the settings map to OpenAI's price list."""
    with FakeProvider() as fake:
        yield fake


@pytest.fixture(scope="session")
def stranger() -> Iterator[FakeProvider]:
    """A provider whose host nobody knows: its calls have no price."""
    with FakeProvider() as fake:
        yield fake


NewKernel = Callable[..., Kernel]


@pytest.fixture(scope="session")
def start(
    tmp_path_factory: pytest.TempPathFactory,
    provider: FakeProvider,
    stranger: FakeProvider,
) -> NewKernel:
    """Start a kernel that can `ask()` and `ask_stranger()`; who starts it ends it."""
    toml = f'[[endpoints]]\nurl = "{provider.url}"\nprovider = "openai"\n'
    setup = SETUP.format(known=provider.url, stranger=stranger.url)

    def made(**variables: str) -> Kernel:
        kernel = Kernel(tmp_path_factory.mktemp("kernel"), toml, **variables)
        assert kernel.run(setup, cell_id="setup").status == "ok"
        return kernel

    return made


@pytest.fixture
def new_kernel(start: NewKernel) -> Iterator[NewKernel]:
    """Start kernels for one test."""
    kernels: list[Kernel] = []

    def made(**variables: str) -> Kernel:
        kernels.append(start(**variables))
        return kernels[-1]

    yield made
    for kernel in kernels:
        kernel.close()


@pytest.fixture(scope="module")
def kernel(start: NewKernel) -> Iterator[Kernel]:
    """One kernel for a module."""
    kernel = start()
    yield kernel
    kernel.close()
