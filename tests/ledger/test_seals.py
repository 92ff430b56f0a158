"""Closing and pruning: what is sealed stays provable when its rows are gone."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cellcost.clock import to_microseconds
from cellcost_ledger.book.schema import (
    day_seal,
    event,
    event_line,
    installation,
    pruned_event,
    rollup_day,
    rollup_hour,
)
from cellcost_ledger.closing import Closed, Pruned, close, prune
from cellcost_ledger.rollups import DAY_US

sys.path.insert(0, str(Path(__file__).parent))

from changes import Change, delete, replace
from conftest import Json, Ledger, cost_of, noon, wire

TODAY = to_microseconds(noon(20)) // DAY_US


def on(day: int, seq: int, **changes: Any) -> Json:
    """Return an event of a day, counted from the 20th."""
    return wire(seq, time_us=(TODAY + day) * DAY_US + seq, **changes)


def closed(ledger: Ledger, until: int = 0) -> Closed:
    book = ledger.book()
    found = close(book, until_day=TODAY + until, now_us=7, tenant=ledger.tenant)
    book.close()
    (one,) = found
    return one


def pruned(ledger: Ledger, before: int = 0, *, dry_run: bool = False) -> Pruned:
    book = ledger.book()
    (one,) = prune(
        book,
        before_day=TODAY + before,
        now_us=8,
        tenant=ledger.tenant,
        dry_run=dry_run,
    )
    book.close()
    return one


def count(ledger: Ledger, table: sa.Table) -> int:
    book = ledger.book()
    statement = sa.select(sa.func.count()).select_from(table)
    ours = statement.where(table.c.tenant == ledger.tenant)
    found = book.read(lambda c: c.scalar(ours))
    book.close()
    return int(found or 0)


def spent(ledger: Ledger, **question: Any) -> Json:
    client = ledger.client()
    answer = client.get("/api/v1/spend", params={"since": "2026-01-01", **question})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_a_closed_day_has_the_figures_of_its_events_and_chains_to_the_one_before(
    ledger: Ledger,
) -> None:
    unpriced = on(-2, 3, lines=[{"line_no": 1, "meter": "input", "quantity": 7}])
    events = [on(-3, 1), on(-2, 2), unpriced, on(0, 4)]
    ledger.client().statuses(events)
    made = closed(ledger)
    assert made.broken == []
    assert [s["day"] - TODAY for s in made.seals] == [-3, -2]
    assert [s["number"] for s in made.seals] == [1, 2]
    second = made.seals[1]
    assert (second["events"], second["n_unpriced"], second["n_priced"]) == (2, 1, 1)
    assert (second["first_seq"], second["last_seq"]) == (2, 3)
    assert second["cost_nusd"] == cost_of(events[1])
    assert (second["late"], second["input_tokens"] > 7) == (0, True)
    proof = ledger.proof()
    assert (proof.events, proof.sealed, proof.pruned) == (4, 3, 0)
    assert closed(ledger).seals == []


def test_what_comes_for_a_closed_day_counts_and_gets_a_late_seal_at_the_next_close(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    first = on(-3, 1)
    client.statuses([first])
    closed(ledger)
    for prunes in (False, True):
        seq = 4 if prunes else 2
        late = on(-3, seq)
        correction = on(-3, seq + 1, kind="correction", corrects=first["id"])
        assert client.statuses([late, correction]) == ["stored", "stored"]
        proof = ledger.proof()
        assert (proof.events, proof.sealed) == (seq + 1, seq - 1)
        (seal,) = closed(ledger).seals
        assert (seal["late"], seal["events"], seal["day"]) == (1, 2, TODAY - 3)
        assert seal["cost_nusd"] == cost_of(late) + cost_of(correction)
        assert ledger.proof().sealed == seq + 1
        pruned(ledger)
        assert ledger.proof().pruned == seq + 1
    assert spent(ledger, granularity="day")["total"]["events"] == 5


def test_pruning_removes_rows_behind_seals_only_and_no_sum_changes(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    events = [on(-3, 1), on(-3, 2), on(-2, 3), on(0, 4)]
    client.statuses(events)
    closed(ledger, -2)
    questions: list[Json] = [
        {"group_by": "team,model", "granularity": "hour"},
        {"granularity": "day"},
        {},
    ]
    before = [spent(ledger, **question)["rows"] for question in questions]
    kept = ledger.proof()
    dry = pruned(ledger, dry_run=True)
    assert (dry.events, dry.lines, dry.unsealed) == (2, 4, 1)
    assert count(ledger, event) == 4
    assert pruned(ledger) == dry
    assert (count(ledger, event), count(ledger, event_line)) == (2, 4)
    assert [spent(ledger, **question)["rows"] for question in questions] == before
    proof = ledger.proof()
    assert (proof.pruned, proof.sealed) == (2, 2)
    for name in ("received", "events", "sum_nusd", "last_contiguous_seq", "gaps"):
        assert getattr(proof, name) == getattr(kept, name)
    assert pruned(ledger).events == 0


def test_what_was_pruned_is_known_again_and_never_stored_twice(ledger: Ledger) -> None:
    client = ledger.client()
    events = [on(-3, 1), on(-3, 2), on(-3, 9)]
    client.statuses(events)
    closed(ledger)
    pruned(ledger)
    assert client.statuses(events) == ["duplicate"] * 3
    dearer = {**events[0], "lines": []}
    malformed = {**events[1], "kind": "?"}
    assert client.statuses([dearer, malformed]) == ["conflict", "conflict"]
    (listed,) = client.get("/api/v1/installations").json()["installations"]
    assert (listed["highest_seq"], listed["gaps"]) == (9, 6)
    # Its seqs are taken: a gap ends at them, and a copied journal is noticed.
    between = [on(-1, seq) for seq in range(3, 9)]
    answer = client.send_events(between).json()
    assert (answer["last_contiguous_seq"], answer["forked"]) == (9, False)
    assert client.send_events([on(-1, 2)]).json()["forked"] is True
    proof = ledger.proof()
    assert (proof.events, proof.conflicts, proof.forks) == (10, 2, 1)


CHANGES: list[tuple[sa.Table, Change, str]] = [
    (day_seal, replace(cost_nusd=day_seal.c.cost_nusd + 1), "what its digest says"),
    (day_seal, replace(events=day_seal.c.events + 1), "what its digest says"),
    (day_seal, replace(closed_us=1), "what its digest says"),
    (day_seal, replace(hours="x"), "what its digest says"),
    (day_seal, replace(digest="x"), "what its digest says"),
    (day_seal, replace(late=1), "what its digest says"),
    (day_seal, delete, "is missing"),
    (rollup_hour, replace(cost_nusd=rollup_hour.c.cost_nusd + 1), "are not seal"),
    (rollup_hour, replace(team="ads"), "are not seal"),
    (rollup_hour, delete, "are not seal"),
    (rollup_day, replace(events=rollup_day.c.events + 1), "sum of its hours"),
    (rollup_day, delete, "is missing"),
]
LIVE = [
    (event, replace(seal=0), "its events say 1"),
    (event, replace(seal=9), "seal 9 is missing"),
    (day_seal, replace(pruned_us=1), "some of its events stayed"),
    (event_line, replace(quantity=5), "what its hash says"),
]
PRUNED = [
    (pruned_event, replace(core_hash="x"), "not those that were sealed"),
    (pruned_event, replace(seq=pruned_event.c.seq + 1), "not those that were sealed"),
    (pruned_event, replace(seal=9), "seal 9 is missing"),
    (pruned_event, delete, "are known"),
    (day_seal, replace(pruned_us=None), "removed and stored"),
    (installation, replace(received=1), "1 were received"),
]


@pytest.mark.parametrize(
    ("removed", "change"),
    [
        *((False, change) for change in [*CHANGES, *LIVE]),
        *((True, change) for change in [*CHANGES, *PRUNED]),
    ],
    ids=lambda value: (
        ("live", "pruned")[value]
        if isinstance(value, bool)
        else f"{value[0].name} {value[2]}"
    ),
)
def test_a_change_of_what_is_closed_is_found(
    ledger: Ledger, removed: bool, change: tuple[sa.Table, Change, str]
) -> None:
    ledger.client().statuses([on(-3, 1), on(-3, 2), on(-2, 3), on(0, 4)])
    closed(ledger)
    if removed:
        pruned(ledger)
    assert ledger.proof().holds
    table, make, found = change
    statement = make(table)
    assert isinstance(statement, (sa.Update, sa.Delete))
    # One of its rows only.
    first = {
        "day_seal": day_seal.c.number == 1,
        "event": event.c.seq == 1,
        "pruned_event": pruned_event.c.seq == 1,
        "rollup_hour": rollup_hour.c.hour < (TODAY - 2) * 24,
        "rollup_day": rollup_day.c.day < TODAY - 2,
    }.get(table.name, sa.true())
    book = ledger.book()
    ours = statement.where(table.c.tenant == ledger.tenant, first)
    assert book.write(lambda c: c.execute(ours).rowcount) >= 1
    book.close()
    proof = ledger.proofs()["inst"]
    assert found in "; ".join(proof.broken)
    # Nothing that is broken is sealed or removed.
    ledger.client().statuses([on(-2, 5)])
    assert closed(ledger).seals == []
    assert closed(ledger).broken
    rows = count(ledger, event)
    pruned(ledger)
    assert count(ledger, event) == rows


def test_the_commands_close_and_prune_and_say_what_they_did(ledger: Ledger) -> None:
    ledger.client().statuses([on(-3, 1), on(-2, 2), on(0, 3)])
    done = ledger.command("close", "--until", "2026-11-19", "--json")
    assert done.returncode == 0, done.stderr
    (one,) = json.loads(done.stdout)
    assert [seal["day"] for seal in one["seals"]] == ["2026-11-17", "2026-11-18"]
    assert one["seals"][0]["cost_nusd"] == "45000"
    assert ledger.command("close", "--until", "2026-11-19").stdout == (
        "0 seals, 0 events, $0\n"
    )
    future = ledger.command("close", "--until", "2999-01-01")
    assert (future.returncode, "is not over" in future.stderr) == (1, True)
    dry = ledger.command("prune", "--before", "2026-11-30", "--dry-run")
    assert dry.stdout == (
        "1 events stay: they have no seal; `close` makes one\n"
        "2 events and their 4 lines would be removed\n"
    )
    assert "are removed" in ledger.command("prune", "--before", "2026-11-30").stdout
    verified = ledger.command("verify")
    assert verified.returncode == 0, verified.stdout
    assert "2 of these events are of closed days" in verified.stdout
