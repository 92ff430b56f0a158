"""Spend by tag and time, and events page by page."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cellcost.clock import to_microseconds
from cellcost.records import Line
from cellcost.testing.records import make_event, make_lines
from cellcost_ledger.book.schema import rollup_day, rollup_hour

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Client, Json, Ledger, noon, wire


def at(seq: int, moment: datetime, **call: str) -> Json:
    """Return an event of $0.000045 at a moment."""
    event = wire(seq, time_us=to_microseconds(moment))
    event["call"] |= call
    return event


@pytest.fixture
def client(ledger: Ledger) -> Client:
    """A reader of a ledger with four events over two days."""
    found = ledger.client()
    last = noon(20).replace(hour=23, minute=59, second=59)
    unpriced = wire(4, make_event((Line(line_no=1, meter="input", quantity=7),)))
    unpriced["time_us"] = to_microseconds(noon(21) + timedelta(minutes=1))
    unpriced["call"]["response_model"] = "mystery"
    found.statuses(
        [
            at(1, noon(20), response_model="a"),
            at(2, last, response_model="b"),
            at(3, noon(21), response_model="a", provider="azure"),
            unpriced,
        ]
    )
    return found


def ask(client: Client, question: str) -> Json:
    answer = client.get(f"/api/v1/spend?since=2026-11-20&until=2026-11-22&{question}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def rows(client: Client, question: str, *names: str) -> list[tuple[Any, ...]]:
    return [
        tuple(row[name] for name in (*names, "events", "cost_nusd"))
        for row in ask(client, question)["rows"]
    ]


def test_spend_is_grouped_by_tags_and_days_and_hours(client: Client) -> None:
    assert rows(client, "") == [(4, "135000")]
    assert rows(client, "group_by=model", "model") == [
        ("a", 2, "90000"),
        ("b", 1, "45000"),
        ("mystery", 1, None),
    ]
    assert rows(client, "granularity=day", "time") == [
        ("2026-11-20T00:00:00Z", 2, "90000"),
        ("2026-11-21T00:00:00Z", 2, "45000"),
    ]
    assert rows(client, "granularity=hour&group_by=provider", "time", "provider") == [
        ("2026-11-20T12:00:00Z", "openai", 1, "45000"),
        ("2026-11-20T23:00:00Z", "openai", 1, "45000"),
        ("2026-11-21T12:00:00Z", "azure", 1, "45000"),
        ("2026-11-21T12:00:00Z", "openai", 1, None),
    ]
    both = rows(client, "group_by=team,model,installation", "team", "installation")
    assert both[0] == ("search", "inst", 2, "90000")


def test_spend_is_filtered_by_tags_each_of_several_values(client: Client) -> None:
    assert rows(client, "model=a") == [(2, "90000")]
    assert rows(client, "model=a&model=b&group_by=model", "model") == [
        ("a", 2, "90000"),
        ("b", 1, "45000"),
    ]
    assert rows(client, "model=a&provider=azure&granularity=day", "time") == [
        ("2026-11-21T00:00:00Z", 1, "45000")
    ]
    assert rows(client, "team=search&installation=inst") == [(4, "135000")]
    assert rows(client, "model=A") == rows(client, "user=nobody") == []


def test_an_empty_filter_finds_what_has_no_such_tag(ledger: Ledger) -> None:
    client = ledger.client()
    tagged, plain = at(1, noon()), at(2, noon())
    tagged["where"]["tags"] = {"team": "search", "function": "chat"}
    plain["where"]["tags"] = {"team": "search"}
    client.statuses([tagged, plain])
    for name in ("spend", "events"):
        answer = client.get(f"/api/v1/{name}?function=&since=2026-11-20").json()
        assert len(answer["rows" if name == "spend" else "events"]) == 1
    answer = client.get("/api/v1/spend?function=&group_by=function").json()
    assert [row["function"] for row in answer["rows"]] == [""]


def test_unknown_is_not_zero_and_stands_beside_the_sum(client: Client) -> None:
    total = ask(client, "group_by=model")["total"]
    assert (total["cost_nusd"], total["n_unpriced"], total["n_priced"]) == (
        "135000",
        1,
        3,
    )
    assert (total["input_tokens"], total["output_tokens"]) == (307, 30)


def test_a_span_is_widened_to_whole_hours_and_the_answer_says_so(
    client: Client,
) -> None:
    answer = client.get(
        "/api/v1/spend",
        params={"since": "2026-11-20T23:30+00:00", "until": "2026-11-21"},
    ).json()
    assert (answer["since"], answer["until"]) == (
        "2026-11-20T23:00:00Z",
        "2026-11-21T00:00:00Z",
    )
    assert answer["total"]["events"] == 1
    none = client.get("/api/v1/spend?since=2026-11-25&until=2026-11-20").json()
    assert (none["rows"], none["total"]["cost_nusd"]) == ([], "0")


def test_events_come_newest_first_page_by_page_and_filtered(ledger: Ledger) -> None:
    client = ledger.client()
    events = [at(n, noon() + timedelta(seconds=n // 3)) for n in range(1, 32)]
    client.statuses(events)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = client.get(f"/api/v1/events?limit=7&cursor={cursor}").json()
        assert len(page["events"]) <= 7
        seen += [event["id"] for event in page["events"]]
        cursor = page["next"]
    newest = sorted(events, key=lambda e: (e["time_us"], e["id"]), reverse=True)
    assert seen == [event["id"] for event in newest]

    def count(question: str) -> int:
        return len(client.get(f"/api/v1/events?{question}").json()["events"])

    assert count("team=search") == count("kind=llm") == count("installation=inst") == 31
    assert count("team=search&team=ads") == 31
    assert count("team=ads") == count("model=other") == 0
    assert count("since=2026-11-20T12:00:10Z") == 2
    assert count("until=2026-11-20T12:00:01Z") == 2


def test_a_sum_beyond_64_bits_is_still_exact(ledger: Ledger) -> None:
    client = ledger.client()
    # $1,000,000 each, in hours of their own: 1e15 nano-USD.
    lines = [{"line_no": 1, "meter": "x", "quantity": 1, "cost_nusd": str(10**15 - 1)}]
    start = noon() - timedelta(days=300)
    many = [at(n, start + timedelta(hours=n)) | {"lines": lines} for n in range(1, 501)]
    client.statuses(many)
    book = ledger.book()
    huge = 3_999_999_999_999_999_999
    for table, by, count in ((rollup_hour, "hour", 500), (rollup_day, "day", 22)):
        ours = table.c.tenant == ledger.tenant
        dear = sa.update(table).where(ours).values(cost_nusd=huge)
        assert book.write(lambda c, dear=dear: c.execute(dear).rowcount) == count
        question = f"since=2026-01-01&until=2026-12-31&granularity={by}"
        told = client.get(f"/api/v1/spend?{question}").json()
        assert told["total"]["cost_nusd"] == str(count * huge)
    book.close()


def test_cached_and_reasoning_tokens_are_part_of_input_and_output(
    ledger: Ledger,
) -> None:
    lines = (
        *make_lines(100, 10),
        Line(line_no=3, meter="cache_read", quantity=900, cost_nusd=1),
        Line(line_no=4, meter="reasoning", quantity=90, cost_nusd=1),
        Line(line_no=5, meter="web_search", quantity=2, cost_nusd=1),
    )
    client = ledger.client()
    client.statuses([wire(1, make_event(lines))])
    total = client.get("/api/v1/spend").json()["total"]
    assert (total["input_tokens"], total["output_tokens"]) == (1000, 100)
