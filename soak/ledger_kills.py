"""Kill servers and PostgreSQL at random points under load: each event counts once.

Three servers behind a load balancer on one PostgreSQL, 50 clients; at each point one
server or the database is killed -9 and started again.
"""

import random

from stage import sizes, tell, temporary


def main() -> None:
    asked = sizes(
        __doc__,
        events=(1_000_000, 3000),
        clients=(50, 10),
        kills=(200, 6),
        replicas=(3, 3),
        seed=(1, 1),
    )
    from balancer import Balancer
    from conftest import Ledger, _new_postgres, migrated
    from load import survives

    dice = random.Random(asked.seed)
    postgres = _new_postgres()
    killed = {"server": 0, "database": 0}
    with temporary() as folder:
        url = migrated(postgres)
        replicas = [Ledger(url, folder) for _ in range(asked.replicas)]
        for replica in replicas:
            replica.start()
        ports = [int(r.address.rpartition(":")[2]) for r in replicas]
        balancer = Balancer(lambda: ports)

        def crash() -> None:
            if dice.random() < 0.3:
                postgres.kill()
                postgres.start()
                killed["database"] += 1
                return
            n = dice.randrange(len(replicas))
            replicas[n].kill()
            replicas[n].start()
            ports[n] = int(replicas[n].address.rpartition(":")[2])
            killed["server"] += 1

        try:
            load = survives(
                replicas[0],
                crash,
                times=asked.kills,
                writers=asked.clients,
                events=asked.events,
                largest=500 if asked.events > 100_000 else 40,
                address=lambda: balancer.address,
            )
        finally:
            balancer.close()
            for replica in replicas:
                replica.kill()
            postgres.stop()
    tell(asked, acknowledged=load.acknowledged, failures=load.failures, killed=killed)


if __name__ == "__main__":
    main()
