"""A real jupyter_server with the real jupyter-lsp."""

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures


@pytest.fixture
def jp_server_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("CELLCOST_HOME", str(tmp_path / "cellcost home"))
    return {"ServerApp": {"jpserver_extensions": {"jupyter_lsp": True}}}


@pytest.fixture
def sessions(jp_fetch: Any) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return the language servers that jupyter-lsp has found, once it has looked."""

    async def asked() -> dict[str, Any]:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            answer = await jp_fetch("lsp", "status")
            found: dict[str, Any] = json.loads(answer.body)["sessions"]
            if found:
                return found
        raise AssertionError("jupyter-lsp found no language server")

    return asked
