"""Calls that a cell makes in threads, forks, pools and programs are the cell's."""

from typing import Any

import pytest

from cellcost.testing.provider import FakeProvider

MODULE = """
import httpx2, sys
def ask(url):
    asked = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}
    return httpx2.post(url + "/chat/completions", json=asked, timeout=60).status_code
if __name__ == "__main__":
    ask(sys.argv[1])
"""
SETUP = """
import asyncio, concurrent.futures, json, multiprocessing, os, subprocess, sys
import threading
from multiprocessing.pool import ThreadPool
import asking
url = {url!r}
threads = concurrent.futures.ThreadPoolExecutor(2)
forks = concurrent.futures.ProcessPoolExecutor(
    1, mp_context=multiprocessing.get_context("fork"))
spawned = multiprocessing.get_context("spawn")
asking.ask(url) and None
"""
WORK = {
    "thread": (
        "t = threading.Thread(target=asking.ask, args=(url,))\nt.start(); t.join()"
    ),
    "pool": "list(threads.map(asking.ask, [url, url]))",
    "thread-pool": (
        "with ThreadPool(2) as pool:\n    pool.map(asking.ask, [url, url])"
    ),
    "to-thread": "await asyncio.to_thread(asking.ask, url)",
    "gather": (
        "await asyncio.gather(*(asyncio.to_thread(asking.ask, url) for _ in range(2)))"
    ),
    "fork": (
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    asking.ask(url)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)"
    ),
    "process-pool": "forks.submit(asking.ask, url).result()",
    "process-pool-again": "forks.submit(asking.ask, url).result()",
    "spawned": (
        "p = spawned.Process(target=asking.ask, args=(url,)); p.start(); p.join()"
    ),
    "program": (
        "subprocess.run([sys.executable, '-c',"
        " 'import sys; from cellcost.cli import main; sys.exit(main())',"
        " 'run', 'asking.py', url], check=True)"
    ),
}
CALLS = {"setup": 1, **dict.fromkeys(WORK, 1), "pool": 2, "thread-pool": 2, "gather": 2}
ORIGINS = {
    "setup": "cell",
    **dict.fromkeys(["thread", "pool", "thread-pool", "to-thread", "gather"], "thread"),
    **dict.fromkeys(
        ["fork", "process-pool", "process-pool-again", "spawned", "program"], "process"
    ),
}


def test_work_that_a_cell_hands_out_is_counted_on_the_cell(
    desk: Any, provider: FakeProvider
) -> None:
    (desk.work / "asking.py").write_text(MODULE)
    desk.write("work.ipynb")
    notebook = desk.open("work.ipynb")
    notebook.run(SETUP.format(url=provider.url), cell="setup")
    for cell, source in WORK.items():
        notebook.run(f"{source}\nNone", cell=cell)
    notebook.run("threads.shutdown(); forks.shutdown()", cell="end")

    total = sum(CALLS.values())
    shown = desk.notebook("work.ipynb", lambda n: n["total"]["calls"] == total)
    assert {cell["cell_id"]: cell["calls"] for cell in shown["cells"]} == CALLS
    assert shown["breakdown"]["other"]["calls"] == 0
    assert shown["total"]["cost_nusd"] == str(total * (100 * 250 + 10 * 2000))
    events = desk.events()
    assert len(events) == len({event["id"] for event in events}) == total
    assert sorted(event["seq"] for event in events) == list(range(1, total + 1))
    assert {event["cell_id"]: event["origin"] for event in events} == ORIGINS
    assert {event["notebook"] for event in events} == {str(desk.work / "work.ipynb")}
    assert len(provider.received) == total


@pytest.fixture(autouse=True)
def nothing_received_yet(provider: FakeProvider) -> None:
    provider.received.clear()
