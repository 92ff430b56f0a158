"""Points in time as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from cellcost.cli.moments import moment

NOW = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        (" 7 D ", timedelta(days=7)),
        ("now", timedelta(0)),
    ],
)
def test_a_span_counts_back_from_now(text, ago):
    assert moment(text, now=NOW) == NOW - ago


def test_a_day_begins_at_midnight_of_this_machine():
    midnight = NOW.astimezone().replace(hour=0, minute=0)
    assert moment("today", now=NOW) == midnight
    assert moment("yesterday", now=NOW).date() == midnight.date() - timedelta(days=1)
    day = moment("2026-11-01", now=NOW)
    assert (day.hour, day.minute, day.utcoffset()) == (
        0,
        0,
        datetime(2026, 11, 1).astimezone().utcoffset(),
    )


def test_a_time_is_of_this_machine_unless_it_says_otherwise():
    local = datetime(2026, 11, 1, 8, 0).astimezone()
    assert moment("2026-11-01T08:00", now=NOW) == local
    utc = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
    assert moment("2026-11-01T08:00Z", now=NOW) == utc
    assert moment("2026-11-01T08:00+02:00", now=NOW) == utc - timedelta(hours=2)


def test_a_span_longer_than_time_is_the_beginning_of_it():
    assert moment("999999w", now=NOW) == datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "7", "d", "-7d", "2026-13-01", "7y"])
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError):
        moment(text, now=NOW)
