"""A real jupyter_server with the extension, over a real journal on disk."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures

from cellcost.journal import About, Writer
from cellcost.records import Event, Where
from cellcost.testing.records import WHERE, make_event

Json = dict[str, Any]
Get = Callable[..., Awaitable[Json]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cellcost home"
    monkeypatch.setenv("CELLCOST_HOME", str(folder))
    return folder


@pytest.fixture
def jp_server_config(home: Path) -> Json:
    return {"ServerApp": {"jpserver_extensions": {"cellcost_server": True}}}


@pytest.fixture
def writer(home: Path) -> Any:
    """A kernel's writer."""
    about = About(host="test", pid=1, version="0", kernel_id="kernel-1")
    made = Writer(home, about=about)
    yield made
    made.close()


@pytest.fixture
def get(jp_fetch: Any) -> Get:
    """Ask a route of the API and return its JSON."""

    async def ask(route: str, **params: str) -> Json:
        answer = await jp_fetch("cellcost", "api", route, params=params)
        body: Json = json.loads(answer.body)
        return body

    return ask


@pytest.fixture
def subscribe(jp_ws_fetch: Any) -> Any:
    """Open Jupyter's own event stream; `next_event` waits for one that fits."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Callable[..., Awaitable[Json]]]:
        socket = await jp_ws_fetch("api", "events", "subscribe")

        async def next_event(
            schema: str, fits: Callable[[Json], bool], seconds: float = 20
        ) -> Json:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                left = end - time.monotonic()
                text = await asyncio.wait_for(socket.read_message(), left)
                body: Json = json.loads(text)
                if body["schema_id"].endswith(f"/{schema}/v1") and fits(body):
                    return body
            raise AssertionError(f"no {schema} event that fits came")

        try:
            yield next_event
        finally:
            socket.close()

    return opened


def where(**changes: Any) -> Where:
    return replace(WHERE, **changes)


@pytest.fixture
def call_in() -> Callable[..., Event]:
    """Return an ordinary settled call, made somewhere."""

    def make(**changes: Any) -> Event:
        return replace(make_event(), where=where(**changes))

    return make
