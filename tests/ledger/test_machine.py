"""Whatever is sent in whatever order: both databases say what a plain model says."""

import sys
from collections import defaultdict
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
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.spend import GROUPS, spend
from cellcost_ledger.ingest import ingest
from cellcost_ledger.verify import Proof, verify
from cellcost_ledger.wire import Reply, decode_batch, encode

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger

HOUR_US = 3_600_000_000


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

    def wire(self) -> Json:
        cost = None if self.content == 2 else str(self.content * 7 - 3)
        line = {"line_no": 1, "meter": "input", "quantity": 5, "cost_nusd": cost}
        return {
            "id": self.id,
            "seq": self.seq,
            "time_us": (self.who % 3) * HOUR_US,
            "kind": "?" if self.flaw == "kind" else "llm",
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
        self.key = Key(
            id="k",
            tenant=f"tenant-{uuid4().hex}",
            team="a",
            teams=("a",),
            user="",
            scopes=("ingest",),
            created_us=0,
        )
        self.stored: dict[str, Sent] = {}
        self.rejected: dict[str, Sent] = {}
        self.conflicts: set[tuple[Any, ...]] = set()
        self.seen: defaultdict[int, set[str]] = defaultdict(set)

    @rule(batch=batches)
    def send(self, batch: list[Sent]) -> None:
        """Both books answer alike, and as the model does."""
        body = {"installation": "inst", "events": [sent.wire() for sent in batch]}
        replies: list[Reply] = [
            ingest(book, decode_batch(encode(body)), self.key, now_us=1)
            for book in self.books
        ]
        wanted = [self._becomes(sent) for sent in batch]
        for reply in replies:
            assert [result.status for result in reply.results] == wanted
            assert reply == replies[0]
            assert reply.last_contiguous_seq == self._contiguous()
            assert reply.forked == any(len(ids) > 1 for ids in self.seen.values())

    @invariant()
    def the_law_holds_alike(self) -> None:
        """Rows, rollups and the model agree on both."""
        proofs: list[list[Proof]] = []
        sums: list[list[dict[str, Any]]] = []
        for book in self.books:
            proofs.append(verify(book, tenant=self.key.tenant))
            sums.append(
                book.read(
                    lambda connection: spend(
                        connection,
                        self.key,
                        groups=tuple(GROUPS),
                        granularity="hour",
                        since_hour=0,
                        until_hour=9,
                        limit=1000,
                    )
                )
            )
        assert proofs[0] == proofs[1]
        assert sums[0] == sums[1]
        costs = [sent.content * 7 - 3 for sent in self.stored.values()]
        known = [
            cost
            for cost, sent in zip(costs, self.stored.values(), strict=True)
            if sent.content != 2
        ]
        assert sum(row["cost_nusd"] for row in sums[0]) == sum(known)
        assert sum(row["events"] for row in sums[0]) == len(self.stored)
        for proof in proofs[0]:
            assert proof.holds, proof.broken
            assert proof.events == len(self.stored)
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
        if sent.flaw:
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
