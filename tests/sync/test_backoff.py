"""Waits: bounded, spread, doubled, and as long as the ledger asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost.sync.backoff import Patience, pause_seconds, retry_after_seconds

PATIENCE = Patience(tries=5, first_seconds=1.0, most_seconds=30.0)


def longest(low: float, high: float) -> float:
    return high


def test_the_limit_doubles_up_to_the_most() -> None:
    limits = [
        pause_seconds(n, PATIENCE, asked=None, spread=longest) for n in range(1, 8)
    ]
    assert limits == [1, 2, 4, 8, 16, 30, 30]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_no_wait_leaves_its_bounds(failures: int, share: float) -> None:
    def spread(low: float, high: float) -> float:
        return low + (high - low) * share

    assert 0 <= pause_seconds(failures, PATIENCE, asked=None, spread=spread) <= 30
    assert 7 <= pause_seconds(failures, PATIENCE, asked=7, spread=spread) <= 9


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1e9"}, 3600.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        (
            {
                "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT",
                "date": "Wed, 21 Oct 2015 07:28:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT"}, None),
    ],
)
def test_what_a_ledger_asks_for_is_read_without_our_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_seconds(headers) == seconds
