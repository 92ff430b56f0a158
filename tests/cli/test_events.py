"""`cellcost events`: one event a line, with exactly the agreed keys."""

import json
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from cellcost.ids import new_id
from cellcost.journal import recover
from cellcost.records import Event

KEYS = [
    *("id", "seq", "time", "kind", "origin", "provider"),
    *("request_model", "response_model", "operation"),
    *("input_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("output_tokens", "reasoning_tokens", "cost_nusd", "confidence"),
    *("run_id", "cell_id", "call_site", "notebook", "tags", "corrects", "lines"),
]


def lines_of(done: subprocess.CompletedProcess[str]) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_has_the_agreed_keys_and_the_figures_of_the_event(cli, book):
    event = book.call(1_250_000)
    (row,) = lines_of(cli("events", "--json"))
    assert list(row) == KEYS
    lines = row.pop("lines")
    assert row == {
        "id": event.id,
        "seq": 1,
        "time": "2026-11-20T12:00:00+00:00",
        "kind": "llm",
        "origin": "cell",
        "provider": "openai",
        "request_model": "gpt-5",
        "response_model": "gpt-5-2025-08-07",
        "operation": "chat",
        "input_tokens": 1000,
        "cache_read_tokens": 400,
        "cache_write_tokens": 0,
        "output_tokens": 350,
        "reasoning_tokens": 0,
        "cost_nusd": "3750000",
        "confidence": "measured",
        "run_id": "r1",
        "cell_id": "c1",
        "call_site": "cell:answer:3",
        "notebook": "work/a.ipynb",
        "tags": {"team": "search", "environment": "dev"},
        "corrects": "",
    }
    assert [line["quantity"] for line in lines] == [600, 400, 350]
    assert sum(int(line["cost_nusd"]) for line in lines) == 3_750_000


def test_an_unknown_cost_is_null_and_a_refused_call_costs_nothing(cli, book):
    book.call(None)
    book.refused()
    rows = lines_of(cli("events", "--json"))
    assert (rows[0]["cost_nusd"], rows[0]["lines"][2]["reason"]) == (None, "no price")
    assert (rows[-1]["cost_nusd"], rows[-1]["lines"]) == ("0", [])


def test_events_come_in_the_order_of_their_seq(cli, book):
    for cost in range(5):
        book.call(cost)
    assert [row["seq"] for row in lines_of(cli("events", "--json"))] == [1, 2, 3, 4, 5]


def test_an_outcome_has_every_key_too(cli, book):
    event = book.call()
    outcome = Event(
        id=new_id(),
        time=event.time,
        kind="outcome",
        where=event.where,
        detail={"name": "summary", "count": 1},
    )
    book.writer.settle(outcome)
    row = lines_of(cli("events", "--json"))[-1]
    assert list(row) == KEYS
    assert (row["kind"], row["provider"], row["cost_nusd"]) == ("outcome", "", "0")
    assert "summary" in cli("events").stdout


def test_a_killed_writers_call_is_settled_first_and_once(cli, home):
    program = textwrap.dedent(
        f"""
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from conftest import Book
        from cellcost.ids import new_id
        from cellcost.journal import About, Writer
        from dataclasses import replace
        book = Book(Writer(Path({str(home)!r}), about=About(
            host="test", pid=os.getpid(), version="0")))
        event = book.call(1_000_000)
        book.begin(replace(event, id=new_id()))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    rows = lines_of(cli("events", "--json"))
    assert [row["confidence"] for row in rows] == ["measured", "partial"]
    assert rows[1]["cost_nusd"] == "1000000"
    assert lines_of(cli("events", "--json")) == rows


def test_a_living_writers_call_stays_in_flight(cli, book):
    event = book.call()
    book.begin(replace(event, id=new_id()))
    assert len(lines_of(cli("events", "--json"))) == 1


def test_a_correction_has_signed_lines(cli, book, home):
    event = book.call(1_000_000)
    late = replace(event, id=new_id())
    book.begin(late)
    book.writer.close()
    recover(home)
    rows = lines_of(cli("events", "--json"))
    assert rows[-1]["id"] == late.id
    book.writer.settle(late)
    rows = lines_of(cli("events", "--json"))
    correction = rows[-1]
    assert (correction["kind"], correction["corrects"]) == ("correction", late.id)
    mine = [row for row in rows if late.id in (row["id"], row["corrects"])]
    assert sum(int(row["cost_nusd"]) for row in mine) == 3_000_000
    assert sum(row["output_tokens"] for row in mine) == 350
    assert f"corrects {late.id}" in cli("events").stdout


def test_a_span_chooses(cli, book, days_ago):
    book.call(1, at=days_ago(1))
    book.call(2, at=days_ago(9))
    rows = lines_of(cli("events", "--json", "--since", "7d"))
    assert [row["cost_nusd"] for row in rows] == ["3"]


def test_following_prints_events_as_they_come(cli, book):
    first = book.call(1)
    with cli.start("events", "--json", "--follow") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["id"] == first.id
        second = book.call(2)
        assert json.loads(process.stdout.readline())["id"] == second.id
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def test_following_starts_before_there_is_a_journal(cli, home, request):
    with cli.start("events", "--json", "--follow") as process:
        assert process.stdout is not None
        event = request.getfixturevalue("book").call(1)
        assert json.loads(process.stdout.readline())["id"] == event.id
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_a_reader_that_has_enough_is_no_failure(cli, book):
    for _ in range(300):
        book.call()
    with cli.start("events", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=30) == 0


def test_people_get_a_table(cli, book):
    book.call(4_000_000)
    head, row = cli("events").stdout.splitlines()
    assert head.split() == [
        *("seq", "time", "model", "in", "→", "out", "cached", "cost", "where")
    ]
    for part in ("2026-11-20 12:00:00", "gpt-5", "$0.0120", "work/a.ipynb"):
        assert part in row


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_an_empty_home_is_no_failure(cli, arguments):
    done = cli("events", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
