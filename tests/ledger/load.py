"""Journals that send while something is killed, and what must be so afterwards."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
from conftest import Client, Json, Ledger, cost_of, until, wire

__all__ = ["Load", "survives"]


@dataclass
class Load:
    """Writers that resend each batch until it is acknowledged, in random cuts."""

    address: Callable[[], str]
    key: str
    largest: int = 40
    acknowledged: int = 0
    failures: int = 0
    sums: dict[str, int] = field(default_factory=dict[str, int])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, name: str, events: int) -> None:
        """Send a journal's events, each batch until it was answered."""
        headers = {"Authorization": f"Bearer {self.key}"}
        with Client(headers=headers, timeout=60, verify=False) as client:
            for batch in self._cuts(name, events):
                until(lambda batch=batch: self._sent(client, name, batch), seconds=300)
                with self._lock:
                    self.acknowledged += len(batch)
                    known = self.sums.get(name, 0)
                    self.sums[name] = known + sum(map(cost_of, batch))

    def _cuts(self, name: str, events: int) -> Iterator[list[Json]]:
        dice = random.Random(name)
        seq = 1
        while seq <= events:
            size = min(dice.randrange(5, self.largest), events + 1 - seq)
            yield [wire(n) for n in range(seq, seq + size)]
            seq += size

    def _sent(self, client: Client, name: str, batch: list[Json]) -> bool:
        # A restarted server has another address.
        client.base_url = httpx.URL(self.address())
        try:
            answer = client.send_events(batch, name)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == 200:
            statuses = {result["status"] for result in answer.json()["results"]}
            assert statuses <= {"stored", "duplicate"}, statuses
            return True
        assert answer is None or answer.status_code in (429, 503), answer.text
        with self._lock:
            self.failures += 1
        return False


def survives(
    ledger: Ledger,
    crash: Callable[[], None],
    *,
    times: int,
    writers: int = 6,
    events: int = 480,
    largest: int = 40,
    address: Callable[[], str] | None = None,
) -> Load:
    """Crash something `times` times under load; then hold the book to the law."""
    load = Load(address or (lambda: ledger.address), ledger.key(), largest)
    each = events // writers
    # The last batches end a writer: what is killed after that is under no load.
    highest = events - writers * min(10, each // 4)
    points = sorted(random.Random(1).sample(range(20, highest), times))
    with ThreadPoolExecutor(writers) as pool:
        running = [pool.submit(load.write, f"inst-{n}", each) for n in range(writers)]
        for point in points:
            until(
                lambda point=point: (
                    load.acknowledged >= point or any(w.done() for w in running)
                ),
                seconds=600,
            )
            crash()
        for writer in running:
            writer.result()
    assert load.acknowledged == each * writers
    proofs = ledger.proofs()
    for name, cost in load.sums.items():
        proof = proofs[name]
        assert proof.holds, proof.broken
        assert proof.events == proof.received == each
        assert proof.sum_nusd == proof.rollup_sum_nusd == cost
        assert (proof.gaps, proof.conflicts, proof.forks) == (0, 0, 0)
    return load
