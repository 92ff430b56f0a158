"""What a ledger has not answered for: in order, whole, and never lost by going back."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cellcost.journal import Reader, Writer, codec, recover
from cellcost.journal.outbox import Answered, Held, Outbox, Refusal
from cellcost.testing.records import make_event

NewWriter = Callable[..., Writer]
URL = "https://ledger.corp"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
V1 = Path(__file__).parent / "data" / "journal_v1.db"


def take(outbox: Outbox, most: int = 500) -> list[int]:
    """Have everything answered as stored; return the seqs in the order they left."""
    seqs: list[int] = []
    while batch := outbox.batch(outbox.position(), most=most, most_bytes=1 << 20):
        seqs += [out.wire["seq"] for out in batch]
        outbox.answered(
            Answered(
                upto_rev=batch[-1].rev,
                installation=batch[0].installation,
                held=Held(batch[-1].wire["seq"], len(seqs)),
                refused={},
                taken=tuple(out.wire["id"] for out in batch),
            ),
            now=NOW,
        )
    return seqs


def test_what_leaves_is_the_wire_form_of_each_event(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    for event in (make_event(), replace(make_event(), corrects="x", note="late")):
        writer.settle(event)
    with Outbox(home, URL) as outbox, Reader(home) as reader:
        batch = outbox.batch(0, most=500, most_bytes=1 << 20)
        wanted = [codec.event_to_wire(event) for event in reader.events()]
        assert [out.wire for out in batch] == wanted
        assert {out.installation for out in batch} == {reader.installation}


def test_a_batch_ends_by_number_by_size_and_at_another_installation(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    for _ in range(7):
        writer.settle(make_event())
    with Outbox(home, URL) as outbox:
        assert outbox.waiting() == 7
        assert len(outbox.batch(0, most=3, most_bytes=1 << 20)) == 3
        assert len(outbox.batch(0, most=500, most_bytes=1)) == 1
        old = outbox.installation
        assert outbox.renew_installation(old)
        assert not outbox.renew_installation(old)
        writer.settle(make_event())
        assert len(outbox.batch(0, most=500, most_bytes=1 << 20)) == 7
        assert outbox.waiting() == 8
        assert take(outbox, most=4) == [1, 2, 3, 4, 5, 6, 7, 1]
        assert outbox.waiting() == 0
        assert set(outbox.held()) == {old, outbox.installation}


def test_a_ledger_that_lost_events_gets_them_again(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    for _ in range(9):
        writer.settle(make_event())
    with Outbox(home, URL) as outbox:
        take(outbox)
        outbox.go_back(outbox.installation, Held(4, 4), now=NOW)
        assert outbox.waiting() == 5
        assert take(outbox) == [5, 6, 7, 8, 9]
        outbox.go_back(outbox.installation, Held(20, 20), now=NOW)
        assert outbox.waiting() == 0


def test_each_ledger_has_a_progress_of_its_own(
    home: Path, new_writer: NewWriter
) -> None:
    new_writer().settle(make_event())
    with Outbox(home, URL) as one, Outbox(home, "https://other") as other:
        take(one)
        assert (one.waiting(), other.waiting()) == (0, 1)


def test_refusals_are_kept_by_reason_until_the_event_is_taken(
    home: Path, new_writer: NewWriter
) -> None:
    event = make_event()
    new_writer().settle(event)
    no = Refusal("rejected", "this key may not charge team 'x'")
    with Outbox(home, URL) as outbox:
        (out,) = outbox.batch(0, most=500, most_bytes=1 << 20)
        refused = Answered(
            upto_rev=out.rev,
            installation=out.installation,
            held=Held(1, 0),
            refused={event.id: no},
            taken=(),
        )
        outbox.answered(refused, now=NOW)
        outbox.answered(refused, now=NOW)
        assert outbox.progress().refused == (no,)
        assert outbox.waiting() == 0
        outbox.answered(replace(refused, refused={}, taken=(event.id,)), now=NOW)
        assert outbox.progress().refused == ()


def test_why_a_ledger_cannot_be_told_is_kept_since_the_first_time(
    home: Path, new_writer: NewWriter
) -> None:
    new_writer().settle(make_event())
    later = datetime(2026, 11, 26, tzinfo=UTC)
    with Outbox(home, URL) as outbox:
        outbox.failed("no route", now=NOW)
        outbox.failed("refused", now=later)
        found = outbox.progress()
        assert (found.failing_since, found.error) == (NOW, "refused")
        outbox.reached(outbox.installation, Held(0, 0), now=later)
        found = outbox.progress()
        assert (found.reached, found.failing_since, found.error) == (later, None, "")


def test_a_journal_of_the_first_version_is_sent_whole(
    home: Path, new_writer: NewWriter
) -> None:
    home.mkdir()
    shutil.copy(V1, home / "journal.db")
    recover(home)
    new_writer().settle(make_event())
    with Outbox(home, URL) as outbox:
        assert take(outbox) == [1, 2, 3, 4, 5, 6, 7]
    with sqlite3.connect(home / "journal.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


@pytest.mark.skipif("not hasattr(os, 'fork')")
def test_an_open_outbox_is_closed_for_a_fork_and_works_on_both_sides(
    home: Path, new_writer: NewWriter
) -> None:
    new_writer().settle(make_event())
    with Outbox(home, URL) as outbox:
        assert outbox.waiting() == 1
        child = os.fork()
        if child == 0:
            os._exit(outbox.waiting())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        assert outbox.waiting() == 1
