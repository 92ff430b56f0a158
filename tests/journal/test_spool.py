"""What waits beside the journal: one record that cannot be stored stops no other."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cellcost.journal import JOURNAL_FILE, Reader, Writer, recover
from cellcost.journal.spool import Spooled, append, spool_folder
from cellcost.records import Event
from cellcost.testing.records import intent_of, make_event

NewWriter = Callable[..., Writer]

WRITER_FIELDS = (
    *("started_us", "host", "pid", "version"),
    *("kernel_id", "session_id", "notebook", "stacks"),
)
LINES = {
    "a list": b"[]",
    "a number": b"7",
    "no body": b'{"kind":"event","writer":"x"}',
    "an empty body": b'{"kind":"event","writer":"x","body":{}}',
    "a body that is none": b'{"kind":7,"writer":7,"body":7}',
    "infinite": b'{"kind":"writer","writer":"x","body":{"started_us":1e400}}',
    "no utf-8": b"\xff\xfe",
    "nested": b"[" * 100_000,
    "an intent without an id": b'{"kind":"intent","writer":{},"body":{"id":[]}}',
    "a number that SQLite has not": json.dumps(
        {
            "kind": "writer",
            "writer": "x",
            "body": dict.fromkeys(WRITER_FIELDS, 10**30),
        }
    ).encode(),
}


def stored(home: Path) -> list[Event]:
    with Reader(home) as reader:
        return list(reader.events())


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_that_is_no_record_is_set_aside_and_the_others_come_home(
    home: Path, new_writer: NewWriter, line: bytes
) -> None:
    writer, event = new_writer(network=True), make_event()
    folder = spool_folder(home)
    folder.mkdir(parents=True)
    (folder / "other.jsonl").write_bytes(line + b"\n")
    writer.settle(event)
    recover(home)
    assert [found.id for found in stored(home)] == [event.id]
    assert (folder / "rejected.txt").read_bytes().count(b"\n") == 2
    assert recover(home).spooled == 0


def huge(event: Event) -> Event:
    return replace(event, lines=(replace(event.lines[0], cost_nusd=10**30),))


def unnamed(event: Event) -> Event:
    """Return it as of a notebook whose name is no UTF-8, as Python gives such names."""
    notebook = b"caf\xe9.ipynb".decode("utf-8", "surrogateescape")
    return replace(event, where=replace(event.where, notebook=notebook))


def of(event: Event) -> Spooled:
    from cellcost.journal.codec import event_to_wire

    return Spooled("event", "dead", event_to_wire(event))


def test_a_figure_that_sqlite_cannot_hold_is_set_aside(home: Path) -> None:
    good = make_event()
    for event in (huge(make_event()), good):
        append(spool_folder(home), of(event))
    recover(home)
    assert [found.id for found in stored(home)] == [good.id]
    assert "too large" in (spool_folder(home) / "rejected.txt").read_text()


def test_a_file_name_that_is_no_utf_8_is_kept_readable(home: Path) -> None:
    append(spool_folder(home), of(unnamed(make_event())))
    recover(home)
    (event,) = stored(home)
    assert event.where.notebook == "caf?.ipynb"


def test_a_writer_never_raises_and_later_records_are_stored(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    named = unnamed(make_event())
    writer.begin(intent_of(named))
    writer.settle(named)
    for event in (huge(make_event()), replace(make_event(), note=object())):
        writer.settle(event)  # type: ignore[arg-type]
    assert "cannot be stored" in writer.health.error
    assert writer.health.lost == 1  # what no text can hold
    good = make_event()
    writer.settle(good)
    writer.checkpoint()
    assert {event.id for event in stored(home)} == {named.id, good.id}
    assert "too large" in (spool_folder(home) / "rejected.txt").read_text()
    with Reader(home) as reader:
        assert reader.pending() == ()


def test_a_writer_says_in_its_row_what_it_lost(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    writer.announce(stacks='{"httpx2": "hooked"}')
    writer.settle(replace(make_event(), note=object()))  # type: ignore[arg-type]
    assert writer.health.lost == 1
    writer.settle(make_event())
    with Reader(home) as reader:
        (row,) = reader.writers()
    assert row.stacks["httpx2"] == "hooked"
    assert row.stacks["journal"].startswith("lost: 1 of this process's records")


def test_a_journal_that_is_corrupt_inside_rejects_no_record(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    for _ in range(200):
        writer.settle(make_event())
    writer.close()
    with sqlite3.connect(home / JOURNAL_FILE) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = connection.execute("SELECT rootpage FROM sqlite_master WHERE rootpage")
        pages = [page for (page,) in rows if page > 2]
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    event = make_event()
    append(spool_folder(home), of(event))
    with (home / JOURNAL_FILE).open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)
    with pytest.raises(sqlite3.DatabaseError):
        recover(home)
    assert not (spool_folder(home) / "rejected.txt").exists()
    for path in home.glob(f"{JOURNAL_FILE}*"):
        path.unlink()
    recover(home)
    assert [found.id for found in stored(home)] == [event.id]
