"""Real OpenAI calls of a real kernel, as they stand in the journal."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any as Kernel  # tests are no package: the class is in conftest.py

import pytest

from cellcost.journal import Reader, WriterRow
from cellcost.records import Event, tokens_of
from cellcost.testing.provider import FakeProvider, Reply

SETUP = """
import openai, asyncio, threading, concurrent.futures, multiprocessing, os, sys
def ask(client=openai.OpenAI(api_key="sk-not-a-key", base_url={url!r}, max_retries=0)):
    return client.chat.completions.create(
        model="gpt-4o-mini", messages=[dict(role="user", content="secret words")]
    )
async def ask_async():
    client = openai.AsyncOpenAI(api_key="sk-not-a-key", base_url={url!r}, max_retries=0)
    return await client.chat.completions.create(
        model="gpt-4o-mini", messages=[dict(role="user", content="secret words")]
    )
def in_threads(n):
    threads = [threading.Thread(target=ask) for _ in range(n)]
    for t in threads: t.start()
    for t in threads: t.join()
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture(scope="module")
def ready(kernel: Kernel, provider: FakeProvider) -> Kernel:
    assert kernel.run(SETUP.format(url=provider.url)).error == ""
    return kernel


@pytest.fixture
def home(kernel: Kernel) -> Path:
    return Path(kernel.run("import os; say(os.environ['CELLCOST_HOME'])").value)


def events_of(home: Path, run_id: str) -> list[Event]:
    return list(Reader(home).events(run_id=run_id))


CALLS = {
    "sync": ("ask()", "cell", 1),
    "await": ("await ask_async()", "cell", 1),
    "gathered": ("await asyncio.gather(*(ask_async() for _ in range(3)))", "cell", 3),
    "threads": ("in_threads(3)", "thread", 3),
    "to_thread": ("await asyncio.to_thread(ask)", "thread", 1),
    "pool": (
        "with concurrent.futures.ThreadPoolExecutor(2) as pool:\n"
        "    list(pool.map(lambda _: ask(), range(3)))",
        "thread",
        3,
    ),
    "fork": (
        "process = multiprocessing.get_context('fork').Process(target=ask)\n"
        "process.start(); process.join()",
        "process",
        1,
    ),
    "nested": ("get_ipython().run_cell('ask()')", "cell", 1),
    "error": ("ask(); 1/0", "cell", 1),
}


@pytest.mark.parametrize("how", CALLS)
def test_every_call_of_a_cell_is_in_the_journal_once_under_its_run(
    ready: Kernel, home: Path, how: str
) -> None:
    code, origin, times = CALLS[how]
    answer = ready.run(code, cell_id=f"cell {how}", tags=["team:search"])
    events = events_of(home, answer.msg_id)
    assert [(e.where.origin, e.where.cell_id) for e in events] == [
        (origin, f"cell {how}")
    ] * times, answer.errors
    for event in events:
        assert event.where.tags["team"] == "search"
        assert (tokens_of(event.lines).input, tokens_of(event.lines).output) == (
            100,
            10,
        )
        assert event.confidence == "measured"
        assert event.where.kernel_id == ready.kernel_id


def test_a_task_that_outlives_its_cell_is_charged_to_it(
    ready: Kernel, home: Path
) -> None:
    first = ready.run(
        "gate = asyncio.Event()\n"
        "async def later():\n    await gate.wait()\n    await ask_async()\n"
        "kept = asyncio.ensure_future(later())",
        cell_id="starts",
    )
    second = ready.run("gate.set(); await kept", cell_id="ends")
    assert len(events_of(home, first.msg_id)) == 1
    assert events_of(home, second.msg_id) == []


def test_a_call_that_is_interrupted_stays_with_its_cell_as_partial(
    ready: Kernel, home: Path, provider: FakeProvider
) -> None:
    reply = Reply(hold_after=0, gate=threading.Event())
    provider.script(reply)
    running = ready.send("ask()", cell_id="interrupted")
    assert reply.held.wait(30)
    ready.manager.interrupt_kernel()
    assert "KeyboardInterrupt" in ready.wait(running).error
    reply.gate.set()
    (event,) = events_of(home, running)
    assert (event.where.cell_id, event.confidence) == ("interrupted", "partial")


def test_the_kernel_announces_itself_and_its_stacks(ready: Kernel, home: Path) -> None:
    ready.run("ask()", cell_id="any")

    def row() -> WriterRow:
        rows = [r for r in Reader(home).writers() if r.kernel_id == ready.kernel_id]
        return max(rows, key=lambda r: len(str(r.stacks)))

    found = row()
    assert found.notebook.endswith("demo.ipynb")
    stacks = json.loads(found.stacks) if isinstance(found.stacks, str) else found.stacks
    assert stacks["httpx2"] == "hooked"
    assert found.alive


def test_no_prompt_and_no_key_is_in_the_home(ready: Kernel, home: Path) -> None:
    ready.run("ask()", cell_id="secret")
    for path in home.rglob("*"):
        if path.is_file():
            stored = path.read_bytes()
            assert b"secret words" not in stored
            assert b"sk-not-a-key" not in stored


def test_an_outcome_of_a_cell_is_the_cells(ready: Kernel, home: Path) -> None:
    answer = ready.run("cellcost.outcome('summary', count=2)", cell_id="outcome")
    (event,) = events_of(home, answer.msg_id)
    assert (event.kind, event.where.cell_id) == ("outcome", "outcome")
    assert event.where.call_site == "cell:<module>:1"
