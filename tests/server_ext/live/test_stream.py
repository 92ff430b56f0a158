"""The event stream of a real server, through Jupyter's own websocket."""

import asyncio
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cellcost.journal import JOURNAL_FILE, Writer
from cellcost.records import Event, Live
from cellcost.testing.records import intent_of, make_event, make_lines

Json = dict[str, Any]
Get = Callable[..., Awaitable[Json]]
CallIn = Callable[..., Event]


def _about(path: str) -> Callable[[Json], bool]:
    return lambda body: body["path"] == path and bool(body["cells"])


async def test_a_call_is_seen_live_and_then_final(
    subscribe: Any, writer: Writer, get: Get
) -> None:
    await get("today")
    async with subscribe() as next_event:
        event = make_event()
        writer.begin(intent_of(event))
        body = await next_event("cells", _about("work/a.ipynb"))
        assert body["cells"][0]["state"] == "live"
        writer.update_live(
            [Live(id=event.id, time=event.time, lines=make_lines(90, 3))]
        )
        body = await next_event(
            "cells", lambda b: b["cells"] and b["cells"][0]["tokens"]["output"] == 3
        )
        assert body["total"]["live_calls"] == 1
        writer.settle(event)
        body = await next_event(
            "cells", lambda b: b["cells"] and b["cells"][0]["state"] == "measured"
        )
        assert body["cells"][0]["cost_nusd"] == "45000"
        assert body["total"]["cost_nusd"] == "45000"
        assert body["total"]["live_calls"] == 0
        today = await next_event("today", lambda b: b["total"]["cost_nusd"] == "45000")
        assert today["now"] == []


async def test_only_cells_that_changed_are_sent(
    subscribe: Any, writer: Writer, call_in: CallIn, get: Get
) -> None:
    await get("today")
    async with subscribe() as next_event:
        writer.settle(call_in(cell_id="cell-1"))
        await next_event("cells", _about("work/a.ipynb"))
        writer.settle(call_in(cell_id="cell-2", run_id="run-2"))
        body = await next_event("cells", _about("work/a.ipynb"))
        assert [cell["cell_id"] for cell in body["cells"]] == ["cell-2"]
        assert body["total"]["cost_nusd"] == "90000"


async def test_a_loop_of_short_calls_does_not_flood_the_page(
    subscribe: Any, writer: Writer, get: Get
) -> None:
    await get("today")
    loop = asyncio.get_running_loop()
    async with subscribe() as next_event:

        def loop_of_calls() -> None:
            for _ in range(300):
                event = make_event()
                writer.begin(intent_of(event))
                writer.settle(event)

        began = loop.time()
        working = loop.run_in_executor(None, loop_of_calls)
        sent = 0
        calls = 0
        while calls < 300:
            body = await next_event("cells", _about("work/a.ipynb"))
            sent += 1
            calls = body["cells"][0]["calls"]
        await working
        assert sent <= 3 + 4 * (loop.time() - began)


async def test_a_killed_kernels_call_becomes_partial(
    subscribe: Any, home: Path, get: Get
) -> None:
    await get("today")
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from cellcost.journal import *; from cellcost.testing.records import *\n"
        "about = About(host='test', pid=os.getpid(), version='0')\n"
        f"Writer(Path({str(home)!r}), about=about).begin(intent_of(make_event()))\n"
        "print('sent', flush=True); signal.pause()\n"
    )
    async with subscribe() as next_event:
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        try:
            body = await next_event("cells", _about("work/a.ipynb"))
            assert body["cells"][0]["state"] == "live"
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.communicate()
        body = await next_event(
            "cells", lambda b: b["cells"] and b["cells"][0]["state"] == "partial"
        )
        assert body["cells"][0]["chips"][0]["text"] == "stopped early"


async def test_the_history_follows_a_rename(
    subscribe: Any, writer: Writer, call_in: CallIn, jp_fetch: Any, get: Get
) -> None:
    made = await jp_fetch("api", "contents", method="POST", body='{"type": "notebook"}')
    old = json.loads(made.body)["path"]
    writer.settle(call_in(notebook=old))
    assert (await get("notebook", path=old))["total"]["cost_nusd"] == "45000"
    async with subscribe() as next_event:
        new = json.dumps({"path": "better.ipynb"})
        await jp_fetch("api", "contents", old, method="PATCH", body=new)
        await next_event("cells", lambda b: b["path"] == "better.ipynb")
    assert (await get("notebook", path="better.ipynb"))["total"]["calls"] == 1
    assert (await get("notebook", path=old))["total"]["calls"] == 0
    # A new notebook under the old name is another one, also to its kernel's first call.
    writer.settle(call_in(notebook=old, kernel_id="k2", session_id="s2"))
    assert (await get("notebook", path=old))["total"]["calls"] == 1
    assert (await get("notebook", path="better.ipynb"))["total"]["calls"] == 1


async def test_a_journal_that_cannot_be_read_is_told_once_and_gets_well(
    get: Get, writer: Writer, home: Path, subscribe: Any, caplog: Any
) -> None:
    home.mkdir(parents=True)
    (home / JOURNAL_FILE).write_bytes(b"this is no database " * 500)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            answer = await get("notebook", path="work/a.ipynb")
            assert answer["total"]["cost_nusd"] is None
            assert answer["meter"]["journal"]["state"] == "spooling"
            assert "cellcost doctor" in answer["meter"]["journal"]["detail"]
        today = await get("today")
        assert today["total"]["cost_nusd"] is None
    told = [r for r in caplog.records if "cannot be read" in r.getMessage()]
    assert len(told) == 1
    assert not any(record.exc_info for record in caplog.records)
    async with subscribe() as next_event:
        (home / JOURNAL_FILE).unlink()
        writer.settle(make_event())
        body = await next_event("cells", _about("work/a.ipynb"))
        assert body["total"]["cost_nusd"] == "45000"
        await next_event("today", lambda body: body["journal"]["state"] == "ok")


async def test_a_journal_deleted_while_we_read_starts_anew(
    get: Get, writer: Writer, home: Path, subscribe: Any
) -> None:
    writer.settle(make_event())
    assert (await get("notebook", path="work/a.ipynb"))["total"]["calls"] == 1
    writer.close()
    for path in home.glob(f"{JOURNAL_FILE}*"):
        path.unlink()
    async with subscribe() as next_event:
        writer.settle(make_event())
        body = await next_event(
            "cells", lambda b: b["whole"] and b["total"]["calls"] == 1
        )
        assert [cell["calls"] for cell in body["cells"]] == [1]


async def test_a_journal_of_a_newer_cellcost_is_shown_and_told(
    get: Get, writer: Writer, home: Path, subscribe: Any
) -> None:
    writer.settle(make_event())
    writer.close()
    with closing(sqlite3.connect(home / JOURNAL_FILE)) as connection:
        connection.execute("UPDATE counter SET min_writer = 99, rev = rev + 1")
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    writer.settle(make_event())  # which an older writer spools
    async with subscribe() as next_event:
        body = await next_event("today", lambda b: b["journal"]["state"] != "ok")
        assert "newer cellcost" in body["journal"]["detail"]
    answer = await get("notebook", path="work/a.ipynb")
    assert answer["total"]["cost_nusd"] == "45000"


async def test_a_locked_journal_keeps_what_was_read(
    get: Get, writer: Writer, home: Path
) -> None:
    writer.settle(make_event())
    assert (await get("notebook", path="work/a.ipynb"))["total"]["calls"] == 1
    with closing(sqlite3.connect(home / JOURNAL_FILE)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        answer = await get("notebook", path="work/a.ipynb")
        assert answer["total"]["cost_nusd"] == "45000"
        connection.rollback()


async def test_records_that_wait_beside_a_locked_journal_are_told_and_come_home(
    get: Get, writer: Writer, home: Path, subscribe: Any
) -> None:
    writer.settle(make_event())
    code = (
        "import sqlite3, sys; journal = sqlite3.connect(sys.argv[1])\n"
        "journal.execute('BEGIN IMMEDIATE'); print('locked', flush=True); input()\n"
    )
    locker = subprocess.Popen(
        [sys.executable, "-c", code, str(home / JOURNAL_FILE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert locker.stdout is not None
        assert locker.stdout.readline()
        async with subscribe() as next_event:
            writer.settle(make_event())
            assert writer.health.state == "spooling"
            today = await next_event("today", lambda b: b["journal"]["state"] != "ok")
            assert today["total"]["calls"] == 1
            answer = await get("notebook", path="work/a.ipynb")
            assert answer["meter"]["journal"]["state"] == "spooling"
            assert str(home / "spool") in answer["meter"]["journal"]["detail"]
            assert "cellcost doctor" in answer["meter"]["journal"]["detail"]
            locker.communicate(b"\n")
            await next_event("cells", lambda b: b["total"]["calls"] == 2)
            await next_event("today", lambda b: b["journal"]["state"] == "ok")
    finally:
        locker.kill()
        locker.communicate()
    assert (await get("today"))["total"]["cost_nusd"] == "90000"


async def test_a_session_manager_that_fails_hides_no_figure(
    get: Get, writer: Writer, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> list[Json]:
        raise OSError("the gateway is gone")

    monkeypatch.setattr(jp_serverapp.session_manager, "list_sessions", fails)
    writer.settle(make_event())
    answer = await get("notebook", path="work/a.ipynb")
    assert answer["total"]["cost_nusd"] == "45000"
    assert answer["meter"]["state"] == "unknown"


async def test_a_server_that_only_looks_creates_nothing(get: Get, home: Path) -> None:
    answer = await get("today")
    assert answer["total"]["cost_nusd"] == "0"
    assert not home.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permission bits")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_read_only_journal_is_still_shown(
    get: Get, writer: Writer, home: Path
) -> None:
    writer.settle(make_event())
    writer.close()
    home.chmod(0o500)
    try:
        answer = await get("notebook", path="work/a.ipynb")
        assert answer["total"]["calls"] == 1
    finally:
        home.chmod(0o700)
