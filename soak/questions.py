"""Ask the ledger whatever its document allows: no failure, and no answer not told.

Seeded: the same seed asks the same. Every operation in turn, over SQLite and
PostgreSQL, until the time is over.
"""

import random
import time
from typing import Any

import hypothesis
import schemathesis
from schemathesis.specs.openapi import checks

from stage import sizes, tell, temporary

_KEPT = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
_EXAMPLES = 25
"""Asked of an operation before the next one's turn."""


def main() -> None:
    asked = sizes(__doc__, during=(600, 20), seed=(1, 1))
    from conftest import Ledger, _new_postgres, migrated

    postgres = _new_postgres()
    answers: dict[str, int] = {}
    try:
        with temporary() as folder:
            ledgers = []
            urls = (f"sqlite:///{folder / 'ledger.db'}", migrated(postgres))
            for number, url in enumerate(urls):
                home = folder / str(number)
                home.mkdir()
                ledger = Ledger(url, home)
                ledger.start()
                ledgers.append(ledger)
            rounds = ask_until(
                time.monotonic() + asked.during, ledgers, asked.seed, answers
            )
            for ledger in ledgers:
                proofs = ledger.proofs()
                assert proofs
                assert all(proof.holds for proof in proofs.values())
                assert ledger.stop() == 0
    finally:
        postgres.stop()
    tell(asked, rounds=rounds, asked=sum(answers.values()), answers=answers)


def ask_until(
    end: float, ledgers: list[Any], seed: int, answers: dict[str, int]
) -> int:
    """Return how many operations had their turn; count the answers by status."""
    from conftest import wire

    from cellcost_ledger.web.openapi import OPERATIONS, document

    schema = schemathesis.openapi.from_dict(document())
    told = [(one.method, one.path) for one in OPERATIONS]
    dice = random.Random(seed)
    keys = []
    for ledger in ledgers:
        ledger.client().statuses([wire(1), wire(2, kind="outcome", lines=[])])
        scopes = ["ingest", "read", "approve", "admin"]
        keys.append((ledger, ledger.key(team="ads", scopes=scopes)))
    rounds = 0
    while time.monotonic() < end:
        method, path = dice.choice(told)
        ledger, key = dice.choice(keys)
        ask(schema[path][method], ledger.address, key, dice.getrandbits(32), answers)
        rounds += 1
    return rounds


def ask(
    operation: Any, address: str, key: str, seed: int, answers: dict[str, int]
) -> None:
    """Ask one operation some times; raise at the first answer that is not told."""

    @hypothesis.seed(seed)
    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def once(case: Any) -> None:
        answer = case.call(base_url=address, headers={"Authorization": f"Bearer {key}"})
        status = str(answer.status_code)
        answers[status] = answers.get(status, 0) + 1
        assert answer.status_code < 500, answer.text
        # Of another team nothing is told.
        assert "work/a.ipynb" not in answer.text
        case.validate_response(answer, checks=_KEPT)

    once()


if __name__ == "__main__":
    main()
