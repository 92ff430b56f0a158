"""A client whose clock is years wrong: its events are kept in their time, and told."""

import sys
from pathlib import Path

import pytest

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.clocks import AHEAD_US, BEHIND_US, wrong_clock
from cellcost_ledger.rollups import DAY_US

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Ledger, wire

TEN_YEARS_US = 3653 * DAY_US


@pytest.mark.parametrize(
    ("time_us", "says"),
    [
        (AHEAD_US, ""),
        (AHEAD_US + 1, "ahead"),
        (-BEHIND_US, ""),
        (-BEHIND_US - 1, "behind"),
    ],
)
def test_a_clock_is_wrong_beyond_an_hour_ahead_and_a_year_behind(
    time_us: int, says: str
) -> None:
    assert wrong_clock(10**15 + time_us, 10**15) == says


def test_events_of_a_clock_ten_years_off_are_kept_flagged_and_counted(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    now_us = to_microseconds(utc_now())
    times = [now_us + TEN_YEARS_US, now_us - TEN_YEARS_US, now_us - DAY_US]
    events = [wire(n, time_us=time) for n, time in enumerate(times, 1)]
    assert client.statuses(events) == ["stored"] * 3
    assert client.statuses(events) == ["duplicate"] * 3
    when = {"since": "2000-01-01", "until": "2100-01-01"}
    told = client.get("/api/v1/events", params=when).json()["events"]
    assert [(e["time_us"], e["wrong_clock"]) for e in told] == [
        (times[0], "ahead"),
        (times[2], ""),
        (times[1], "behind"),
    ]
    assert all(abs(e["received_us"] - now_us) < DAY_US for e in told)
    assert client.get("/api/v1/installations/inst").json()["clock_off"] == 2
    (listed,) = client.get("/api/v1/installations").json()["installations"]
    assert listed["clock_off"] == 2
    days = client.get("/api/v1/spend", params={**when, "granularity": "day"}).json()
    assert [row["events"] for row in days["rows"]] == [1, 1, 1]
    assert ledger.proof().events == 3
