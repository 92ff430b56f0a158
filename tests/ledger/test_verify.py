"""`verify` reads rows, not counters: whatever is changed behind its back, it finds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from cellcost_ledger.book.schema import (
    dead_letter,
    event,
    event_line,
    installation,
    rollup_day,
    rollup_hour,
)

sys.path.insert(0, str(Path(__file__).parent))

from conftest import PROGRAM, Ledger, cost_of, wire

Change = Callable[[sa.Table], sa.Executable]


def _set(**values: object) -> Change:
    return lambda table: sa.update(table).values(**values)


def _delete(table: sa.Table) -> sa.Executable:
    return sa.delete(table)


CHANGES: list[tuple[sa.Table, Change, str]] = [
    (rollup_hour, _set(cost_nusd=rollup_hour.c.cost_nusd + 1), "is not the sum"),
    (rollup_hour, _set(events=rollup_hour.c.events - 1), "is not the sum"),
    (rollup_hour, _set(team="ads"), "is missing"),
    (rollup_hour, _set(hour=rollup_hour.c.hour + 1), "is missing"),
    (rollup_hour, _delete, "is missing"),
    (rollup_day, _set(cost_nusd=rollup_day.c.cost_nusd + 1), "sum of its hours"),
    (rollup_day, _set(model="dear"), "is missing"),
    (rollup_day, _delete, "rollup of day="),
    (event, _set(cost_nusd=event.c.cost_nusd - 1), "its cost_nusd is"),
    (event, _set(cost_nusd=None), "its cost_nusd is"),
    (event, _set(time_us=event.c.time_us + 1), "what its hash says"),
    (event, _set(seq=event.c.seq + 1), "what its hash says"),
    (event, _set(team="ads"), "is missing"),
    (event_line, _set(cost_nusd=event_line.c.cost_nusd + 1), "what its hash says"),
    (event_line, _set(quantity=0), "what its hash says"),
    (event_line, _delete, "what its hash says"),
    (dead_letter, _delete, "3 were received, 2 are stored and 0 rejected"),
    (installation, _set(received=2), "2 were received"),
    (installation, _set(last_contiguous_seq=9), "all came up to seq 9"),
    (installation, _delete, "its own row is missing"),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: f"{c[0].name} {c[2]}")
def test_a_change_behind_its_back_is_found(
    ledger: Ledger, change: tuple[sa.Table, Change, str]
) -> None:
    foreign = wire(3)
    foreign["where"]["tags"]["team"] = "ads"
    ledger.client().statuses([wire(1), wire(2), foreign])
    assert ledger.proof().holds
    table, make, found = change
    statement = make(table)
    assert isinstance(statement, (sa.Update, sa.Delete))
    book = ledger.book()
    book.write(lambda c: c.execute(statement.where(table.c.tenant == ledger.tenant)))
    book.close()
    proof = ledger.proofs()["inst"]
    assert not proof.holds
    assert found in "; ".join(proof.broken)


def test_an_event_deleted_with_its_lines_is_missed(ledger: Ledger) -> None:
    ledger.client().statuses([wire(1), wire(2), wire(3)])
    book = ledger.book()
    gone = sa.select(event.c.event_id).where(
        event.c.tenant == ledger.tenant, event.c.seq == 2
    )
    (id_,) = book.read(lambda c: list(c.scalars(gone)))
    for table in (event_line, event):
        deletion = sa.delete(table).where(table.c.event_id == id_)
        book.write(lambda c, deletion=deletion: c.execute(deletion))
    book.close()
    proof = ledger.proofs()["inst"]
    assert (proof.gaps, proof.gap_ranges) == (1, [(2, 2)])
    assert any("3 were received" in what for what in proof.broken)
    assert any("is not the sum" in what for what in proof.broken)


def test_the_command_says_what_holds_and_exits_by_it(ledger: Ledger) -> None:
    events = [wire(1), wire(2), wire(5)]
    ledger.client().statuses(events)

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [PROGRAM, "ledger", "verify", "--tenant", ledger.tenant, *options]
        return subprocess.run(
            [*command, "--database", ledger.database],
            env={**os.environ, "CELLCOST_HOME": str(ledger.folder)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    done = run("--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    total = str(sum(map(cost_of, events)))
    (row,) = report.pop("installations")
    assert report == {
        "holds": True,
        "received": 3,
        "events": 3,
        "rejected": 0,
        "conflicts": 0,
        "gaps": 2,
        "forks": 0,
        "sealed": 0,
        "pruned": 0,
        "sum_nusd": total,
        "rollup_sum_nusd": total,
    }
    assert (row["installation"], row["gap_ranges"]) == ("inst", [[3, 4]])

    text = run().stdout
    assert "inst: seq 3 to 4 have not come" in text
    assert text.endswith("the law holds\n")

    book = ledger.book()
    ours = rollup_hour.c.tenant == ledger.tenant
    book.write(lambda c: c.execute(sa.delete(rollup_hour).where(ours)))
    book.close()
    broken = run()
    assert broken.returncode == 1
    assert "BROKEN" in broken.stdout
    assert json.loads(run("--json").stdout)["holds"] is False
