"""Whatever is sent in whatever order: both databases say what a plain model says."""

import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cellcost_ledger.book.database import Database
from cellcost_ledger.book.dimensions import GROUPS
from cellcost_ledger.book.keys import allow_team, create_key
from cellcost_ledger.book.spend import spend
from cellcost_ledger.closing import close, prune
from cellcost_ledger.ingest import ingest
from cellcost_ledger.replay import replay
from cellcost_ledger.verify import Proof, verify
from cellcost_ledger.wire import Reply, decode_batch, encode

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger

HOUR_US = 3_600_000_000
DAYS = 3


KINDS = ("llm", "correction")


class Sent(NamedTuple):
    """One event, made of a few numbers so that small examples are found."""

    who: int
    content: int
    flaw: str

    @property
    def id(self) -> str:
        return f"event-{self.who:02d}"

    @property
    def seq(self) -> int:
        # Two ids on one seq from the ninth on: a copied journal.
        return self.who % 8 + 1

    @property
    def day(self) -> int:
        return self.who % DAYS

    @property
    def cost(self) -> int | None:
        # A correction's is signed.
        sign = -1 if self.who % 4 == 1 else 1
        return None if self.content == 2 else sign * (self.content * 7 - 3)

    def wire(self) -> Json:
        cost = None if self.cost is None else str(self.cost)
        line = {"line_no": 1, "meter": "input", "quantity": 5, "cost_nusd": cost}
        return {
            "id": self.id,
            "seq": self.seq,
            "time_us": (self.day * 24 + self.who % 2) * HOUR_US,
            "kind": "?" if self.flaw == "kind" else KINDS[self.who % 4 == 1],
            "corrects": "event-00" if self.who % 4 == 1 else "",
            "confidence": "measured",
            "where": {"tags": {"team": "b" if self.flaw == "team" else "a"}},
            "call": {"response_model": f"m{self.who % 2}"},
            "lines": [line],
        }


batches = st.lists(
    st.builds(
        Sent,
        st.integers(0, 9),
        st.integers(0, 2),
        st.sampled_from(["", "", "", "kind", "team"]),
    ),
    max_size=8,
)


class Machine(RuleBasedStateMachine):
    """Two books and a model of what they must say."""

    def __init__(self, books: list[Database]) -> None:
        super().__init__()
        self.books = books
        tenant = f"tenant-{uuid4().hex}"
        self.keys = [
            create_key(book, team="a", tenant=tenant, now_us=0)[0] for book in books
        ]
        self.tenant = tenant
        self.allowed = False
        self.sealed: set[str] = set()
        self.pruned: set[str] = set()
        self.closed_days: set[int] = set()
        self.stored: dict[str, Sent] = {}
        self.rejected: dict[str, Sent] = {}
        self.conflicts: set[tuple[Any, ...]] = set()
        self.seen: defaultdict[int, set[str]] = defaultdict(set)

    @rule(batch=batches)
    def send(self, batch: list[Sent]) -> None:
        """Both books answer alike, and as the model does."""
        body = {"installation": "inst", "events": [sent.wire() for sent in batch]}
        replies: list[Reply] = [
            ingest(book, decode_batch(encode(body)), key, now_us=1)
            for book, key in zip(self.books, self.keys, strict=True)
        ]
        wanted = [self._becomes(sent) for sent in batch]
        for reply in replies:
            assert [result.status for result in reply.results] == wanted
            assert reply == replies[0]
            assert reply.last_contiguous_seq == self._contiguous()
            assert reply.forked == any(len(ids) > 1 for ids in self.seen.values())

    @rule(until=st.integers(0, DAYS))
    def close(self, until: int) -> None:
        """What is before a day gets seals, late ones for days that have one."""
        made = [
            close(book, until_day=until, now_us=2, tenant=self.tenant)
            for book in self.books
        ]
        assert made[0] == made[1]
        open_ = [
            sent
            for sent in self.stored.values()
            if sent.day < until and sent.id not in self.sealed
        ]
        days = sorted({sent.day for sent in open_})
        seals = [seal for one in made[0] for seal in one.seals]
        assert [seal["day"] for seal in seals] == days
        for seal in seals:
            assert bool(seal["late"]) == (seal["day"] in self.closed_days)
            events = [sent for sent in open_ if sent.day == seal["day"]]
            assert seal["events"] == len(events)
            assert seal["cost_nusd"] == sum(sent.cost or 0 for sent in events)
        self.closed_days |= set(days)
        self.sealed |= {sent.id for sent in open_}

    @rule(before=st.integers(0, DAYS))
    def prune(self, before: int) -> None:
        """The rows of what is sealed and before a day go."""
        done = [
            prune(book, before_day=before, now_us=3, tenant=self.tenant)
            for book in self.books
        ]
        assert done[0] == done[1]
        gone = {
            sent.id
            for sent in self.stored.values()
            if sent.day < before and sent.id in self.sealed
        } - self.pruned
        assert sum(one.events for one in done[0]) == len(gone)
        self.pruned |= gone

    @rule()
    def allow(self) -> None:
        """The key may charge the other team from now on."""
        self.allowed = True
        for book, key in zip(self.books, self.keys, strict=True):
            assert allow_team(book, key.id, "b")
        self.keys = [replace(key, teams=("a", "b")) for key in self.keys]

    @rule()
    def replay(self) -> None:
        """What the key may charge now is stored."""
        done = [replay(book, tenant=self.tenant) for book in self.books]
        assert done[0] == done[1]
        valid = [
            sent
            for sent in self.rejected.values()
            if sent.flaw == "team" and self.allowed
        ]
        assert sum(one.stored for one in done[0]) == len(valid)
        for sent in valid:
            del self.rejected[sent.id]
            self.stored[sent.id] = sent

    @invariant()
    def the_law_holds_alike(self) -> None:
        """Rows, rollups and the model agree on both."""
        proofs: list[list[Proof]] = []
        sums: list[list[dict[str, Any]]] = []
        for book, key in zip(self.books, self.keys, strict=True):
            proofs.append(verify(book, tenant=self.tenant))
            sums.append(
                book.read(
                    lambda connection, key=key: spend(
                        connection,
                        replace(key, teams=("*",)),
                        groups=tuple(GROUPS),
                        where={},
                        granularity="hour",
                        since_hour=0,
                        until_hour=DAYS * 24,
                        limit=1000,
                    )
                )
            )
        assert proofs[0] == proofs[1]
        assert sums[0] == sums[1]
        known = [sent.cost or 0 for sent in self.stored.values()]
        assert sum(row["cost_nusd"] for row in sums[0]) == sum(known)
        assert sum(row["events"] for row in sums[0]) == len(self.stored)
        for proof in proofs[0]:
            assert proof.holds, proof.broken
            assert proof.events == len(self.stored)
            assert (proof.sealed, proof.pruned) == (len(self.sealed), len(self.pruned))
            assert proof.rejected == len(self.rejected)
            assert proof.conflicts == len(self.conflicts)
            assert proof.sum_nusd == proof.rollup_sum_nusd == sum(known)

    def _becomes(self, sent: Sent) -> str:
        first = self.stored.get(sent.id)
        if sent.flaw != "kind" and first is not None:
            # A team is no part of what an event is.
            if first.content == sent.content:
                return "duplicate"
            self.conflicts.add((sent.id, sent.content))
            return "conflict"
        if first is not None:
            self.conflicts.add((sent.id, sent.content, sent.flaw))
            return "conflict"
        self.seen[sent.seq].add(sent.id)
        if sent.flaw == "kind" or (sent.flaw == "team" and not self.allowed):
            self.rejected.setdefault(sent.id, sent)
            return "rejected"
        self.rejected.pop(sent.id, None)
        self.stored[sent.id] = sent
        return "stored"

    def _contiguous(self) -> int:
        seq = 0
        while self.seen.get(seq + 1):
            seq += 1
        return seq


def test_sqlite_postgresql_and_a_model_agree_on_every_sequence(
    running_sqlite: Ledger, running_postgresql: Ledger
) -> None:
    books = [running_sqlite.book(), running_postgresql.book()]
    run_state_machine_as_test(
        lambda: Machine(books),
        settings=settings(
            max_examples=25,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    for book in books:
        book.close()
