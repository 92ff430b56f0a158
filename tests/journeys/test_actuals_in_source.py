"""What a real run of a script cost is found at the lines that spent it."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cellcost.analysis import Document, analyse, spots_of
from cellcost.clock import utc_now
from cellcost.journal import Reader
from cellcost.testing.provider import FakeProvider
from cellcost.views import SiteBook, SiteView

SCRIPT = """\
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
import openai

URL = dict(base_url=sys.argv[1], api_key="none", max_retries=0)
client = openai.OpenAI(**URL)
aclient = openai.AsyncOpenAI(**URL)
HELLO = [{"role": "user", "content": "hi"}]

client.chat.completions.create(model="gpt-5-mini", messages=HELLO)  # top

def once():
    return client.chat.completions.create(  # 1 once
        model="gpt-5-mini",
        messages=HELLO,
    )

def chained():
    return (
        client
        .chat  # 1 chained
        .completions
        .create(model="gpt-5-mini", messages=HELLO)
    )

class App:
    class Part:
        def ask(self):
            return client.chat.completions.create(model="gpt-5-mini", messages=HELLO)

    def ask(self):
        def inner(n):
            return client.chat.completions.create(
                model="gpt-5-mini", messages=HELLO, n=1
            )
        return [inner(n) for n in range(3)]

async def waits():
    await aclient.chat.completions.create(model="gpt-5-mini", messages=HELLO)
    await asyncio.gather(
        *(one(n) for n in range(2))
    )

async def one(n):
    return await aclient.chat.completions.create(model="gpt-5-mini", messages=HELLO)

def streams():
    for chunk in client.chat.completions.create(
        model="gpt-5-mini", messages=HELLO, stream=True
    ):
        pass

def alike():
    client.chat.completions.create(model="gpt-5-mini", messages=HELLO)
    client.chat.completions.create(model="gpt-5-mini", messages=HELLO)

def collected():
    return [
        client.chat.completions.create(model="gpt-5-mini", messages=HELLO)
        for _ in range(2)
    ]

def mapped():
    ask = lambda n: client.chat.completions.create(model="gpt-5-mini", messages=HELLO)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, range(2)))

once(), chained(), App.Part().ask(), App().ask(), streams(), alike(), collected()
mapped()
asyncio.run(waits())
"""
CALLS = [1, 1, 1, 1, 3, 1, 2, 1, 1, 1, 2, 2]
"""How many calls each call site made, in the order of the source."""
STREAM, ALIKE = 7, {8, 9}
CALL_NUSD = 100 * 250 + 10 * 2000
"""100 tokens at $0.25 and 10 at $2 per million: gpt-5-mini on 2026-11-24."""


@pytest.fixture
def book(tmp_path: Path) -> SiteBook:
    """The journal of one real run of the script."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "job.py").write_text(SCRIPT)
    home = tmp_path / "home"
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("CELLCOST_", "JPY_"))
    }
    command = "import sys; from cellcost.cli import main; sys.exit(main())"
    with FakeProvider() as provider:
        settings = f'[[endpoints]]\nurl = "{provider.origin}"\nprovider = "openai"\n'
        home.mkdir()
        (home / "cellcost.toml").write_text(settings)
        done = subprocess.run(
            [sys.executable, "-c", command, "run", "job.py", provider.url],
            cwd=folder,
            env={**kept, "CELLCOST_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    book = SiteBook()
    with Reader(home) as reader:
        changes = reader.changes(0)
        book.apply(changes.events, changes.pending)
    return book


def actuals(book: SiteBook, text: str, path: Path) -> list[SiteView | None]:
    unit = Document(str(path), text)
    spots = spots_of(unit, analyse(unit))
    return list(book.sites(str(path), spots, now=utc_now()))


def calls(views: list[SiteView | None]) -> list[int | None]:
    return [None if view is None else view.last.tally.calls for view in views]


def test_every_call_site_has_its_own_calls_also_after_edits(
    book: SiteBook, tmp_path: Path
) -> None:
    path = tmp_path / "work" / "job.py"
    views = actuals(book, SCRIPT, path)
    assert calls(views) == CALLS
    for view, count in zip(views, CALLS, strict=True):
        assert view is not None
        assert view.last.tally.cost_nusd == view.month_nusd
        streamed = view is views[STREAM]
        assert view.last.tally.state == ("estimated" if streamed else "measured")
        assert streamed or view.month_nusd == count * CALL_NUSD
    whole = book.file(str(path), now=datetime.now(UTC))
    assert whole is not None
    assert whole.last.tally.calls == sum(CALLS)

    # Lines put in above: all but the two alike calls are known again.
    moved = calls(actuals(book, "import os\n\n\n" + SCRIPT, path))
    assert moved == [None if n in ALIKE else count for n, count in enumerate(CALLS)]
    # An edited call is another one, and its neighbours stay what they are.
    edited = SCRIPT.replace("stream=True", "stream=True, max_tokens=5")
    assert calls(actuals(book, edited, path)) == [
        None if n == STREAM else count for n, count in enumerate(CALLS)
    ]
