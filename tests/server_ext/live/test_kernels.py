"""What is said of a real kernel, and its real calls, through a real server."""

import json
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cellcost.testing.provider import FakeProvider

Json = dict[str, Any]
Get = Callable[..., Awaitable[Json]]


@pytest.fixture(autouse=True)
def no_meter_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the start-up file of this environment quiet: the tests load the meter."""
    monkeypatch.setenv("CELLCOST_METER", "off")


# A kernel started here closes its sockets only when the server does.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


async def open_notebook(jp_fetch: Any, path: str) -> str:
    """Start a kernel for a notebook as JupyterLab does and return its id."""
    body = {
        "path": path,
        "name": path.rsplit("/", 1)[-1],
        "type": "notebook",
        "kernel": {"name": "python3"},
    }
    answer = await jp_fetch("api", "sessions", method="POST", body=json.dumps(body))
    session: Json = json.loads(answer.body)
    return str(session["kernel"]["id"])


async def run_cell(jp_ws_fetch: Any, kernel_id: str, cell_id: str, code: str) -> str:
    """Run code as a cell and return its status, once the kernel is idle again."""
    socket = await jp_ws_fetch("api", "kernels", kernel_id, "channels")
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "username": "",
        "session": uuid.uuid4().hex,
        "version": "5.4",
    }
    content = {"code": code, "silent": False, "store_history": True}
    content |= {"user_expressions": {}, "allow_stdin": False}
    message = {
        "header": header,
        "parent_header": {},
        "metadata": {"cellId": cell_id},
        "content": content,
        "channel": "shell",
    }
    await socket.write_message(json.dumps(message))
    status = ""
    idle = False
    while not (status and idle):
        answer: Json = json.loads(await socket.read_message())
        if answer["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        kind, said = answer["msg_type"], answer["content"]
        if kind == "error":
            raise AssertionError("\n".join(said["traceback"]))
        if kind == "execute_reply":
            status = said["status"]
        idle = idle or (kind == "status" and said["execution_state"] == "idle")
    socket.close()
    return status


async def test_a_kernel_without_the_meter_is_told_and_a_metered_one_too(
    get: Get, jp_fetch: Any, jp_ws_fetch: Any, jp_create_notebook: Any, subscribe: Any
) -> None:
    jp_create_notebook("work/bare.ipynb")
    kernel_id = await open_notebook(jp_fetch, "work/bare.ipynb")
    async with subscribe() as next_event:
        assert await run_cell(jp_ws_fetch, kernel_id, "c1", "1 + 1") == "ok"
        body = await next_event("cells", _meter("not_metered"))
        assert body["path"] == "work/bare.ipynb"
        assert body["kernel_id"] == kernel_id
        assert "cellcost enable" in body["meter"]["detail"]
        load = "%load_ext cellcost_meter"
        assert await run_cell(jp_ws_fetch, kernel_id, "c2", load) == "ok"
        body = await next_event("cells", _meter("metered"))
        assert body["path"] == "work/bare.ipynb"
    answer = await get("notebook", path="work/bare.ipynb", kernel_id=kernel_id)
    assert answer["meter"]["state"] == "metered"
    elsewhere = await get("notebook", path="work/other.ipynb")
    assert elsewhere["meter"]["state"] == "unknown"


async def test_a_real_call_in_a_real_kernel_reaches_its_cell_also_after_a_rename(
    get: Get,
    jp_fetch: Any,
    jp_ws_fetch: Any,
    jp_create_notebook: Any,
    subscribe: Any,
    home: Path,
) -> None:
    jp_create_notebook("work/first.ipynb")
    with FakeProvider() as provider:
        home.mkdir(parents=True)
        (home / "cellcost.toml").write_text(
            f'[[endpoints]]\nurl = "{provider.url}"\nprovider = "openai"\n'
        )
        kernel_id = await open_notebook(jp_fetch, "work/first.ipynb")
        ask = (
            "import httpx2\n"
            f"httpx2.post('{provider.url}/chat/completions', json={{"
            "'model': 'gpt-5-mini', 'messages': [{'role': 'user', 'content': 'hi'}]})"
        )
        load = "%load_ext cellcost_meter"
        assert await run_cell(jp_ws_fetch, kernel_id, "c1", load) == "ok"
        async with subscribe() as next_event:
            assert await run_cell(jp_ws_fetch, kernel_id, "c2", ask) == "ok"
            body = await next_event("cells", _settled)
            assert body["path"] == "work/first.ipynb"
            assert body["cells"][0]["cell_id"] == "c2"
            assert int(body["cells"][0]["cost_nusd"]) > 0
            moved = json.dumps({"path": "work/second.ipynb"})
            await jp_fetch(
                "api", "contents", "work/first.ipynb", method="PATCH", body=moved
            )
            await next_event("cells", lambda b: b["path"] == "work/second.ipynb")
            # The kernel still runs under the old name.
            assert await run_cell(jp_ws_fetch, kernel_id, "c3", ask) == "ok"
            body = await next_event(
                "cells", lambda b: _settled(b) and b["cells"][0]["cell_id"] == "c3"
            )
            assert body["path"] == "work/second.ipynb"
            assert body["total"]["calls"] == 2


def _settled(body: Json) -> bool:
    return bool(body["cells"]) and body["cells"][0]["state"] == "measured"


def _meter(state: str) -> Callable[[Json], bool]:
    return lambda body: body["meter"]["state"] == state
