"""The user's own GPU rates: which entry holds for a device, and none twice."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fnmatch import translate
from itertools import combinations

from cellcost.config.gpu import OwnGpuRate
from cellcost.errors import ConfigError
from cellcost.gpu_places import Place

__all__ = ["OwnGpuRates", "own_hour"]


class OwnGpuRates:
    """The `[[gpu_rates]]` entries, the most particular first.

    One that names an instance goes before one that names a cloud, that before the
    others; then the longer pattern. Raises ConfigError where one is there twice.
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[OwnGpuRate]) -> None:
        by_name = sorted(entries, key=lambda entry: entry.match.lower())
        ranked = sorted(by_name, key=_particular, reverse=True)
        for one, other in combinations(ranked, 2):
            _refuse_twice(one, other)
        self._entries = tuple(
            (entry, _rule(entry.match), _rule(entry.instance)) for entry in ranked
        )

    def find(self, device: str, place: Place, day: date) -> OwnGpuRate | None:
        """Return the entry for a device's name on a day (UTC)."""
        for entry, is_device, is_instance in self._entries:
            if (
                _holds(entry, day)
                and is_device.match(device.lower())
                and entry.cloud in ("", place.cloud)
                and (not entry.instance or is_instance.match(place.instance.lower()))
            ):
                return entry
        return None

    def only(self, day: date) -> OwnGpuRate | None:
        """Return the one entry that holds on a day wherever it is; None of several."""
        held = [entry for entry, _, _ in self._entries if _holds(entry, day)]
        if len(held) != 1 or held[0].cloud or held[0].instance:
            return None
        return held[0]

    def boundaries(self) -> Iterator[datetime]:
        """Yield the moments when an entry begins or ceases to hold."""
        for entry, _, _ in self._entries:
            for day in (entry.valid_from, entry.valid_to):
                if day is not None:
                    yield datetime.combine(day, time(), UTC)


def own_hour(entry: OwnGpuRate, at: datetime) -> tuple[Decimal, bool]:
    """Return what an hour costs by an entry, and whether `at` is off-peak."""
    cheap = entry.off_peak_usd_per_hour
    if cheap is not None and any(window.holds(at) for window in entry.off_peak):
        return cheap, True
    return entry.usd_per_hour, False


def _particular(entry: OwnGpuRate) -> tuple[bool, bool, int]:
    literal = re.sub(r"\[[^\]]*\]|[*?]", "", entry.match)
    return bool(entry.instance), bool(entry.cloud), len(literal)


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.lower()))


def _holds(entry: OwnGpuRate, day: date) -> bool:
    start, end = entry.valid_from, entry.valid_to
    return (start is None or start <= day) and (end is None or day < end)


def _refuse_twice(one: OwnGpuRate, other: OwnGpuRate) -> None:
    first = max(one.valid_from or date.min, other.valid_from or date.min)
    last = min(one.valid_to or date.max, other.valid_to or date.max)
    if first >= last or _means(one) != _means(other):
        return
    since = "" if first == date.min else f" from {first} on"
    raise ConfigError(
        f"{_said(one)} and {_said(other)} hold for the same GPU{since};"
        " remove one, or part them by valid_from and valid_to"
    )


def _means(entry: OwnGpuRate) -> tuple[str, str, str]:
    return entry.match.lower(), entry.cloud, entry.instance.lower()


def _said(entry: OwnGpuRate) -> str:
    place = f"{entry.source}: " if entry.source else ""
    return f'{place}[[gpu_rates]] match = "{entry.match}"'
