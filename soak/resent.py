"""Send events 1 to 5 times, shuffled, cut anew, 8 at once: the totals are equal."""

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from stage import sizes, tell, temporary


def main() -> None:
    asked = sizes(__doc__, events=(200_000, 2000), installations=(20, 4), seed=(1, 1))
    from conftest import Ledger, _new_postgres, cost_of, migrated, wire

    dice = random.Random(asked.seed)
    each = asked.events // asked.installations
    postgres = _new_postgres()
    sent = 0
    try:
        for engine in ("sqlite", "postgresql"):
            with temporary() as folder:
                url = f"sqlite:///{folder / 'ledger.db'}"
                if engine == "postgresql":
                    url = migrated(postgres)
                ledger = Ledger(url, folder)
                ledger.start()
                client = ledger.client()
                for n in range(asked.installations):
                    name = f"inst-{n}"
                    events = [wire(seq) for seq in range(1, each + 1)]
                    jobs = cuts(events, dice)
                    with ThreadPoolExecutor(8) as pool:
                        said = list(
                            pool.map(partial(client.statuses, installation=name), jobs)
                        )
                    statuses = [status for part in said for status in part]
                    sent += len(statuses)
                    assert statuses.count("stored") == each
                    proof = ledger.proof(name)
                    assert proof.events == proof.received == each
                    assert proof.sum_nusd == sum(map(cost_of, events))
                    assert (proof.gaps, proof.conflicts, proof.forks) == (0, 0, 0)
                assert ledger.stop() == 0
    finally:
        postgres.stop()
    tell(asked, sent=sent, engines=2)


def cuts(events: list[dict[str, object]], dice: random.Random) -> list[list[object]]:
    """Return batches in which each event is 1 to 5 times, in no order."""
    jobs: list[list[object]] = []
    for turn in range(5):
        part = [e for e in events if turn == 0 or dice.random() < 0.5]
        dice.shuffle(part)
        while part:
            size = dice.randrange(1, 500)
            jobs.append(list(part[:size]))
            part = part[size:]
    dice.shuffle(jobs)
    return jobs


if __name__ == "__main__":
    main()
