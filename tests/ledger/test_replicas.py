"""Three servers behind a load balancer on one PostgreSQL keep one law."""

import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from balancer import Balancer
from conftest import Ledger, Postgres, migrated
from load import survives


def test_a_replica_killed_in_mid_load_loses_nothing_and_counts_nothing_twice(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = migrated(postgres)
    replicas = [Ledger(url, tmp_path) for _ in range(3)]
    for replica in replicas:
        replica.start()
    ports = {n: int(r.address.rpartition(":")[2]) for n, r in enumerate(replicas)}
    balancer = Balancer(lambda: list(ports.values()))
    turn = itertools.cycle(range(3))

    def crash() -> None:
        n = next(turn)
        replicas[n].kill()
        replicas[n].start()
        ports[n] = int(replicas[n].address.rpartition(":")[2])

    try:
        survives(replicas[0], crash, times=3, address=lambda: balancer.address)
    finally:
        balancer.close()
    # Each of the first three had a part of the load.
    assert len(balancer.served) >= 3
    assert [replica.stop() for replica in replicas] == [0, 0, 0]
