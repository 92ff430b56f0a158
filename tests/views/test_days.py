"""Today, and reports by day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from cellcost.testing.records import intent_of, make_event
from cellcost.views import DayBook, Tally, day_bounds, report

BERLIN = ZoneInfo("Europe/Berlin")
LATE = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)


def test_a_day_is_the_one_on_the_wall() -> None:
    start, end = day_bounds(LATE, BERLIN)
    assert start.astimezone(UTC) == datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert end - start == timedelta(days=1)


def test_a_day_with_a_clock_change_has_25_hours() -> None:
    start, end = day_bounds(datetime(2026, 10, 25, 12, tzinfo=UTC), BERLIN)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=25)


def test_calls_of_another_day_do_not_count_today() -> None:
    book = DayBook(LATE, UTC)
    yesterday = replace(make_event(), time=LATE - timedelta(days=1))
    assert not book.apply([yesterday])
    assert book.apply([replace(make_event(), time=LATE)])
    assert book.view().total.calls == 1
    assert book.view().day.isoformat() == "2026-11-24"


def test_a_report_by_day_is_in_the_order_of_days() -> None:
    events = [replace(make_event(), time=LATE + timedelta(days=n)) for n in (1, 0, 0)]
    rows = report(events, by="day", zone=BERLIN)
    assert [(row.key, row.calls) for row in rows] == [
        ("2026-11-25", 2),
        ("2026-11-26", 1),
    ]


def test_a_call_over_midnight_is_shown_while_it_runs_and_is_yesterdays() -> None:
    event = replace(make_event(), time=LATE)
    book = DayBook(LATE + timedelta(hours=1), UTC)
    book.apply((), [SimpleNamespace(intent=intent_of(event), live=None)])
    assert book.view().total.live_calls == 1
    assert book.apply([event])
    assert book.view().total == Tally()
    assert book.view().now == ()
