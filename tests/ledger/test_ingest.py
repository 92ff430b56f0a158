"""Every event counts once, however often, in whatever order and cut it comes."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cellcost.records import Line
from cellcost.testing.records import make_event, make_lines

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger, cost_of, wire


def journal(count: int, seed: int = 0) -> list[Json]:
    """Return the events of a journal: all kinds of teams, models, costs and times."""
    dice = random.Random(seed)
    found: list[Json] = []
    for seq in range(1, count + 1):
        lines = make_lines(dice.randrange(10**6), dice.randrange(10**5))
        if dice.random() < 0.1:
            lines = (Line(line_no=1, meter="input", quantity=7, reason="no price"),)
        event = wire(seq, make_event(lines))
        event["time_us"] -= dice.randrange(10**11)
        event["where"]["tags"]["function"] = dice.choice(["chat", "summary", "rank"])
        event["call"]["response_model"] = dice.choice(["a", "b", "c"])
        found.append(event)
    return found


def test_sent_twice_shuffled_recut_and_8_at_once_the_totals_are_the_journals(
    ledger: Ledger,
) -> None:
    dice = random.Random(5)
    events = journal(1200)
    client = ledger.client()
    batches: list[list[Json]] = []
    for _ in range(3):
        mixed = dice.sample(events, len(events))
        while mixed:
            size = dice.randrange(1, 200)
            batches.append(mixed[:size])
            mixed = mixed[size:]
    with ThreadPoolExecutor(8) as pool:
        statuses = [s for batch in pool.map(client.statuses, batches) for s in batch]
    assert statuses.count("stored") == len(events)
    assert statuses.count("duplicate") == 2 * len(events)

    proof = ledger.proof()
    assert proof.events == proof.received == len(events)
    assert proof.sum_nusd == sum(map(cost_of, events))
    assert (proof.gaps, proof.conflicts, proof.rejected, proof.forks) == (0, 0, 0, 0)
    assert proof.last_contiguous_seq == len(events)
    told = client.get("/api/v1/installations/inst").json()
    assert told == {
        "installation": "inst",
        "last_contiguous_seq": 1200,
        "events": 1200,
        "sum_nusd": str(sum(map(cost_of, events))),
        "forked": False,
        "clock_off": 0,
    }


def test_installations_of_8_writers_at_once_do_not_mix(ledger: Ledger) -> None:
    client = ledger.client()
    journals = {f"inst-{n}": journal(120, seed=n) for n in range(8)}

    def send(name: str) -> None:
        events = journals[name]
        for start in range(0, len(events), 40):
            for _ in range(2):
                client.statuses(events[start : start + 40], name)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, journals))
    for name, events in journals.items():
        proof = ledger.proof(name)
        assert proof.events == len(events)
        assert proof.sum_nusd == sum(map(cost_of, events))


def test_an_id_with_another_content_is_a_conflict_and_the_first_one_counts(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    event = wire(1)
    assert client.statuses([event]) == ["stored"]
    dearer = wire(1, id=event["id"], lines=event["lines"][:1])
    for _ in range(2):
        assert client.statuses([dearer, event]) == ["conflict", "duplicate"]
    proof = ledger.proof()
    assert (proof.events, proof.conflicts) == (1, 1)
    assert proof.sum_nusd == cost_of(event)
    assert proof.rejected == 0


def test_what_may_be_redacted_makes_no_conflict(ledger: Ledger) -> None:
    client = ledger.client()
    event = wire(1)
    client.statuses([event])
    redacted = {**event, "where": {"origin": "cell", "tags": {}}, "note": "other"}
    assert client.statuses([redacted]) == ["duplicate"]


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 2},
        {"kind": "gpu"},
        {"time_us": 1},
        {"lines": []},
        {"corrects": "another"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_an_event_is_cannot_change(
    sqlite_ledger: Ledger, change: dict[str, Any]
) -> None:
    client = sqlite_ledger.client()
    event = wire(1)
    assert client.statuses([event, {**event, **change}]) == ["stored", "conflict"]


def test_a_copied_journal_is_named_and_both_its_events_count(ledger: Ledger) -> None:
    client = ledger.client()
    ours, copies = wire(2), wire(2)
    assert client.send_events([wire(1), ours]).json()["forked"] is False
    answer = client.send_events([copies]).json()
    assert answer["forked"] is True
    assert answer["results"][0]["status"] == "stored"
    # From then on every answer says so, and the client takes a new installation id.
    assert client.send_events([wire(3)]).json()["forked"] is True
    assert client.get("/api/v1/installations/inst").json()["forked"] is True
    proof = ledger.proof()
    assert (proof.events, proof.forks, proof.forked_seqs) == (4, 1, [2])
    assert proof.last_contiguous_seq == 3


def test_a_correction_and_its_negative_lines_make_plain_sums(ledger: Ledger) -> None:
    client = ledger.client()
    unpriced = Line(line_no=1, meter="input", quantity=100, reason="no price")
    first = wire(1, make_event((unpriced,)))
    withdrawn = Line(line_no=1, meter="input", quantity=-100, reason="no price")
    priced = Line(
        line_no=2,
        meter="input",
        quantity=100,
        list_rate=Decimal("0.25"),
        cost_nusd=25_000,
    )
    more = wire(2, make_event((withdrawn, priced)))
    more |= {"kind": "correction", "corrects": first["id"]}
    refund = Line(line_no=1, meter="output", quantity=-10, cost_nusd=-5_000)
    less = wire(3, make_event((refund,)), kind="correction", corrects=first["id"])
    assert client.statuses([first]) == ["stored"]
    total = client.get("/api/v1/spend").json()["total"]
    assert (total["cost_nusd"], total["n_unpriced"]) == (None, 1)
    client.statuses([less, more])
    total = client.get("/api/v1/spend").json()["total"]
    assert (total["cost_nusd"], total["n_unpriced"]) == ("20000", 0)
    assert (total["events"], total["calls"]) == (3, 1)
    assert (total["input_tokens"], total["output_tokens"]) == (100, -10)
    assert ledger.proof().sum_nusd == 20_000


def test_the_contiguous_seq_stops_at_a_gap_and_jumps_when_it_closes(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    events = journal(900)

    def last(part: list[Json]) -> int:
        return int(client.send_events(part).json()["last_contiguous_seq"])

    assert last(events[10:400]) == 0
    assert last(events[:5]) == 5
    assert last(events[400:900]) == 5
    proof = ledger.proof()
    assert (proof.gaps, proof.gap_ranges) == (5, [(6, 10)])
    assert last(events[5:10]) == 900
    assert ledger.proof().gaps == 0


def test_an_empty_batch_tells_how_far_everything_has_come(ledger: Ledger) -> None:
    client = ledger.client()
    client.statuses([wire(1)])
    answer = client.send_events([]).json()
    assert answer == {"results": [], "last_contiguous_seq": 1, "forked": False}


def test_the_same_event_twice_in_one_batch_is_stored_once(ledger: Ledger) -> None:
    client = ledger.client()
    event = wire(1)
    assert client.statuses([event, event, event]) == [
        "stored",
        "duplicate",
        "duplicate",
    ]
    assert ledger.proof().events == 1


def test_everything_of_an_event_comes_out_as_it_went_in(ledger: Ledger) -> None:
    client = ledger.client()
    event = wire(1)
    event["where"]["user"] = "ada"
    event["where"]["tags"] |= {"project": "Größe ✓", "team": "search"}
    event |= {"note": "HTTP 429", "price_id": "p1", "catalogue_version": "v9"}
    event["detail"] = {"name": "summary", "count": 3, "value": None, "deep": [1, {}]}
    client.statuses([event])
    (told,) = client.get("/api/v1/events").json()["events"]
    same = ("id", "seq", "time_us", "kind", "confidence", "call", "duration_seconds")
    for name in (*same, "note", "price_id", "catalogue_version", "detail"):
        assert told[name] == event[name], name
    assert told["where"]["tags"] == event["where"]["tags"]
    assert told["where"]["cell_id"] == event["where"]["cell_id"]
    # Claimed, not proved: the key is of no person.
    assert (told["user"], told["claimed_user"]) == ("", "ada")
    for ours, theirs in zip(told["lines"], event["lines"], strict=True):
        assert {k: ours[k] for k in theirs} == theirs
