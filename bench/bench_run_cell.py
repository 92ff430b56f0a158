"""What the meter adds to running a cell, and to finding out whose call it is."""

import asyncio
import inspect
import os
import tempfile
import time
from typing import Any

from jupyter_client.manager import KernelManager

from measure import BenchPath, per_call_us

CELLS = 2_000
STARTUP = "import sys; from cellcost_meter import bootstrap; bootstrap.install()"
TIME_RUN_CELL = """
import timeit
run = get_ipython().run_cell
print(min(timeit.repeat(lambda: run("x = 1"), number=50, repeat=7)) / 50 * 1e6)
"""


def paths() -> list[BenchPath]:
    os.environ["CELLCOST_HOME"] = tempfile.mkdtemp()
    os.environ["IPYTHONDIR"] = tempfile.mkdtemp()
    os.environ["CELLCOST_METER"] = "off"  # the kernels start bare, one is then metered
    from cellcost_meter import attribution, call_site
    from cellcost_meter.kernel import Identity, attach, read_request

    shell = _Shell()
    plain = shell.kernel.shell_handlers["execute_request"]
    attach(shell, Identity(), announce=lambda hook, reason: None)
    attributed = shell.kernel.shell_handlers["execute_request"]
    bare, metered = Kernel(), Kernel()
    metered.run(STARTUP)
    frame = inspect.currentframe()
    message = request("x = 1")
    identity = Identity(kernel_id="k", notebook="n.ipynb")
    return [
        BenchPath(
            name="run_cell",
            figure=lambda: float(metered.run(TIME_RUN_CELL)),
            floor=lambda: float(bare.run(TIME_RUN_CELL)),
            goal_ratio=1.03,
        ),
        BenchPath(
            name="serving a cell's request",
            figure=lambda: serve_us(attributed),
            floor=lambda: serve_us(plain),
            goal_added_us=20,
            close=lambda: (bare.close(), metered.close(), None)[-1],
        ),
        BenchPath(
            name="reading whose cell a request is",
            figure=lambda: per_call_us(
                lambda: read_request(message, identity), calls=5_000
            ),
            goal_us=20,
        ),
        BenchPath(
            name="whose call: run, tags and call site",
            figure=lambda: per_call_us(
                lambda: attribution.where(call_site.find(frame)), calls=5_000
            ),
            goal_us=20,
        ),
        BenchPath(
            name="call site alone",
            figure=lambda: per_call_us(lambda: call_site.find(frame), calls=20_000),
            goal_us=10,
        ),
    ]


def serve_us(handler: Any) -> float:
    """Return the microseconds of one request that does nothing."""
    message = request("x = 1")

    async def serve() -> float:
        started = time.perf_counter_ns()
        for _ in range(CELLS):
            await handler(None, None, message)
        return (time.perf_counter_ns() - started) / CELLS / 1000

    return asyncio.run(serve())


async def execute_request(stream: Any, ident: Any, parent: Any) -> None:
    """Do nothing, as a kernel's handler."""


class _Serving:
    def __init__(self) -> None:
        self.shell_handlers = {"execute_request": execute_request}

    def get_parent(self, channel: str) -> dict[str, Any]:
        return {}


class _Shell:
    def __init__(self) -> None:
        self.kernel = _Serving()


class Kernel:
    """A running kernel that runs one cell at a time."""

    def __init__(self) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel()
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(self, code: str) -> str:
        """Run `code` as JupyterLab would; return what it printed."""
        client = self._client
        message = client.session.msg(
            "execute_request",
            request(code)["content"],
            metadata=request(code)["metadata"],
        )
        client.shell_channel.send(message)
        printed = ""
        while True:
            answer = client.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            content = answer["content"]
            if answer["msg_type"] == "stream":
                printed += content["text"]
            elif content.get("execution_state") == "idle":
                client.get_shell_msg(timeout=60)
                return printed

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def request(code: str) -> dict[str, Any]:
    """Return an execute request as JupyterLab sends it."""
    return {
        "header": {"msg_type": "execute_request", "msg_id": "m"},
        "metadata": {"cellId": "0f0ff0f0-cell", "tags": ["team:search"]},
        "content": {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        },
    }
