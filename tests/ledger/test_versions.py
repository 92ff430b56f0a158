"""Clients of other versions: two older, as they were recorded, and one that is newer.

Each file in `data` is a batch that the code of a commit made from a journal of its own:
`wire_1` the first journal (99af8b5), `wire_2` the first sync (7108cb6), `wire_3` the
first GPU time (0458a5c). Whoever changes the wire adds one and leaves the others alone.
"""

import json
import sys
from pathlib import Path

import pytest

from cellcost.journal.codec import event_from_wire, event_to_wire
from cellcost.sync.wire import read_held, read_reply

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger, cost_of, wire

RECORDED = sorted((Path(__file__).parent / "data").glob("wire_*.json"))


def recorded(path: Path) -> tuple[str, list[Json]]:
    """Return what a client sent: its installation and its events."""
    batch: Json = json.loads(path.read_text("utf-8"))
    return batch["installation"], batch["events"]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_what_an_older_client_sends_is_stored_whole(ledger: Ledger, path: Path) -> None:
    client = ledger.client()
    installation, events = recorded(path)
    batch = path.read_bytes()
    for status in ("stored", "duplicate"):
        answer = client.post("/api/v1/events", content=batch)
        assert answer.status_code == 200, answer.text
        assert [r["status"] for r in answer.json()["results"]] == [status] * len(events)
    proof = ledger.proof(installation)
    assert (proof.events, proof.rejected, proof.gaps) == (len(events), 0, 0)
    assert proof.sum_nusd == sum(map(cost_of, events))
    told = {e["id"]: e for e in client.get("/api/v1/events").json()["events"]}
    for event in events:
        found = told[event["id"]]
        for name in ("seq", "time_us", "kind", "confidence"):
            assert found[name] == event[name]
        # The key says who it was; what the client says of it is a claim.
        where = {**event["where"]}
        assert found["claimed_user"] == where.pop("user")
        assert {**found["where"], **where} == found["where"]
        for name in ("call", "detail", "note", "price_id", "duration_seconds"):
            assert found.get(name) == event.get(name), name
        lines = [
            {name: value for name, value in line.items() if value not in (None, "")}
            for line in found["lines"]
        ]
        assert lines == event["lines"]
    (outcome,) = client.get("/api/v1/outcomes").json()["outcomes"]
    assert (outcome["name"], outcome["count"]) == ("tickets", 3)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_same_journal_sent_by_todays_client_counts_once(
    ledger: Ledger, path: Path
) -> None:
    client = ledger.client()
    installation, events = recorded(path)
    assert client.statuses(events, installation) == ["stored"] * len(events)
    again = [event_to_wire(event_from_wire(event)) for event in events]
    assert client.statuses(again, installation) == ["duplicate"] * len(events)
    assert ledger.proof(installation).sum_nusd == sum(map(cost_of, events))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_an_older_client_can_read_every_word_of_the_answer(
    ledger: Ledger, path: Path
) -> None:
    client = ledger.client()
    installation, events = recorded(path)
    foreign = json.loads(json.dumps(events[0]))
    foreign |= {"id": "foreign", "seq": len(events) + 1}
    foreign["where"]["tags"]["team"] = "ads"
    changed = {**events[0], "kind": "tool"}
    sent = [*events, events[0], changed, foreign]
    answer = client.send_events(sent, installation).json()
    # All that the first client with sync knows; another word it would take for an
    # answer that cannot be read, and send the batch for ever.
    words = {result["status"] for result in answer["results"]}
    assert words == {"stored", "duplicate", "conflict", "rejected"}
    assert [result["id"] for result in answer["results"]] == [e["id"] for e in sent]
    assert isinstance(answer["last_contiguous_seq"], int)
    assert isinstance(answer["forked"], bool)
    read = read_reply(answer, [event["id"] for event in sent])
    assert read.contiguous == len(events) + 1
    held = client.get(f"/api/v1/installations/{installation}").json()
    assert read_held(held).events == len(events)


SECRET = "words that nobody here has a name for"


def newer(seq: int) -> Json:
    """Return an event of a version that is not there yet."""
    event = wire(seq, kind="video", confidence="guessed", novelty={"text": SECRET})
    event["where"] |= {"novelty": SECRET, "origin": "browser"}
    event["call"] |= {"novelty": [SECRET], "operation": "dream"}
    event["lines"][0] |= {"meter": "minutes_of_video", "novelty": SECRET}
    event["lines"][1] |= {"variant": "16:9", "reason": "a new one"}
    return event


# What a newer version may have made of a name that we know.
OTHERWISE: list[Json] = [
    {"lines": {"input": 3}},
    {"where": [SECRET]},
    {"call": SECRET},
    {"kind": {"name": "video"}},
    {"time_us": "2026-11-25T12:00:00Z"},
    {"duration_seconds": "PT1S"},
    {"detail": [SECRET]},
    {"id": {"uuid": SECRET}},
    {"seq": [1, 2]},
    {"corrects": ["a", "b"]},
]


def test_of_a_newer_client_what_is_known_is_stored_and_the_rest_refused_alone(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    understood = [newer(seq) for seq in range(1, 4)]
    strange = [{**newer(4 + n), **change} for n, change in enumerate(OTHERWISE)]
    body = {
        "installation": "newer",
        "client": "cellcost/99.0.0",
        "protocol": {"version": 7},
        "events": [*understood, *strange, SECRET],
    }
    answer = client.post("/api/v1/events", json=body)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    statuses = [result["status"] for result in results]
    assert statuses == ["stored"] * 3 + ["rejected"] * (len(OTHERWISE) + 1)
    assert all(result["reason"] for result in results[3:])
    proof = ledger.proof("newer")
    assert (proof.events, proof.rejected) == (3, len(OTHERWISE) + 1)
    assert proof.sum_nusd == sum(map(cost_of, understood))
    (listed,) = client.get("/api/v1/installations").json()["installations"]
    assert listed["client"] == "cellcost/99.0.0"
    told = client.get("/api/v1/events").json()["events"]
    assert {event["kind"] for event in told} == {"video"}
    assert SECRET not in json.dumps(told)


@pytest.mark.parametrize(
    "body",
    [
        {"installation": "newer", "events": {"packed": "zzz"}},
        {"installation": {"id": "newer"}, "events": []},
        {"journal": "newer", "records": []},
        [{"installation": "newer"}],
        {"installation": "newer", "events": [], "client": {"name": "cellcost"}},
    ],
    ids=["events", "installation", "names", "list", "client"],
)
def test_a_batch_of_another_shape_is_refused_in_words_and_nothing_is_stored(
    ledger: Ledger, body: object
) -> None:
    answer = ledger.client().post("/api/v1/events", json=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "malformed_batch")
    assert ledger.proofs() == {}
