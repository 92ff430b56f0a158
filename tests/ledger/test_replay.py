"""Rejected events come back when they are valid, once, as if they had never left."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cellcost_ledger.book.keys import allow_team, list_keys, revoke_key
from cellcost_ledger.book.schema import event
from cellcost_ledger.replay import Replayed, dead_letters, replay

sys.path.insert(0, str(Path(__file__).parent))

from conftest import PROGRAM, Json, Ledger, cost_of, wire


def foreign(seq: int, team: str = "ads", **changes: Any) -> Json:
    """Return an event of a team that the key may not charge."""
    made = wire(seq, **changes)
    made["where"]["tags"]["team"] = team
    return made


def allow(ledger: Ledger, team: str = "ads") -> None:
    book = ledger.book()
    (key,) = [key for key in list_keys(book) if key.tenant == ledger.tenant]
    assert allow_team(book, key.id, team)
    book.close()


def replayed(ledger: Ledger, **filters: Any) -> list[Replayed]:
    book = ledger.book()
    found = replay(book, tenant=ledger.tenant, **filters)
    book.close()
    return found


def test_what_the_key_may_charge_now_is_stored_as_it_was_sent(ledger: Ledger) -> None:
    client = ledger.client()
    events = [foreign(1), foreign(2), wire(3)]
    bad = wire(4, kind="?")
    assert client.statuses([*events, bad]) == ["rejected"] * 2 + ["stored", "rejected"]
    before = client.get("/api/v1/installations").json()["installations"]
    (first, *_) = replayed(ledger)
    assert (first.stored, first.left) == (0, 3)
    allow(ledger)
    assert [(one.stored, one.left) for one in replayed(ledger)] == [(2, 1)]
    assert [(one.stored, one.left) for one in replayed(ledger)] == [(0, 1)]
    proof = ledger.proof()
    assert (proof.received, proof.events, proof.rejected) == (4, 3, 1)
    assert proof.sum_nusd == sum(map(cost_of, events))
    assert (proof.gaps, proof.last_contiguous_seq, proof.forks) == (0, 4, 0)
    # Its client sends it again: nothing happens. It was not seen by replaying.
    assert client.get("/api/v1/installations").json()["installations"] == before
    assert client.statuses(events) == ["duplicate"] * 3
    told = client.get("/api/v1/events", params={"team": "ads"}).json()["events"]
    assert {one["id"] for one in told} == {one["id"] for one in events[:2]}
    for one in told:
        (sent,) = [e for e in events if e["id"] == one["id"]]
        assert one["where"]["tags"] == sent["where"]["tags"]
        assert one["received_us"] <= before[0]["last_seen_us"]


def test_filters_choose_by_installation_and_reason(ledger: Ledger) -> None:
    client = ledger.client()
    client.statuses([foreign(1), foreign(2, "hr"), wire(3, kind="?")])
    client.statuses([foreign(1)], "other")
    allow(ledger)
    allow(ledger, "hr")
    book = ledger.book()
    letters = list(dead_letters(book, tenant=ledger.tenant, reason="'hr'"))
    book.close()
    assert [letter.seq for letter in letters] == [2]
    assert [one.stored for one in replayed(ledger, reason="'hr'")] == [1, 0]
    assert [one.stored for one in replayed(ledger, installation="other")] == [1]
    assert sum(one.stored for one in replayed(ledger)) == 1
    assert ledger.proof("other").events == 1


def test_what_a_revoked_key_sent_stays_aside(ledger: Ledger) -> None:
    ledger.client().statuses([foreign(1)])
    allow(ledger)
    book = ledger.book()
    (key,) = [key for key in list_keys(book) if key.tenant == ledger.tenant]
    assert revoke_key(book, key.id, now_us=1)
    assert not allow_team(book, key.id, "more")
    book.close()
    assert [(one.stored, one.left) for one in replayed(ledger)] == [(0, 1)]


def test_replays_and_their_clients_at_once_store_each_event_once(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    events = [foreign(seq) for seq in range(1, 121)]
    assert set(client.statuses(events)) == {"rejected"}
    allow(ledger)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(replayed, ledger) for _ in range(3)]
        parts = [events[start : start + 30] for start in range(0, 120, 30)]
        answers = list(pool.map(client.statuses, parts))
        for job in jobs:
            job.result()
    assert {status for part in answers for status in part} <= {"stored", "duplicate"}
    proof = ledger.proof()
    assert (proof.events, proof.rejected, proof.received) == (120, 0, 120)
    assert proof.sum_nusd == sum(map(cost_of, events))


def test_a_replay_that_is_killed_does_the_rest_when_it_is_run_again(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    for start in (1, 501):
        client.statuses([foreign(seq) for seq in range(start, start + 500)])
    allow(ledger)
    command = [PROGRAM, "ledger", "dead-letters", "replay", "--tenant", ledger.tenant]
    command += ["--database", ledger.database]
    env = {**os.environ, "CELLCOST_HOME": str(ledger.folder)}
    killed = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    book = ledger.book()
    ours = sa.select(event.c.event_id).where(event.c.tenant == ledger.tenant).limit(1)
    while killed.poll() is None and not book.read(lambda c: c.scalar(ours)):
        pass
    killed.kill()
    killed.wait()
    book.close()
    middle = ledger.proof()
    assert middle.received == middle.events + middle.rejected == 1000
    done = ledger.command("dead-letters", "replay", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stored"] == middle.rejected
    assert ledger.proof().events == 1000


@pytest.mark.parametrize(("rejected", "whole"), [("x", 1), (1, 2), (2, 1)])
def test_a_rejected_event_that_comes_whole_with_another_seq_keeps_the_law(
    ledger: Ledger, rejected: Any, whole: int
) -> None:
    client = ledger.client()
    sent = wire(whole)
    assert client.statuses([{**sent, "seq": rejected, "kind": "?"}]) == ["rejected"]
    client.statuses([wire(3)])
    assert client.statuses([sent]) == ["stored"]
    proof = ledger.proof()
    assert (proof.events, proof.rejected, proof.gaps) == (2, 0, 1)
    assert proof.last_contiguous_seq == (1 if whole == 1 else 0)


def test_the_command_lists_what_was_rejected(ledger: Ledger) -> None:
    sent = foreign(7)
    ledger.client().statuses([sent])

    def run(*options: str) -> str:
        done = ledger.command("dead-letters", "list", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (row,) = json.loads(run("--json"))
    assert (row["event"], row["seq"], row["installation"]) == (sent["id"], 7, "inst")
    assert "may not charge team 'ads'" in row["reason"]
    assert sent["id"] in run()
    assert json.loads(run("--json", "--reason", "no such")) == []
