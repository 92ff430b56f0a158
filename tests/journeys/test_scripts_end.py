"""However a script ends, it ends as without us, and every call that it sent is kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cellcost.journal import Reader, recover
from cellcost.testing.provider import FakeProvider

ASK = """
import asyncio, atexit, os, signal, sys, threading, time
import httpx2

URL = sys.argv[1] + "/chat/completions"
BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}
STREAM = {**BODY, "stream": True}

def ask():
    return httpx2.post(URL, json=BODY, timeout=60).status_code
"""
SCRIPTS = {
    "calls at exit": ("ask(); atexit.register(ask)", ["measured"] * 2),
    "leaves at once": ("ask(); os._exit(3)", ["measured"]),
    "becomes another program": (
        "ask(); os.execv(sys.executable, [sys.executable, '-c', 'print(1)'])",
        ["measured"],
    ),
    "ends by a signal": ("ask(); os.kill(os.getpid(), signal.SIGTERM)", ["measured"]),
    "leaves in a stream": (
        "with httpx2.stream('POST', URL, json=STREAM) as response:\n"
        "    for line in response.iter_lines(): sys.exit(5)",
        ["partial"],
    ),
    "never reads its stream": (
        "client = httpx2.Client()\n"
        "request = client.build_request('POST', URL, json=STREAM)\n"
        "next(client.send(request, stream=True).iter_lines())",
        ["partial"],
    ),
    "abandons an async stream": (
        "async def words():\n"
        "    async with httpx2.AsyncClient() as client:\n"
        "        async with client.stream('POST', URL, json=STREAM) as response:\n"
        "            async for line in response.aiter_lines(): yield line\n"
        "async def main():\n"
        "    async for _ in words(): break\n"
        "asyncio.run(main())",
        ["partial"],
    ),
    "ends while threads call": (
        "for _ in range(9): threading.Thread(target=ask).start()",
        ["measured"] * 9,
    ),
    "forks": (
        "ask(); child = os.fork()\n"
        "if child == 0: ask(); os._exit(0)\n"
        "os.waitpid(child, 0); ask()",
        ["measured"] * 3,
    ),
    "calls in a signal's handler": (
        "done = []\n"
        "signal.signal(signal.SIGALRM, lambda *_: done.append(ask()))\n"
        "ask(); signal.alarm(1)\n"
        "while not done: time.sleep(0.01)",
        ["measured"] * 2,
    ),
    "closes its streams": (
        "sys.stdout.close(); sys.stderr.close(); ask()",
        ["measured"],
    ),
    "forgets every module of ours": (
        "ask()\n"
        "for name in [n for n in sys.modules if n.startswith('cellcost')]:\n"
        "    del sys.modules[name]\n"
        "ask()",
        ["measured"] * 2,
    ),
    "clears its environment": ("os.environ.clear(); ask()", ["measured"]),
    "may not recurse": ("sys.setrecursionlimit(200); ask()", ["measured"]),
}
METERED = ("-m", "cellcost_meter.script", "path")


@pytest.mark.skipif(sys.platform == "win32", reason="forks and signals")
@pytest.mark.parametrize(("source", "found"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_ends_as_it_would_and_its_calls_are_kept(
    tmp_path: Path, provider: FakeProvider, source: str, found: list[str]
) -> None:
    """Also with every warning an error, and in the same words."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "cellcost.toml").write_text(
        f'[[endpoints]]\nurl = "{provider.origin}"\nprovider = "openai"\n'
    )
    (tmp_path / "script.py").write_text(ASK + source)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CELLCOST")}
    environment = {**kept, "CELLCOST_HOME": str(home)}
    plain, metered = (
        run(tmp_path, environment, *how, "script.py", provider.url)
        for how in ((), METERED)
    )
    assert metered == plain
    recover(home)
    with Reader(home) as reader:
        events = list(reader.events())
        assert reader.pending() == ()
    assert [event.confidence for event in events] == found
    assert {event.where.origin for event in events} <= {"script", "process"}


def run(
    folder: Path, environment: dict[str, str], *arguments: str
) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
