"""Spend by any tag, call site or meter: the same sums as the rollups."""

import random
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cellcost.clock import from_microseconds, to_microseconds
from cellcost.records import Line
from cellcost.testing.records import make_event
from cellcost_ledger.book.dimensions import FIELDS, GROUPS
from cellcost_ledger.book.schema import rollup_day, rollup_hour

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Client, Json, Ledger, cost_of, noon, wire

PERIOD = {"since": "2026-11-18", "until": "2026-11-24"}
ODD_TAG = 'a "quoted" \\ tag.$[0]'
COMPARED = ("events", "calls", "n_priced", "n_unpriced", "cost_nusd")


def skewed(count: int = 120) -> list[Json]:
    """Return events with every tag there may be, some of them unpriced."""
    dice = random.Random(7)
    found = []
    for seq in range(1, count + 1):
        priced = dice.random() > 0.2
        lines = tuple(
            Line(
                line_no=number,
                meter=meter,
                quantity=dice.randint(1, 10**6),
                cost_nusd=dice.randint(1, 10**12) if priced or number == 2 else None,
            )
            for number, meter in enumerate(dice.sample(["input", "output", "x"], 2))
        )
        event = wire(seq, make_event(lines if dice.random() > 0.1 else ()))
        moment = noon() + timedelta(minutes=dice.randint(-2000, 2000))
        event["time_us"] = to_microseconds(moment)
        event["kind"] = dice.choice(["llm", "llm", "gpu"])
        event["confidence"] = dice.choice(["measured", "estimated"])
        event["call"] |= {
            "provider": dice.choice(["openai", "anthropic"]),
            "operation": dice.choice(["chat", "embeddings"]),
        }
        event["where"] |= {"call_site": dice.choice(["a.py:f:1", "cell:<cell>:2", ""])}
        event["where"]["tags"] = {
            "team": dice.choice(["search", "ads"]),
            "function": dice.choice(["chat", "rank", "o'brien; --"]),
            "project": dice.choice(["atlas", "ünïcode"]),
            ODD_TAG: dice.choice(["yes", "no"]),
        }
        found.append(event)
    return found


@pytest.fixture
def client(ledger: Ledger) -> Client:
    found = ledger.client(ledger.key(teams=["ads"]))
    found.statuses(skewed())
    return found


def ask(client: Client, **query: Any) -> Json:
    answer = client.get("/api/v1/spend", params={**PERIOD, **query})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


@pytest.mark.parametrize("granularity", ["", "hour", "day"])
@pytest.mark.parametrize("name", GROUPS)
def test_events_add_up_to_the_sums_to_the_nano_dollar(
    client: Client, name: str, granularity: str
) -> None:
    asked = {"granularity": granularity} if granularity else {}
    sums = ask(client, group_by=name, **asked)
    # A filter that leaves nothing out, and that the sums do not have.
    events = ask(client, group_by=name, kind=["llm", "gpu"], **asked)
    assert events["rows"] == sums["rows"]
    assert events["total"] == sums["total"]
    assert events["total"]["events"] == 120
    assert events["events_not_kept"] == 0


@pytest.mark.parametrize(
    "name", [*FIELDS, "tag:project", f"tag:{ODD_TAG}", "tag:none", "tag:team"]
)
def test_the_rows_of_any_name_add_up_to_the_total(client: Client, name: str) -> None:
    found = ask(client, group_by=name)
    rows, total = found["rows"], found["total"]
    assert total == ask(client)["total"]
    assert sum(int(row["cost_nusd"] or 0) for row in rows) == int(total["cost_nusd"])
    for summed in ("n_unpriced", "input_tokens", "output_tokens"):
        assert sum(row[summed] for row in rows) == total[summed]
    if name != "meter":
        assert sum(row["events"] for row in rows) == total["events"]
    # Each row is what a filter for it finds.
    for row in rows:
        (filtered,) = ask(client, group_by=name, **{name: row[name]})["rows"]
        assert filtered == row


def test_spend_by_a_tag_is_the_spend_of_the_events_with_it(client: Client) -> None:
    events = skewed()
    found = ask(client, group_by="tag:project,operation", granularity="day")
    for row in found["rows"]:
        day = row["time"][:10]
        mine = [
            event
            for event in events
            if event["where"]["tags"]["project"] == row["tag:project"]
            and event["call"]["operation"] == row["operation"]
            and _day(event) == day
        ]
        assert row["events"] == len(mine)
        assert int(row["cost_nusd"] or 0) == sum(map(cost_of, mine))


def _day(event: Json) -> str:
    return from_microseconds(event["time_us"]).date().isoformat()


def test_by_meter_a_row_holds_that_meters_lines_alone(ledger: Ledger) -> None:
    client = ledger.client()
    correction = wire(
        2,
        make_event(
            (
                Line(line_no=1, meter="input", quantity=-10, cost_nusd=-2500),
                Line(line_no=2, meter="x", quantity=-3),
            )
        ),
    )
    unpriced = wire(3, make_event((Line(line_no=1, meter="x", quantity=3),)))
    client.statuses([wire(1), correction, unpriced, wire(4) | {"lines": []}])
    found = client.get("/api/v1/spend?group_by=meter").json()
    assert [
        (r["meter"], r["cost_nusd"], r["events"], r["n_unpriced"])
        for r in found["rows"]
    ] == [
        ("", "0", 1, 0),
        ("input", "22500", 2, 0),
        ("output", "20000", 1, 0),
        ("x", None, 2, 0),
    ]
    assert found["total"]["events"] == 4
    assert found["total"]["cost_nusd"] == "42500"


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ("group_by=kind&since=2026-01-01&until=2026-06-01", "too_long_a_time"),
        ("group_by=tag:", "wrong_argument"),
        ("group_by=tag:" + "x" * 201, "wrong_argument"),
        ("group_by=" + ",".join(f"tag:{n}" for n in range(11)), "wrong_argument"),
        ("&".join(f"tag:{n}=1" for n in range(11)), "wrong_argument"),
        ("tag:=1", "wrong_argument"),
        ("tags=1", "wrong_argument"),
    ],
)
def test_what_events_cannot_answer_is_refused(
    sqlite_ledger: Ledger, question: str, error: str
) -> None:
    answer = sqlite_ledger.client().get(f"/api/v1/spend?{question}")
    assert (answer.status_code, answer.json()["error"]) == (422, error)


def test_a_long_time_is_still_summed_without_events(sqlite_ledger: Ledger) -> None:
    answer = sqlite_ledger.client().get("/api/v1/spend?group_by=team&since=2020-01-01")
    assert answer.status_code == 200


def test_more_events_than_an_answer_may_read_are_refused(ledger: Ledger) -> None:
    client = ledger.client()
    client.statuses([wire(1)])
    book = ledger.book()
    for table in (rollup_hour, rollup_day):
        many = sa.update(table).where(table.c.tenant == ledger.tenant)
        book.write(lambda c, many=many: c.execute(many.values(events=500_001)))
    book.close()
    for asked in ("spend?group_by=kind", "runs", "unit-cost"):
        answer = client.get(f"/api/v1/{asked}")
        assert (answer.status_code, answer.json()["error"]) == (422, "too_many_events")
    # A filter that the sums know makes the question small enough.
    assert client.get("/api/v1/runs?model=other").status_code == 200
    assert client.get("/api/v1/spend?group_by=team").status_code == 200


def test_more_rows_than_an_answer_may_have_are_refused(sqlite_ledger: Ledger) -> None:
    client = sqlite_ledger.client()
    event = wire(1) | {"lines": []}
    for first in range(1, 10_502, 500):
        many = []
        for seq in range(first, first + 500):
            tags = {"function": f"f{seq}", "project": f"p{seq}"}
            where = {**event["where"], "tags": tags}
            id_ = f"0192f0c1-0000-7000-8000-{seq:012d}"
            many.append({**event, "id": id_, "seq": seq, "where": where})
        client.statuses(many)
    for asked in ("spend?group_by=function", "spend?group_by=tag:project", "unit-cost"):
        answer = client.get(f"/api/v1/{asked}")
        assert (answer.status_code, answer.json()["error"]) == (422, "too_many_rows")
