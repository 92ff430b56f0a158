"""A backlog goes through a bad network to the ledger, with everything counted once.

Resets, answers lost after the commit, 500, 429, strange pages; then a partition; then
one event in 500 that the ledger refuses. The passes are those of `cellcost sync`, in
this process, without its waits between attempts (they would take a day).
"""

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cellcost.journal import About, Writer
from cellcost.records import Event
from cellcost.testing.records import make_event
from stage import sizes, tell, temporary

WORDS = ("reset", "lost", "500", "429 1", "503 1", "page")
_MOST_GROWTH_MB = 48


def main() -> None:
    asked = sizes(
        __doc__,
        backlog=(500_000, 3000),
        faults=(10_000, 60),
        partition=(600, 3),
        seed=(1, 1),
    )
    from faulty_proxy import FaultyProxy
    from sending import Ledger, drain

    dice = random.Random(asked.seed)
    with temporary() as folder:
        home = folder / "home"
        cost = written(home, asked.backlog, make_event)
        ledger = Ledger(folder / "book.db")
        ledger.key = ledger.new_key()
        ledger.start()
        proxy = FaultyProxy(ledger.port)
        left = asked.faults
        passes = 0
        first = largest = 0.0
        try:
            while True:
                # Some requests pass, or the backlog would last as long as the faults.
                while left and len(proxy.script) < 50:
                    fault = dice.random() < 0.8
                    proxy.script.append(dice.choice(WORDS) if fault else "pass")
                    left -= fault
                done = drain(home, proxy.url, ledger.key)
                proxy.bodies.clear()
                passes += 1
                # The first pass loads what sync needs.
                first = first or megabytes()
                largest = max(largest, megabytes())
                if done.state == "drained" and not left and not proxy.script:
                    break
                if done.state == "drained":
                    cost += written(home, 500, make_event)
                    asked.backlog += 500
            until = time.monotonic() + asked.partition
            cost += written(home, 500, make_event)
            while time.monotonic() < until:
                proxy.script.extend(["reset"] * 100)
                assert drain(home, proxy.url, ledger.key).waiting
                time.sleep(0.2)
            proxy.script.clear()
            written(home, 1, lambda: replace(make_event(), note="x" * 5000))
            cost += written(home, 499, make_event)
            done = drain(home, proxy.url, ledger.key)
            assert (done.state, done.rejected, done.waiting) == ("drained", 1, 0)
        finally:
            proxy.close()
            ledger.stop()
        proof = json.loads(ledger.run("verify", "--json"))
        assert proof["holds"]
        assert int(proof["events"]) == asked.backlog + 999
        assert (int(proof["rejected"]), int(proof["gaps"])) == (1, 0)
        assert int(proof["sum_nusd"]) == int(proof["rollup_sum_nusd"]) == cost
    growth = round(largest - first)
    assert growth <= _MOST_GROWTH_MB, f"memory grew by {growth} MB"
    tell(asked, passes=passes, events=proof["events"], memory_growth_mb=growth)


def written(home: Path, n: int, make: Callable[[], Event]) -> int:
    """Write `n` events into the journal; return what they cost."""
    writer = Writer(home, about=About(host="soak", pid=os.getpid(), version="0"))
    cost = 0
    for _ in range(n):
        event = make()
        writer.settle(event)
        cost += sum(line.cost_nusd or 0 for line in event.lines)
    writer.close()
    return cost


def megabytes() -> float:
    """Return the memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
