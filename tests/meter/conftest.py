"""A real kernel with the meter loaded, as users get it: by the startup file."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

STARTUP_FILE = Path(__file__).parents[2] / "meter" / "shared" / "50-cellcost.py"
SECONDS = 60


@dataclass
class Answer:
    """What one request to the kernel gave back."""

    msg_id: str
    status: str
    printed: str
    error: str = ""
    errors: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def values(self) -> list[Any]:
        """Every line that was printed as JSON."""
        return [json.loads(line) for line in self.printed.splitlines()]

    @property
    def value(self) -> Any:
        """The one line that was printed as JSON."""
        assert self.error == ""
        (value,) = self.values
        return value


class Kernel:
    """A running kernel and one client of it."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    @property
    def kernel_id(self) -> str:
        name = Path(self.manager.connection_file).stem
        return name.removeprefix("kernel-")

    def send(
        self,
        code: str,
        *,
        cell_id: str = "",
        tags: list[str] | None = None,
        silent: bool = False,
        stop_on_error: bool = True,
        subshell: str | None = None,
    ) -> str:
        """Send code as JupyterLab does, the cell's id and metadata with it."""
        client = self.client
        message = client.session.msg(
            "execute_request",
            {
                "code": code,
                "silent": silent,
                "store_history": not silent,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": stop_on_error,
            },
            metadata={"cellId": cell_id, "tags": tags or []} if cell_id else {},
        )
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, **how: Any) -> Answer:
        """Run code and wait until the kernel is done with it."""
        return self.wait(self.send(code, **how))

    def wait(self, msg_id: str) -> Answer:
        """Return what the request gave back, once the kernel is idle again."""
        answer = Answer(msg_id, "", "")
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            answer.messages.append(message)
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                if content["name"] == "stdout":
                    answer.printed += content["text"]
                else:
                    answer.errors += content["text"]
            elif kind == "error":
                answer.error = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                break
        answer.status = self.reply(msg_id)["content"].get("status", "")
        return answer

    def reply(self, msg_id: str) -> dict[str, Any]:
        """Return the shell reply to a request; {} for one that has none (comms)."""
        while True:
            message: dict[str, Any] = self.client.get_shell_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") == msg_id:
                return message

    def control(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Ask on the control channel and return the reply's content."""
        message = self.client.session.msg(kind, dict(content))
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                content = reply["content"]
                return dict(content)

    def comm_message(self, comm_id: str, data: Mapping[str, Any]) -> Answer:
        """Send a comm message, as a widget in the page does, and wait for its end."""
        message = self.client.session.msg(
            "comm_msg", {"comm_id": comm_id, "data": dict(data)}
        )
        self.client.shell_channel.send(message)
        return self.wait_quietly(message["header"]["msg_id"])

    def comm_open(self, target: str, data: Mapping[str, Any]) -> Answer:
        """Open a comm from the page's side and wait for the kernel's end of it."""
        message = self.client.session.msg(
            "comm_open",
            {"comm_id": uuid.uuid4().hex, "target_name": target, "data": dict(data)},
        )
        self.client.shell_channel.send(message)
        return self.wait_quietly(message["header"]["msg_id"])

    def wait_quietly(self, msg_id: str) -> Answer:
        """As `wait`, for requests that get no reply."""
        answer = Answer(msg_id, "", "")
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and content["name"] == "stdout":
                answer.printed += content["text"]
            elif kind == "status" and content["execution_state"] == "idle":
                return answer

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def kernel_environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a kernel whose home and profile are in `folder`."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    shutil.copy(STARTUP_FILE, startup)
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("CELLCOST_", "JPY_"))
    }
    return {
        **kept,
        "IPYTHONDIR": str(folder / "ipython"),
        "CELLCOST_HOME": str(folder / "home"),
        **more,
    }


def start_kernel(folder: Path, **more: str) -> Kernel:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=kernel_environment(folder, **more), cwd=str(folder))
    try:
        return Kernel(manager)
    except BaseException:
        manager.shutdown_kernel(now=True)
        raise


OBSERVE = """
import asyncio, json, os, sys, threading
import cellcost

def look(label=None):
    "What a model call made here would be attributed to."
    from cellcost_meter import attribution, call_site
    place = attribution.where(call_site.find(sys._getframe(1)))
    return dict(
        label=label, origin=place.origin, run=place.run_id, cell=place.cell_id,
        site=place.call_site, notebook=place.notebook, kernel=place.kernel_id,
        session=place.session_id, source=place.source_hash, user=place.user,
        host=place.host, tags=dict(place.tags),
    )

def say(value):
    print(json.dumps(value))
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One metered kernel for a module, with `look()` and `say()` in its namespace."""
    folder = tmp_path_factory.mktemp("kernel")
    running = start_kernel(
        folder,
        JPY_SESSION_NAME=str(folder / "demo.ipynb"),
        CELLCOST_TAGS="team=ops,function=chat",
    )
    try:
        assert running.run(OBSERVE).error == ""
        yield running
    finally:
        running.close()


__all__ = ["Answer", "BlockingKernelClient", "Kernel"]
