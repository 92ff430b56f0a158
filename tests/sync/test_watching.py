"""A host's thread: quiet without a login, offline or refused; it ends when told."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost.sync import log_in, log_out
from cellcost.sync.watching import Background, Condition, Watcher

sys.path.insert(0, str(Path(__file__).parent))

from sending import Book, Ledger


@pytest.fixture
def env(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setattr(sys, "prefix", str(home.parent / "prefix"))
    return {"CELLCOST_HOME": str(home), "HOME": str(home.parent)}


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_login_a_logout_and_new_events_are_noticed(
    ledger: Ledger, book: Book, env: dict[str, str]
) -> None:
    book.write(2)
    background = Background(book.home, env)
    background.start()
    try:
        log_in(book.home, ledger.url, ledger.key)
        wait_for(lambda: background.condition.state == "ok")
        assert background.condition == Condition(state="ok", url=ledger.url)
        log_out(book.home)
        wait_for(lambda: background.condition.state == "off")
        log_in(book.home, ledger.url, "cck_wrong")
        book.write(1)
        wait_for(lambda: background.condition.state == "refused")
        assert background.condition.waiting == 1
        log_in(book.home, ledger.url, ledger.key)
        wait_for(lambda: background.condition.state == "ok")
        book.write(1)
    finally:
        background.stop()
    from cellcost.journal import Reader

    with Reader(book.home) as reader:
        assert ledger.of(reader.installation)["events"] == 4


def test_being_offline_is_said_once_and_leaves_the_lock_free(
    book: Book, env: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    from cellcost.journal.locks import is_held

    caplog.set_level(logging.INFO, "cellcost")
    book.write(1)
    log_in(book.home, "http://127.0.0.1:9", "cck_x")
    stop = threading.Event()
    told: list[Condition] = []
    watcher = Watcher(book.home, env, stop=stop, flush_seconds=0.5, told=told.append)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        wait_for(lambda: bool(told))
        assert told[0].state == "failing"
        assert not is_held(book.home / "sync.lock")
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    said = [r for r in caplog.records if "wait for the ledger" in r.getMessage()]
    assert len(said) == 1
    assert said[0].levelno == logging.INFO
    assert "cck_x" not in caplog.text
