"""Draining into a real ledger: all of it, once, whatever the network does."""

import random
import shutil
import sys
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cellcost.config import SyncSettings
from cellcost.errors import ConfigError
from cellcost.journal import Reader, recover
from cellcost.journal.outbox import Outbox
from cellcost.records import Event
from cellcost.sync.backoff import Patience
from cellcost.testing.records import WHERE, make_event

sys.path.insert(0, str(Path(__file__).parent))

from faulty_proxy import FaultyProxy
from sending import Book, Ledger, drain

STUBBORN = Patience(tries=30)


def installation(home: Path) -> str:
    with Reader(home) as reader:
        return reader.installation


def agrees(ledger: Ledger, book: Book) -> bool:
    """Say whether the ledger has just the journal's events and nano-dollars."""
    row = ledger.of(installation(book.home))
    return (
        row["events"] == len(book.events)
        and int(row["sum_nusd"]) == int(row["rollup_sum_nusd"]) == book.cost
        and row["gaps"] == row["conflicts"] == 0
    )


def test_everything_arrives_once_and_nothing_is_sent_again(
    ledger: Ledger, book: Book
) -> None:
    book.write(1203)
    told: list[tuple[int, int]] = []
    done = drain(
        book.home, ledger.url, ledger.key, told=lambda *counts: told.append(counts)
    )
    assert (done.state, done.stored, done.waiting) == ("drained", 1203, 0)
    assert told == [(500, 1203), (1000, 1203), (1203, 1203)]
    assert agrees(ledger, book)
    again = drain(book.home, ledger.url, ledger.key)
    assert (again.state, again.sent) == ("drained", 0)
    book.write(2)
    assert drain(book.home, ledger.url, ledger.key).stored == 2
    assert agrees(ledger, book)


def test_no_journal_is_nothing_to_send(ledger: Ledger, home: Path) -> None:
    done = drain(home, ledger.url, ledger.key)
    assert (done.state, done.sent) == ("drained", 0)
    assert not home.exists()


def test_a_pass_first_brings_home_what_waits_beside_the_journal(
    ledger: Ledger, book: Book
) -> None:
    from cellcost.journal import codec, spool

    book.write(1)
    event = make_event()
    record = spool.Spooled("event", "w", codec.event_to_wire(event))
    spool.append(spool.spool_folder(book.home), record)
    book.events.append(event)
    assert drain(book.home, ledger.url, ledger.key).stored == 2
    assert agrees(ledger, book)


@pytest.mark.parametrize("word", ["500", "503", "reset", "lost", "page"])
def test_one_failure_costs_a_retry_and_nothing_else(
    proxy: FaultyProxy, ledger: Ledger, book: Book, word: str
) -> None:
    book.write(3)
    proxy.script.append(word)
    waits: list[float] = []
    patience = STUBBORN
    done = drain(book.home, proxy.url, ledger.key, waits=waits, patience=patience)
    if word == "page":
        assert (done.state, done.waiting) == ("unavailable", 3)
        done = drain(book.home, proxy.url, ledger.key)
    else:
        assert len(waits) == 1
    assert (done.state, done.waiting) == ("drained", 0)
    assert done.duplicate == (3 if word == "lost" else 0)
    assert agrees(ledger, book)


def test_a_ledger_that_asks_for_time_gets_it(
    proxy: FaultyProxy, ledger: Ledger, book: Book
) -> None:
    book.write(1)
    proxy.script.append("429 7")
    waits: list[float] = []
    assert drain(book.home, proxy.url, ledger.key, waits=waits).state == "drained"
    (waited,) = waits
    assert 7 <= waited <= 9
    proxy.script.append("503 900")
    book.write(1)
    done = drain(book.home, proxy.url, ledger.key, waits=waits)
    assert (done.state, done.retry_after, len(waits)) == ("unavailable", 900, 1)


def test_tries_are_bounded_and_the_reason_is_kept(
    proxy: FaultyProxy, ledger: Ledger, book: Book
) -> None:
    book.write(2)
    proxy.script.extend(["500"] * 6)
    waits: list[float] = []
    done = drain(book.home, proxy.url, ledger.key, waits=waits)
    assert (done.state, done.waiting, len(waits)) == ("unavailable", 2, 5)
    assert "answered 500 (no)" in done.error
    with Outbox(book.home, proxy.url) as outbox:
        assert outbox.progress().error == done.error
    assert drain(book.home, proxy.url, ledger.key).state == "drained"
    with Outbox(book.home, proxy.url) as outbox:
        assert outbox.progress().error == ""


def test_hundreds_of_faults_change_no_total(
    proxy: FaultyProxy, ledger: Ledger, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cellcost.sync.drain as module

    monkeypatch.setattr(module, "_MOST_EVENTS", 10)
    dice = random.Random(4)
    words = ["500", "503 1", "429 0", "reset", "lost", "pass", "pass"]
    proxy.script.extend(dice.choice(words) for _ in range(200))
    book.write(600)
    done = drain(book.home, proxy.url, ledger.key, patience=STUBBORN)
    assert (done.state, done.sent, done.waiting) == ("drained", 600, 0)
    assert done.duplicate > 0
    assert agrees(ledger, book)


def test_one_connection_carries_a_whole_pass(
    proxy: FaultyProxy, ledger: Ledger, book: Book
) -> None:
    book.write(1500)
    assert drain(book.home, proxy.url, ledger.key).stored == 1500
    assert proxy.connections == 1


def test_a_key_that_is_not_taken_keeps_everything_here(
    ledger: Ledger, book: Book
) -> None:
    book.write(1)
    done = drain(book.home, ledger.url, "cck_wrong")
    assert (done.state, done.waiting) == ("refused", 1)
    assert f"cellcost login {ledger.url}" in done.error
    assert "cck_wrong" not in done.error


def test_rejected_events_are_counted_told_and_stay_in_the_journal(
    ledger: Ledger, book: Book
) -> None:
    book.write(2)
    strange = replace(WHERE, tags={"team": "other"})
    book.write(1, lambda: replace(make_event(), where=strange))
    book.write(2)
    done = drain(book.home, ledger.url, ledger.key)
    assert (done.state, done.stored, done.rejected) == ("drained", 4, 1)
    with Outbox(book.home, ledger.url) as outbox:
        (refusal,) = outbox.progress().refused
    assert (refusal.status, refusal.events) == ("rejected", 1)
    assert "other" in refusal.reason
    row = ledger.of(installation(book.home))
    assert (row["events"], row["rejected"], row["gaps"]) == (4, 1, 0)
    with Reader(book.home) as reader:
        assert len(list(reader.events())) == 5


@pytest.mark.parametrize("status", [413, 422])
def test_an_event_that_no_batch_may_hold_does_not_stop_the_others(
    proxy: FaultyProxy, ledger: Ledger, book: Book, status: int
) -> None:
    book.write(37)
    poison = book.events[20].id
    proxy.refuse = lambda batch: (
        status if any(event["id"] == poison for event in batch["events"]) else 0
    )
    done = drain(book.home, proxy.url, ledger.key)
    assert (done.state, done.stored, done.unread) == ("drained", 36, 1)
    with Outbox(book.home, proxy.url) as outbox:
        (refusal,) = outbox.progress().refused
    assert refusal.status == "unread"


def test_a_ledger_that_can_read_nothing_gets_nothing_marked_as_sent(
    proxy: FaultyProxy, ledger: Ledger, book: Book
) -> None:
    book.write(9)
    proxy.refuse = lambda batch: 422
    done = drain(book.home, proxy.url, ledger.key)
    assert (done.state, done.sent, done.waiting) == ("refused", 0, 9)
    proxy.refuse = lambda batch: 0
    assert drain(book.home, proxy.url, ledger.key).stored == 9


def test_a_batch_that_is_too_large_is_sent_in_parts(
    proxy: FaultyProxy, ledger: Ledger, book: Book
) -> None:
    book.write(600)
    proxy.refuse = lambda batch: 413 if len(batch["events"]) > 100 else 0
    done = drain(book.home, proxy.url, ledger.key)
    assert (done.state, done.stored) == ("drained", 600)
    assert agrees(ledger, book)


def test_clocks_that_jump_change_no_total(ledger: Ledger, book: Book) -> None:
    jumps = iter([-3650, 0, 3650, -1, 0, 1])

    def make() -> Event:
        event = make_event()
        return replace(event, time=event.time + timedelta(days=next(jumps)))

    book.write(6, make)
    assert drain(book.home, ledger.url, ledger.key).stored == 6
    assert agrees(ledger, book)


def test_a_ledger_restored_from_an_old_backup_gets_what_it_lacks(
    own_ledger: Ledger, book: Book, tmp_path: Path
) -> None:
    book.write(700)
    drain(book.home, own_ledger.url, own_ledger.key)
    own_ledger.stop()
    shutil.copy(own_ledger.file, tmp_path / "backup.db")
    own_ledger.start()
    book.write(600)
    assert drain(book.home, own_ledger.url, own_ledger.key).stored == 600
    own_ledger.stop()
    for path in tmp_path.glob("book.db*"):
        path.unlink()
    shutil.copy(tmp_path / "backup.db", own_ledger.file)
    own_ledger.start()
    assert own_ledger.of(installation(book.home))["events"] == 700
    done = drain(book.home, own_ledger.url, own_ledger.key)
    assert (done.state, done.stored) == ("drained", 600)
    assert agrees(own_ledger, book)


def test_a_ledger_restored_in_the_middle_of_a_pass_gets_what_it_lacks(
    own_ledger: Ledger, book: Book, tmp_path: Path
) -> None:
    own_ledger.stop()
    shutil.copy(own_ledger.file, tmp_path / "empty.db")
    own_ledger.start()
    book.write(1400)
    sent: list[int] = []

    def at(step: str) -> None:
        if step == "sync.kept":
            sent.append(1)
            if len(sent) == 2:
                own_ledger.stop()
                for path in tmp_path.glob("book.db*"):
                    path.unlink()
                shutil.copy(tmp_path / "empty.db", own_ledger.file)
                own_ledger.start()

    done = drain(book.home, own_ledger.url, own_ledger.key, at=at)
    assert (done.state, done.waiting) == ("drained", 0)
    assert agrees(own_ledger, book)


def test_a_ledger_that_is_down_gets_all_when_it_is_up(
    own_ledger: Ledger, book: Book
) -> None:
    book.write(10)
    own_ledger.stop()
    done = drain(book.home, own_ledger.url, own_ledger.key)
    assert (done.state, done.waiting) == ("unavailable", 10)
    own_ledger.start()
    assert drain(book.home, own_ledger.url, own_ledger.key).stored == 10
    assert agrees(own_ledger, book)


def test_a_copied_journal_loses_nothing_and_takes_an_id_of_its_own(
    own_ledger: Ledger, book: Book, tmp_path: Path
) -> None:
    book.write(20)
    drain(book.home, own_ledger.url, own_ledger.key)
    shared = installation(book.home)
    shutil.copytree(book.home, tmp_path / "copy")
    copy = Book(tmp_path / "copy", list(book.events))
    book.write(30)
    copy.write(5)
    for each in (book, copy):
        done = drain(each.home, own_ledger.url, own_ledger.key)
        assert done.stored == len(each.events) - 20
    assert own_ledger.of(shared)["events"] == 20 + 30 + 5
    copy.write(4)
    drain(copy.home, own_ledger.url, own_ledger.key)
    with Outbox(copy.home, own_ledger.url) as outbox:
        assert outbox.installation != shared
        assert own_ledger.of(outbox.installation)["events"] == 4
    total = own_ledger.verified()
    assert total["events"] == 20 + 30 + 5 + 4
    assert int(total["sum_nusd"]) == book.cost + copy.cost - make_cost(20)


def make_cost(n: int) -> int:
    return n * sum(line.cost_nusd or 0 for line in make_event().lines)


def test_a_repaired_journal_counts_nothing_twice(ledger: Ledger, book: Book) -> None:
    from cellcost.journal import JOURNAL_FILE, repair

    book.write(400)
    first = installation(book.home)
    assert drain(book.home, ledger.url, ledger.key).stored == 400
    path = book.home / JOURNAL_FILE
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(content)
    kept = repair(book.home).events
    book.write(3)
    recover(book.home)
    done = drain(book.home, ledger.url, ledger.key)
    assert (done.stored, done.duplicate) == (3, kept)
    assert ledger.of(first)["events"] == 400


def test_the_memory_for_a_long_backlog_is_that_for_a_short_one(
    ledger: Ledger, tmp_path: Path
) -> None:
    peaks: list[int] = []
    for n in (1_000, 6_000):
        book = Book(tmp_path / str(n))
        book.write(n)
        tracemalloc.start()
        assert drain(book.home, ledger.url, ledger.key).stored == n
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert agrees(ledger, book)
    assert peaks[1] < peaks[0] * 1.2


def test_what_is_redacted_leaves_every_total_as_it_was(
    proxy: FaultyProxy, ledger: Ledger, tmp_path: Path
) -> None:
    where = replace(
        WHERE,
        user="ada",
        host="ada-laptop",
        notebook="/data/ada/q.ipynb",
        call_file="/data/ada/tools.py",
        call_site="/data/ada/tools.py:ask:7",
        cell_id="cell-of-ada",
        source_hash="ada5",
        call_mark="adamark",
    )
    made = [replace(make_event(), where=where) for _ in range(5)]
    for what in ("send", "hash", "drop"):
        book = Book(tmp_path / what)
        events = iter(made)
        book.write(5, lambda events=events: next(events))
        policy = SyncSettings(
            user=what, host=what, path=what, cell=what, call_site=what
        )
        proxy.bodies.clear()
        done = drain(book.home, proxy.url, ledger.key, policy=policy)
        assert (done.stored, done.rejected) == (5, 0)
        assert agrees(ledger, book)
        assert ("ada" in str(proxy.bodies)) == (what == "send")
        # The same events once more, under another policy: known again.
        with Outbox(book.home, proxy.url) as outbox:
            from datetime import UTC, datetime

            from cellcost.journal.outbox import Held

            outbox.go_back(outbox.installation, Held(0, 0), now=datetime.now(UTC))
        again = drain(book.home, proxy.url, ledger.key)
        assert (again.duplicate, again.conflict) == (5, 0)


def test_names_do_not_leave_when_their_hash_cannot_be_made(
    proxy: FaultyProxy, ledger: Ledger, book: Book
) -> None:
    book.write(1)
    (book.home / "sync-hashing").mkdir()
    with pytest.raises((OSError, ConfigError)):
        drain(book.home, proxy.url, ledger.key, policy=SyncSettings(user="hash"))
    assert proxy.bodies == []
