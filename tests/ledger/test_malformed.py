"""A malformed event is refused alone, kept, and does not count."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cellcost_ledger.book.schema import dead_letter, rollup_hour

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger, cost_of, wire


def dead(ledger: Ledger) -> list[Any]:
    """Return the dead letters of a tenant."""
    book = ledger.book()
    statement = sa.select(dead_letter).where(dead_letter.c.tenant == ledger.tenant)
    rows = book.read(lambda c: c.execute(statement).all())
    book.close()
    return list(rows)


def changed(event: Json, path: str, value: object) -> Json:
    """Return a copy of `event` with one place changed; `...` deletes it."""
    copy: Json = json.loads(json.dumps(event))
    *way, last = path.split(".")
    place: Any = copy
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy


POISONS: list[tuple[str, object]] = [
    ("seq", 0),
    ("seq", -1),
    ("seq", 2**60),
    ("seq", "7"),
    ("seq", ...),
    ("id", ""),
    ("id", "a" * 65),
    ("id", "a b"),
    ("id", 7),
    ("id", ...),
    ("time_us", -1),
    ("time_us", 10**19),
    ("time_us", 1.5),
    ("kind", "LLM"),
    ("kind", None),
    ("lines", None),
    ("lines", {}),
    ("lines.0.quantity", 1.5),
    ("lines.0.quantity", 10**16),
    ("lines.0.cost_nusd", 25000),
    ("lines.0.cost_nusd", "1.5"),
    ("lines.0.cost_nusd", "1" * 17),
    ("lines.0.cost_nusd", "NaN"),
    ("lines.0.cost_nusd", "9" * 16),
    ("lines.0.list_rate", "cheap"),
    ("lines.0.line_no", 2),
    ("lines.0.meter", ...),
    ("where", ...),
    ("where.tags", ["team"]),
    ("where.tags.team", 7),
    ("where.tags.team", "ads"),
    ("call.status", "ok"),
    ("lines.0.list_rate", "1\n"),
    ("lines.0.list_rate", "1" * 60),
    ("lines.0.contracted_rate", "-"),
    ("id", "a\n"),
    ("corrects", "a\n"),
    ("confidence", "Measured"),
    ("kind", "a" * 33),
    ("installation", "another"),
    ("corrects", "no id"),
    ("detail", [1]),
    ("note", "n" * 5000),
    ("detail", {"long": "x" * 70_000}),
]


def test_poisons_among_500_are_refused_alone_and_keep_their_seq(ledger: Ledger) -> None:
    client = ledger.client()
    good = [wire(seq) for seq in range(1, 401)]
    bad = [changed(wire(401 + n), *poison) for n, poison in enumerate(POISONS)]
    for one in range(3):
        batch = [*good[one::3], *bad[one::3]]
        answer = client.send_events(batch).json()["results"]
        for event, result in zip(batch, answer, strict=True):
            wanted = "rejected" if event in bad else "stored"
            assert result["status"] == wanted, (event, result)
            assert bool(result["reason"]) == (wanted == "rejected")
    # Sent again, all is as it was.
    assert set(client.statuses(good)) == {"duplicate"}
    assert set(client.statuses(bad)) == {"rejected"}
    proof = ledger.proof()
    assert (proof.events, proof.rejected) == (len(good), len(bad))
    assert proof.received == len(good) + len(bad)
    assert proof.sum_nusd == sum(map(cost_of, good))
    kept = {row.event_id: row for row in dead(ledger)}
    for event in bad:
        if isinstance(event.get("id"), str) and len(event["id"]) == 36:
            row = kept[event["id"]]
            seq = event.get("seq")
            known = isinstance(seq, int) and 0 < seq < 2**53
            assert row.seq == (seq if known else None)
            longer = len(json.dumps(event)) > 64 * 1024
            assert row.raw == b"" if longer else json.loads(row.raw) == event


def test_of_a_refused_event_only_names_that_we_know_are_kept(ledger: Ledger) -> None:
    client = ledger.client()
    event = wire(1)
    secret = "a prompt that nobody may keep"
    poison = changed(event, "kind", "?") | {"prompt": secret}
    poison["where"]["prompt"] = poison["call"]["prompt"] = secret
    poison["lines"][0]["prompt"] = secret
    assert client.statuses([poison]) == ["rejected"]
    (row,) = dead(ledger)
    assert json.loads(row.raw) == changed(event, "kind", "?")
    text = json.dumps(wire(2)).replace('"llm"', f'"{secret}').encode()
    body = b'{"installation": "inst", "events": [%s]}' % text
    assert client.post("/api/v1/events", content=body).status_code == 422
    assert len(dead(ledger)) == 1


def test_a_rejected_event_fills_its_seq(ledger: Ledger) -> None:
    client = ledger.client()
    foreign = changed(wire(2), "where.tags.team", "ads")
    answer = client.send_events([wire(1), foreign, wire(3)]).json()
    assert answer["last_contiguous_seq"] == 3
    assert "ads" in answer["results"][1]["reason"]


def test_a_rejected_event_that_comes_again_and_whole_is_stored(ledger: Ledger) -> None:
    client = ledger.client()
    event = wire(1)
    poison = changed(event, "kind", "?")
    assert client.statuses([poison, wire(2)]) == ["rejected", "stored"]
    assert client.statuses([event]) == ["stored"]
    assert client.statuses([poison]) == ["conflict"]
    proof = ledger.proof()
    assert (proof.events, proof.rejected, proof.received) == (2, 0, 2)
    assert (proof.conflicts, proof.forks, proof.last_contiguous_seq) == (1, 0, 2)


def test_malformed_and_then_whole_in_one_batch_is_stored(ledger: Ledger) -> None:
    event = wire(1)
    batch = [changed(event, "kind", "?"), event]
    assert ledger.client().statuses(batch) == ["rejected", "stored"]
    assert (ledger.proof().events, ledger.proof().rejected) == (1, 0)


@pytest.mark.parametrize(
    "text",
    [
        b'"\\ud800"',
        b'"\xff\xfe"',
        b"NaN",
        b"1e999",
        b"[" * 600 + b"]" * 600,
        b"7, 7",
        b'"\\u12"',
    ],
    ids=["half a surrogate", "latin", "NaN", "infinite", "deep", "two", "short escape"],
)
def test_what_is_no_json_never_breaks_the_ledger(ledger: Ledger, text: bytes) -> None:
    client = ledger.client()
    good, bad = json.dumps(wire(1)).encode(), json.dumps(wire(2)).encode()
    bad = bad.replace(b'"duration_seconds": 0.5', b'"duration_seconds": ' + text)
    body = b'{"installation": "inst", "events": [%s, %s]}' % (good, bad)
    answer = client.post("/api/v1/events", content=body)
    if answer.status_code == 422:
        # Nobody can say where this event ends.
        assert text in (b"7, 7", b'"\\u12"')
        assert answer.json()["error"] == "malformed_batch"
        return
    assert [r["status"] for r in answer.json()["results"]] == ["stored", "rejected"]
    assert ledger.proof().events == 1


def test_nul_and_long_tags_do_not_cost_the_event(ledger: Ledger) -> None:
    client = ledger.client()
    long = "ü" * 300
    event = wire(1)
    event["where"]["tags"] |= {"nul\0key": "a\0b", "function": long}
    event["lines"][0]["reason"] = "\0"
    event["detail"] = {"deep\0": ["\0", {"\0": 1}]}
    assert client.statuses([event, event]) == ["stored", "duplicate"]
    (told,) = client.get("/api/v1/events").json()["events"]
    assert told["where"]["tags"]["function"] == long
    assert told["where"]["tags"]["nul\ufffdkey"] == "a\ufffdb"
    (row,) = client.get("/api/v1/spend?group_by=function").json()["rows"]
    assert row["function"].endswith("…")
    assert len(row["function"].encode()) <= 256
    assert ledger.proof().events == 1


def test_what_a_newer_client_adds_is_passed_over(ledger: Ledger) -> None:
    event = wire(1, kind="video", confidence="guessed", new_thing={"a": 1})
    event["where"]["new_place"] = "x"
    event["lines"][0]["new_rate"] = "7"
    client = ledger.client()
    assert client.statuses([event]) == ["stored"]
    (told,) = client.get("/api/v1/events").json()["events"]
    assert (told["kind"], told["confidence"]) == ("video", "guessed")
    assert "new_thing" not in told


def test_a_clock_ten_years_off_is_kept_in_its_hour(ledger: Ledger) -> None:
    client = ledger.client()
    ahead, behind = wire(1), wire(2)
    ahead["time_us"] += 10 * 365 * 86_400_000_000
    behind["time_us"] -= 10 * 365 * 86_400_000_000
    assert client.statuses([ahead, behind]) == ["stored", "stored"]
    assert ledger.proof().events == 2
    told = client.get("/api/v1/events").json()["events"]
    assert [event["id"] for event in told] == [ahead["id"], behind["id"]]
    assert abs(told[0]["received_us"] - told[0]["time_us"]) > 9 * 365 * 86_400_000_000


def test_a_sum_that_would_leave_64_bits_refuses_the_event_not_the_batch(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    dearest = [{"line_no": 1, "meter": "x", "quantity": 1, "cost_nusd": str(10**15)}]
    client.statuses([wire(1, lines=dearest)])
    book = ledger.book()
    # As 3,999 such events more would leave it.
    ours = rollup_hour.c.tenant == ledger.tenant
    change = sa.update(rollup_hour).where(ours).values(cost_nusd=4 * 10**18 - 1)
    book.write(lambda c: c.execute(change))
    book.close()
    other = wire(3)
    other["call"]["response_model"] = "another"
    assert client.statuses([wire(2, lines=dearest), other]) == ["rejected", "stored"]
    assert "does not take" in dead(ledger)[0].reason
