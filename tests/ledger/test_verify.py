"""`verify` reads rows, not counters: whatever is changed behind its back, it finds."""

import json
import sys
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

from changes import Change, delete, replace
from conftest import Ledger, cost_of, wire

CHANGES: list[tuple[sa.Table, Change, str]] = [
    (rollup_hour, replace(cost_nusd=rollup_hour.c.cost_nusd + 1), "is not the sum"),
    (rollup_hour, replace(events=rollup_hour.c.events - 1), "is not the sum"),
    (rollup_hour, replace(team="ads"), "is missing"),
    (rollup_hour, replace(hour=rollup_hour.c.hour + 1), "is missing"),
    (rollup_hour, delete, "is missing"),
    (rollup_day, replace(cost_nusd=rollup_day.c.cost_nusd + 1), "sum of its hours"),
    (rollup_day, replace(model="dear"), "is missing"),
    (rollup_day, delete, "rollup of day="),
    (event, replace(cost_nusd=event.c.cost_nusd - 1), "its cost_nusd is"),
    (event, replace(cost_nusd=None), "its cost_nusd is"),
    (event, replace(time_us=event.c.time_us + 1), "what its hash says"),
    (event, replace(seq=event.c.seq + 1), "what its hash says"),
    (event, replace(team="ads"), "is missing"),
    (event_line, replace(cost_nusd=event_line.c.cost_nusd + 1), "what its hash says"),
    (event_line, replace(quantity=0), "what its hash says"),
    (event_line, delete, "what its hash says"),
    (dead_letter, delete, "3 were received, 2 are stored and 0 rejected"),
    (installation, replace(received=2), "2 were received"),
    (installation, replace(last_contiguous_seq=9), "all came up to seq 9"),
    (installation, delete, "its own row is missing"),
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
    done = ledger.command("verify", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    total = str(sum(map(cost_of, events)))
    (row,) = report.pop("installations")
    (log,) = report.pop("audit")
    assert (log["tenant"], log["broken"]) == (ledger.tenant, [])
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

    text = ledger.command("verify").stdout
    assert "inst: seq 3 to 4 have not come" in text
    assert text.endswith("the law holds\n")

    book = ledger.book()
    ours = rollup_hour.c.tenant == ledger.tenant
    book.write(lambda c: c.execute(sa.delete(rollup_hour).where(ours)))
    book.close()
    broken = ledger.command("verify")
    assert broken.returncode == 1
    assert "BROKEN" in broken.stdout
    assert json.loads(ledger.command("verify", "--json").stdout)["holds"] is False
