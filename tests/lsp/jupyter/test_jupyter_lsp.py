"""The server as the real jupyter-lsp finds it, starts it and talks to it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from cellcost_lsp.jupyter import KEY

SOURCE = """\
from openai import OpenAI
client = OpenAI()
client.responses.create(model="o1", input="hi", max_output_tokens=100)
"""


# jupyter-lsp 2.3 is older than the traitlets that warn of how it declares its settings.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
Sessions = Callable[[], Awaitable[dict[str, Any]]]


async def test_jupyter_lsp_offers_the_server_for_python(sessions: Sessions) -> None:
    session = (await sessions())[KEY]
    assert session["spec"]["languages"] == ["python"]
    assert session["spec"]["display_name"] == "cellcost"
    assert session["status"] == "not_started"


def test_no_other_python_server_is_put_aside() -> None:
    """Of equal ranks JupyterLab takes the first name, whatever its case."""
    others = {entry.name for entry in entry_points(group="jupyter_lsp_spec_v1")}
    others |= {"pylsp", "pyright", "ruff", "ty", "zuban"}
    assert len(others) > 10
    assert max(others, key=str.lower) == KEY


async def test_it_starts_and_tells_findings(
    sessions: Sessions, jp_serverapp: Any, jp_ws_fetch: Any, tmp_path: Path
) -> None:
    await sessions()
    socket = await jp_ws_fetch("lsp", "ws", KEY)

    async def send(method: str, params: Any, **fields: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params, **fields}
        await socket.write_message(json.dumps(message))

    async def receive(wanted: str) -> Any:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            left = end - time.monotonic()
            text = await asyncio.wait_for(socket.read_message(), left)
            message = json.loads(text)
            if message.get("method", message.get("id")) == wanted:
                return message
        raise AssertionError(f"{wanted} did not come")

    uri = (tmp_path / "a.py").as_uri()
    capabilities = {"textDocument": {"publishDiagnostics": {}}}
    params = {"processId": None, "rootUri": None, "capabilities": capabilities}
    await send("initialize", params, id="first")
    answer = await receive("first")
    assert answer["result"]["serverInfo"]["name"] == "cellcost"
    await send("initialized", {})
    document = {"uri": uri, "languageId": "python", "version": 1, "text": SOURCE}
    await send("textDocument/didOpen", {"textDocument": document})
    told = (await receive("textDocument/publishDiagnostics"))["params"]
    assert told["uri"] == uri
    large = next(one for one in told["diagnostics"] if one["code"] == "COST001")
    assert large["range"]["start"]["line"] == 2
    socket.close()
    started = jp_serverapp.language_server_manager.sessions[KEY]
    process = started.process
    started.stop()
    assert await asyncio.to_thread(process.wait, 60) is not None
