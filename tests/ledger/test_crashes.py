"""Servers and databases killed under load: nothing is lost, nothing counts twice."""

import json
import random
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Ledger, Postgres, cost_of, migrated, until, wire
from load import survives


def test_a_server_killed_under_load_loses_nothing_and_counts_nothing_twice(
    own_ledger: Ledger,
) -> None:
    def crash() -> None:
        own_ledger.kill()
        own_ledger.start()

    load = survives(own_ledger, crash, times=5)
    assert load.failures > 0
    assert own_ledger.stop() == 0


def test_a_database_killed_under_load_loses_nothing_and_counts_nothing_twice(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    ledger = Ledger(migrated(own_postgres), tmp_path)
    ledger.start()

    def crash() -> None:
        own_postgres.kill()
        own_postgres.start()

    survives(ledger, crash, times=3)
    assert ledger.stop() == 0


def test_three_servers_on_one_database_keep_one_law(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = migrated(postgres)
    ledgers = [Ledger(url, tmp_path) for _ in range(3)]
    for ledger in ledgers:
        ledger.start()
    key = ledgers[0].key()
    clients = [ledger.client(key) for ledger in ledgers]
    journals = {f"inst-{n}": [wire(seq) for seq in range(1, 61)] for n in range(3)}
    jobs = [
        (client, events[start : start + 20], name)
        for client in clients
        for name, events in journals.items()
        for start in range(0, 60, 20)
    ]
    random.Random(2).shuffle(jobs)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda job: job[0].statuses(job[1], job[2]), jobs))
    statuses = [status for part in done for status in part]
    assert (statuses.count("stored"), statuses.count("duplicate")) == (180, 360)
    for name, events in journals.items():
        proof = ledgers[0].proof(name)
        assert (proof.events, proof.sum_nusd) == (60, sum(map(cost_of, events)))
    assert [ledger.stop() for ledger in ledgers] == [0, 0, 0]


def test_a_server_told_to_stop_answers_what_it_was_asked(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    ledger.start()
    assert ledger.process is not None
    client = ledger.client()
    events = [wire(seq) for seq in range(1, 401)]

    def slowly():
        text = json.dumps({"installation": "inst", "events": events}).encode()
        yield text[:1000]
        ledger.process.send_signal(signal.SIGTERM)
        yield text[1000:]

    answer = client.post("/api/v1/events", content=slowly())
    assert answer.status_code == 200, answer.text
    assert ledger.process.wait(timeout=60) == 0
    assert ledger.stop() == 0
    assert ledger.proof().events == 400


def test_without_its_database_a_server_lives_and_says_so(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    ledger = Ledger(migrated(own_postgres), tmp_path)
    ledger.start()
    client = ledger.client()
    client.statuses([wire(1)])
    own_postgres.kill()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    assert str(own_postgres.port) not in answer.text
    assert client.send_events([wire(2)]).status_code == 503
    own_postgres.start()
    assert until(lambda: client.get("/readyz").status_code == 200)
    assert client.statuses([wire(2)]) == ["stored"]
    assert ledger.stop() == 0
