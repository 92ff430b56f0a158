"""Tables as CSV: what a spreadsheet opens without running it."""

import asyncio
import csv
import io
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import StreamingResponse

from cellcost.clock import to_microseconds
from cellcost_ledger.web.csv_answers import csv_stream, csv_text, usd_text
from cellcost_ledger.web.openapi import OPERATIONS

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Client, Ledger, noon, wire

TABLES = [o.path for o in OPERATIONS if o.has_csv and o.answer is not None]


def table(client: Client, path: str, **more: Any) -> list[dict[str, str]]:
    answer = client.get(path, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    text = answer.content.decode()
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("path", TABLES)
def test_a_table_is_asked_for_by_format_or_by_what_is_accepted(
    sqlite_ledger: Ledger, path: str
) -> None:
    client = sqlite_ledger.client(sqlite_ledger.key(scopes=["ingest", "read", "admin"]))
    event = wire(1)
    event["kind"], event["lines"] = "outcome", []
    client.statuses([event, wire(2)])
    by_format = table(client, f"{path}?format=csv")
    accepted = {"Accept": "text/csv;q=1, text/html"}
    assert table(client, path, headers=accepted) == by_format
    assert by_format
    json = client.get(f"{path}?format=json", headers={"Accept": "text/csv"})
    assert json.headers["content-type"] == "application/json"
    assert client.get(f"{path}?format=xml").status_code == 422


def test_spend_as_csv_is_spend_as_json(ledger: Ledger) -> None:
    client = ledger.client()
    unpriced = wire(2)
    unpriced["call"]["response_model"] = "mystery"
    unpriced["lines"] = [{"line_no": 1, "meter": "input", "quantity": 7}]
    client.statuses([wire(1), unpriced])
    asked = "/api/v1/spend?group_by=model,tag:team&granularity=day"
    rows = table(client, f"{asked}&format=csv")
    assert list(rows[0])[:5] == ["time", "model", "tag:team", "cost_usd", "cost_nusd"]
    told = client.get(asked).json()["rows"]
    assert [row["cost_nusd"] for row in rows] == ["45000", ""]
    assert [row["cost_usd"] for row in rows] == ["0.000045000", ""]
    assert [row["model"] for row in rows] == [row["model"] for row in told]
    assert [row["n_unpriced"] for row in rows] == ["0", "1"]


def test_every_event_is_in_the_table_once_beyond_a_page(ledger: Ledger) -> None:
    client = ledger.client()
    events = [
        wire(n, time_us=to_microseconds(noon() + timedelta(seconds=n // 3)))
        for n in range(1, 1202)
    ]
    for first in range(0, len(events), 500):
        client.statuses(events[first : first + 500])
    rows = table(client, "/api/v1/events?format=csv")
    newest = sorted(events, key=lambda e: (e["time_us"], e["id"]), reverse=True)
    assert [row["id"] for row in rows] == [event["id"] for event in newest]
    assert {row["run_id"] for row in rows} == {"run-1"}
    for argument in ("limit=5", "cursor=x"):
        answer = client.get(f"/api/v1/events?format=csv&{argument}")
        assert answer.status_code == 422


def test_no_cell_is_a_formula(ledger: Ledger) -> None:
    client = ledger.client()
    formulas = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\tx", '=HYPERLINK("x","y")']
    events = [wire(n) for n in range(1, len(formulas) + 1)]
    for event, text in zip(events, formulas, strict=True):
        event["where"]["tags"] |= {"function": text, "project": text}
    client.statuses(events)
    for asked in ("spend?group_by=function", "spend?group_by=tag:project"):
        rows = table(client, f"/api/v1/{asked}&format=csv")
        name = asked.partition("=")[2]
        assert sorted(row[name] for row in rows) == sorted(f"'{t}" for t in formulas)
    rows = table(client, "/api/v1/events?format=csv")
    assert {row["function"] for row in rows} == {f"'{text}" for text in formulas}


def test_numbers_stay_numbers_and_unknown_stays_empty() -> None:
    cells = ["-45000", "-0.5", "+7", "", None, 0, True, '"', "a,b", " =1", "a\nb"]
    assert csv_text([cells]) == ('-45000,-0.5,+7,,,0,true,"""","a,b",\' =1,"a\nb"\r\n')


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (0, "0.000000000"),
        (-1, "-0.000000001"),
        ("-1500000000", "-1.500000000"),
        (10**25 + 1, f"{10**16}.000000001"),
        (None, None),
    ],
)
def test_an_amount_in_dollars_is_exact(cost: Any, text: str | None) -> None:
    assert usd_text(cost) == text


def test_a_table_that_fails_midway_is_not_ended() -> None:
    async def pages() -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        yield [{"a": 1}]
        raise OSError("the database went away")

    sent: list[Any] = []

    async def send() -> None:
        answer = csv_stream("x", ["a"], pages())
        assert isinstance(answer, StreamingResponse)
        sent.extend([part async for part in answer.body_iterator])

    with pytest.raises(OSError, match="went away"):
        asyncio.run(send())
