"""When a GPU is cheaper: hours of the day on some days, in one time zone."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from cellcost.config.values import Invalid, likely

__all__ = ["DAYS", "OffPeak", "next_change", "read_windows"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ALL_DAYS = frozenset(range(7))
_MIDNIGHT = 24 * 60
_KEYS = ("hours", "zone", "days")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffPeak:
    """One window that comes back: from `start` to `end`, in minutes of the day.

    An `end` that is not after `start` is on the next day. `days` are those on which
    the window begins, 0 is Monday.
    """

    start: int
    end: int
    zone: str
    days: frozenset[int] = _ALL_DAYS

    def holds(self, at: datetime) -> bool:
        """Say whether `at` lies in the window."""
        return any(start <= at < end for start, end in self._around(at))

    def changes(self, at: datetime) -> Iterator[datetime]:
        """Yield the next moments (UTC) at which the window begins or ends."""
        for start, end in self._around(at):
            yield from (moment for moment in (start, end) if moment > at)

    def _around(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the windows of the days around `at`, a week on, as moments in UTC."""
        zone = ZoneInfo(self.zone)
        today = at.astimezone(zone).date()
        length = 0 if self.end > self.start else 1
        for day in (today + timedelta(days=n) for n in range(-1, 8)):
            if day.weekday() in self.days:
                last = day + timedelta(days=length)
                yield _moment(day, self.start, zone), _moment(last, self.end, zone)


def next_change(windows: tuple[OffPeak, ...], at: datetime) -> datetime | None:
    """Return when one of the windows next begins or ends; None without windows."""
    return min((m for window in windows for m in window.changes(at)), default=None)


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute == _MIDNIGHT:
        day, minute = day + timedelta(days=1), 0
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return local.astimezone(UTC)


def read_windows(value: object) -> tuple[OffPeak, ...]:
    """Return a window, or each of a list of windows. Raises Invalid."""
    given = cast(list[object], value) if isinstance(value, list) else [value]
    if not given:
        raise Invalid("is empty; remove the key to leave it unset")
    return tuple(_window(table) for table in given)


def _window(value: object) -> OffPeak:
    if not isinstance(value, Mapping):
        raise Invalid(
            'must be a table like { hours = "20:00-06:00", zone = "Europe/Berlin" }'
        )
    table = cast(Mapping[str, object], value)
    for name in table:
        if name not in _KEYS:
            raise Invalid(f'cannot have "{name}"{likely(name, _KEYS)}')
    missing = [name for name in ("hours", "zone") if name not in table]
    if missing:
        raise Invalid(f'needs {missing[0]}: {{ hours = "20:00-06:00", zone = "UTC" }}')
    start, end = _hours(table["hours"])
    days = _days(table["days"]) if "days" in table else _ALL_DAYS
    return OffPeak(start=start, end=end, zone=_zone(table["zone"]), days=days)


def _hours(value: object) -> tuple[int, int]:
    found = None
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)\s*", value)
    if found is None:
        raise Invalid(f'hours must be like "20:00-06:00", not "{value}"')
    minutes = [int(found[n]) for n in (2, 4)]
    start, end = int(found[1]) * 60 + minutes[0], int(found[3]) * 60 + minutes[1]
    if max(minutes) > 59 or start >= _MIDNIGHT or end > _MIDNIGHT:
        raise Invalid(f'hours must be from 00:00 to 24:00, not "{value}"')
    if start == end:
        raise Invalid('hours begin and end at once; write "00:00-24:00" for a day')
    return start, end


def _zone(value: object) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a KeyError
        raise Invalid(
            f'zone must be a time zone like "Europe/Berlin", not "{value}"'
            " (where the system has none: pip install tzdata)"
        ) from None
    return value


def _days(value: object) -> frozenset[int]:
    """Return days by number, from names and spans: `["mon-thu", "sat"]`."""
    given = cast(list[object], value) if isinstance(value, list) else [value]
    days: set[int] = set()
    for name in given:
        first, _, last = str(name).strip().lower().partition("-")
        ends = [_day(part.strip()) for part in (first, last or first)]
        if None in ends:
            raise Invalid(f'days must be like ["mon-fri", "sun"], not "{name}"')
        start, end = cast(list[int], ends)
        days.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    if not days:
        raise Invalid("days is empty; remove the key for every day")
    return frozenset(days)


def _day(name: str) -> int | None:
    return DAYS.index(name) if name in DAYS else None
