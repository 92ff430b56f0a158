"""What each run cost, what the money bought, and what one of it cost."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cellcost.clock import to_microseconds
from cellcost.records import Line
from cellcost.testing.records import make_event

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Client, Json, Ledger, noon, wire

PERIOD = {"since": "2026-11-18", "until": "2026-11-24"}


def at(seq: int, moment: datetime, **where: Any) -> Json:
    event = wire(seq, time_us=to_microseconds(moment))
    event["where"] |= where
    return event


def outcome(
    seq: int, detail: Json, moment: datetime | None = None, **tags: str
) -> Json:
    event = at(seq, moment or noon(), run_id="run-1")
    event["where"]["tags"] = {"team": "search", **tags}
    del event["call"]
    return event | {"kind": "outcome", "lines": [], "detail": detail}


def ask(client: Client, path: str, **query: Any) -> Json:
    answer = client.get(f"/api/v1/{path}", params={**PERIOD, **query})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def pages(client: Client, path: str, **query: Any) -> list[Json]:
    """Return every row of a list, page by page."""
    found: list[Json] = []
    cursor = ""
    while cursor is not None:
        page = ask(client, path, cursor=cursor, **query)
        rows = page[path]
        assert len(rows) <= query.get("limit", 100)
        found += rows
        cursor = page["next"]
    return found


def test_a_run_is_told_with_its_first_and_last_time_and_its_sums(
    ledger: Ledger,
) -> None:
    client = ledger.client(ledger.key(user="ada"))
    unpriced = wire(3, make_event((Line(line_no=1, meter="input", quantity=7),)))
    unpriced["time_us"] = to_microseconds(noon() + timedelta(minutes=9))
    script = at(4, noon(21), run_id="run-2", origin="script", call_file="jobs/a.py")
    del script["where"]["notebook"]
    loose = at(5, noon(21), run_id="")
    client.statuses(
        [at(1, noon()), at(2, noon() + timedelta(minutes=5)), unpriced, script, loose]
    )
    second, first = ask(client, "runs")["runs"]
    assert first == {
        "run_id": "run-1",
        "installation": "inst",
        "origin": "cell",
        "notebook": "work/a.ipynb",
        "script": "",
        "user": "ada",
        "first_us": to_microseconds(noon()),
        "last_us": to_microseconds(noon() + timedelta(minutes=9)),
        "events": 3,
        "calls": 3,
        "n_priced": 2,
        "n_unpriced": 1,
        "input_tokens": 207,
        "output_tokens": 20,
        "cost_nusd": "90000",
    }
    assert (second["origin"], second["notebook"], second["script"]) == (
        "script",
        "",
        "jobs/a.py",
    )
    (only,) = ask(client, "runs", notebook="work/a.ipynb")["runs"]
    assert only == first
    assert ask(client, "runs", run_id="run-2")["runs"] == [second]
    assert ask(client, "runs", **{"tag:team": "ads"})["runs"] == []


def test_a_run_of_nothing_priced_costs_null(ledger: Ledger) -> None:
    event = wire(1, make_event((Line(line_no=1, meter="input", quantity=7),)))
    client = ledger.client()
    client.statuses([event])
    (run,) = client.get("/api/v1/runs").json()["runs"]
    assert (run["cost_nusd"], run["n_unpriced"]) == (None, 1)


def test_runs_and_outcomes_come_page_by_page_each_once(ledger: Ledger) -> None:
    client = ledger.client()
    names = [f"run {n} 'ü" for n in range(23)]
    client.statuses(
        [
            at(n + 1, noon() + timedelta(seconds=n // 4), run_id=name)
            for n, name in enumerate(names)
        ]
    )
    seen = pages(client, "runs", limit=4)
    assert sorted(run["run_id"] for run in seen) == sorted(names)
    order = [(run["last_us"], run["installation"], run["run_id"]) for run in seen]
    assert order == sorted(order, reverse=True)
    said = [
        outcome(n + 101, {"name": f"o{n}"}, noon() + timedelta(seconds=n // 4))
        for n in range(23)
    ]
    client.statuses(said)
    found = pages(client, "outcomes", limit=4)
    assert {one["name"] for one in found} == {f"o{n}" for n in range(23)}
    assert len(found) == 23


def test_an_outcome_is_told_as_it_was_said(ledger: Ledger) -> None:
    client = ledger.client(ledger.key(user="ada"))
    detail = {"name": "summary", "count": 3, "quality": 0.9, "value": "0.10"}
    client.statuses([outcome(1, detail, function="chat", project="atlas"), wire(2)])
    (found,) = ask(client, "outcomes")["outcomes"]
    assert found == {
        "id": found["id"],
        "installation": "inst",
        "time_us": to_microseconds(noon()),
        "team": "search",
        "function": "chat",
        "environment": "",
        "user": "ada",
        "run_id": "run-1",
        "name": "summary",
        "count": 3,
        "quality": 0.9,
        "value": "0.10",
        "tags": {"team": "search", "function": "chat", "project": "atlas"},
    }
    assert ask(client, "outcomes", **{"tag:project": "other"})["outcomes"] == []


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"name": 7, "count": "many", "quality": "good", "value": []},
        {"name": None, "count": True, "quality": True, "value": True},
        {"name": {}, "count": 10**40, "quality": 10**400, "value": "1e999999"},
        {"name": "x", "count": 1.5, "quality": None, "value": "NaN"},
        {"name": "x", "count": -(10**16), "value": "9" * 41},
    ],
)
def test_whatever_an_outcome_says_reading_it_works(
    ledger: Ledger, detail: Json
) -> None:
    client = ledger.client()
    assert client.statuses([outcome(1, detail)]) == ["stored"]
    (found,) = ask(client, "outcomes")["outcomes"]
    assert (found["quality"], found["value"]) == (None, None)
    assert found["count"] == (1 if not detail else 0)
    assert len(ask(client, "unit-cost")["rows"]) == 1


def test_unit_cost_is_spend_over_outcomes_by_function(ledger: Ledger) -> None:
    client = ledger.client()
    tags = {"team": "search"}
    chat = {**tags, "function": "chat", "project": "atlas"}
    unpriced = wire(4, make_event((Line(line_no=1, meter="input", quantity=7),)))
    unpriced["time_us"] = to_microseconds(noon())
    unpriced["where"]["tags"] = {**tags, "function": "rank"}
    client.statuses(
        [
            at(1, noon(), tags=chat),
            at(2, noon(), tags=chat),
            at(3, noon(), tags=tags),
            unpriced,
            outcome(
                5, {"name": "summary", "count": 4, "quality": 1.0}, function="chat"
            ),
            outcome(
                6, {"name": "summary", "count": 3, "quality": 0.5}, function="chat"
            ),
            outcome(7, {"name": "answer", "value": "0.1"}, function="chat"),
            outcome(8, {"name": "order", "count": 2}, function="rank"),
        ]
    )
    answer = ask(client, "unit-cost")
    assert answer["group_by"] == ["function"]
    told = [
        tuple(row[n] for n in ("function", "outcome", "count", "unit_cost_nusd"))
        for row in answer["rows"]
    ]
    assert told == [
        ("", None, 0, None),
        ("chat", "answer", 1, "90000"),
        ("chat", "summary", 7, "12857"),
        ("rank", "order", 2, None),
    ]
    rank = answer["rows"][-1]
    assert (rank["cost_nusd"], rank["n_unpriced"], rank["events"]) == (None, 1, 1)
    assert [row["quality"] for row in answer["rows"]] == [None, None, 0.75, None]
    assert answer["rows"][1]["value_usd"] == "0.1"
    by_project = ask(client, "unit-cost", group_by="tag:project")["rows"]
    assert [row["tag:project"] for row in by_project] == ["", "", "", "atlas"]
    whole = ask(client, "unit-cost", group_by="")["rows"]
    assert {row["cost_nusd"] for row in whole} == {"135000"}


def test_the_worth_of_outcomes_is_exact(ledger: Ledger) -> None:
    client = ledger.client()
    events = [outcome(n, {"name": "x", "value": "0.1"}) for n in range(1, 4)]
    events.append(outcome(4, {"name": "x", "count": 3, "value": "1e30"}))
    client.statuses(events)
    (row,) = ask(client, "unit-cost")["rows"]
    assert row["value_usd"] == f"3{'0' * 30}.3"
