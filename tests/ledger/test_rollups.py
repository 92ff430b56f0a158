"""The daily sums: of the event's own day, and equal to the hourly ones."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cellcost.clock import to_microseconds
from cellcost_ledger.book.schema import ROLLUP_SUMS, rollup_day
from cellcost_ledger.rollups import DAY_US, HOUR_US, HOURS_A_DAY, day_deltas, deltas
from cellcost_ledger.web.questions import time_text

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Ledger, cost_of, noon, wire

_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "tenant": st.just("t"),
            "installation": st.sampled_from("ab"),
            "time_us": st.integers(0, 3 * DAY_US),
            **dict.fromkeys(
                ("team", "function", "environment", "provider", "model", "user_name"),
                st.sampled_from(["", "x"]),
            ),
            "kind": st.sampled_from(["llm", "gpu"]),
            "cost_nusd": st.none() | st.integers(-(10**15), 10**15),
            "n_unpriced": st.integers(-1, 3),
            "input_tokens": st.integers(-5, 5),
            "output_tokens": st.integers(-5, 5),
        }
    ),
    max_size=30,
)


@given(_ROWS)
def test_days_and_hours_of_any_events_have_the_same_sums(
    rows: list[dict[str, Any]],
) -> None:
    hours = deltas(rows)
    days = day_deltas(hours)
    for name in ROLLUP_SUMS:
        assert sum(r[name] for r in days) == sum(r[name] for r in hours)
    assert {row["day"] for row in days} == {r["hour"] // HOURS_A_DAY for r in hours}
    assert len({_key(row) for row in days}) == len(days)
    assert [_key(row) for row in days] == sorted(_key(row) for row in days)


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(value for name, value in row.items() if name not in ROLLUP_SUMS)


def test_late_events_and_corrections_land_in_the_day_of_their_own_time(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    today = to_microseconds(noon(20))
    first = wire(1, time_us=today)
    late = wire(2, time_us=to_microseconds(noon(20) - timedelta(days=9)))
    correction = wire(3, kind="correction", corrects=late["id"], time_us=today)
    client.statuses([first, correction])
    client.statuses([late])
    statement = sa.select(
        rollup_day.c.day,
        sa.func.sum(rollup_day.c.events),
        sa.func.sum(rollup_day.c.cost_nusd),
    ).where(rollup_day.c.tenant == ledger.tenant)
    book = ledger.book()
    rows = book.read(lambda c: c.execute(statement.group_by(rollup_day.c.day)).all())
    book.close()
    assert sorted((day, int(n), int(cost)) for day, n, cost in rows) == [
        (today // DAY_US - 9, 1, cost_of(late)),
        (today // DAY_US, 2, cost_of(first) + cost_of(correction)),
    ]
    assert ledger.proof().holds


def test_spend_reads_days_for_whole_days_and_hours_for_the_edges(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    start = to_microseconds(noon(10)) // DAY_US * DAY_US
    times = [start + hour * HOUR_US + 7 for hour in range(96)]
    client.statuses([wire(n, time_us=time) for n, time in enumerate(times, 1)])
    book = ledger.book()
    # Whatever is read from the days counts a thousand events each.
    ours = rollup_day.c.tenant == ledger.tenant
    many = sa.update(rollup_day).where(ours).values(events=1000)
    book.write(lambda c: c.execute(many))
    for since, until, days, hours in [
        (0, 96, 4, 0),
        (0, 24, 1, 0),
        (5, 90, 2, 37),
        (24, 50, 1, 2),
        (23, 48, 1, 1),
        (3, 20, 0, 17),
        (20, 30, 0, 10),
    ]:
        question = {
            "since": time_text(start + since * HOUR_US),
            "until": time_text(start + until * HOUR_US),
        }
        for by in ({}, {"granularity": "day"}, {"group_by": "team,installation"}):
            told = client.get("/api/v1/spend", params={**question, **by}).json()
            assert told["total"]["events"] == 1000 * days + hours, (since, until, by)
        by = {"granularity": "hour"}
        told = client.get("/api/v1/spend", params={**question, **by}).json()
        assert told["total"]["events"] == until - since
    book.close()
