"""The user's own prices: which entry holds for a model on a day, and no two at once."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fnmatch import translate
from functools import cache
from itertools import combinations

from cellcost.config.rates import OwnPrice
from cellcost.errors import ConfigError

__all__ = ["OwnPrices"]


class OwnPrices:
    """The `[[prices]]` entries, by provider.

    Raises ConfigError when two entries can hold for the same model on the same day.
    """

    __slots__ = ("_entries",)

    def __init__(
        self, entries: Iterable[OwnPrice], provider_id: Callable[[str], str]
    ) -> None:
        self._entries: dict[str, list[_Entry]] = {}
        for price in entries:
            _check(price)
            rule = re.compile(translate(price.model.lower()))
            entry = _Entry(price, rule)
            self._entries.setdefault(provider_id(price.provider), []).append(entry)
        for group in self._entries.values():
            for one, other in combinations(group, 2):
                _refuse_overlap(one.price, other.price)

    def find(self, provider: str, names: Iterable[str], day: date) -> OwnPrice | None:
        """Return the entry for a model on a day; earlier `names` count first."""
        group = self._entries.get(provider, ())
        for name in names:
            for entry in group:
                if entry.holds(day) and entry.rule.match(name.lower()):
                    return entry.price
        return None

    def boundaries(self, provider: str) -> Iterator[datetime]:
        """Yield the moments when an entry of a provider begins or ceases to hold."""
        for entry in self._entries.get(provider, ()):
            for day in (entry.price.valid_from, entry.price.valid_to):
                if day is not None:
                    yield datetime.combine(day, time(), UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    price: OwnPrice
    rule: re.Pattern[str]

    def holds(self, day: date) -> bool:
        start, end = self.price.valid_from, self.price.valid_to
        return (start is None or start <= day) and (end is None or day < end)


def _check(price: OwnPrice) -> None:
    start, end = price.valid_from, price.valid_to
    if start is not None and end is not None and start >= end:
        raise ConfigError(
            f"{_said(price)}: valid_from {start} is not before valid_to {end};"
            " valid_to is the first day on which the price no longer holds"
        )
    for name, rate in price.rates.items():
        if not rate.is_finite() or rate < 0:
            raise ConfigError(f"{_said(price)}: rates.{name} = {rate} is no price")
    if price.discount is not None and not (
        price.discount.is_finite() and price.discount <= 1
    ):
        raise ConfigError(
            f"{_said(price)}: discount = {price.discount}; write 0.2 for 20 % off"
        )


def _refuse_overlap(one: OwnPrice, other: OwnPrice) -> None:
    first = max(one.valid_from or date.min, other.valid_from or date.min)
    last = min(one.valid_to or date.max, other.valid_to or date.max)
    if first >= last or not _can_both_match(one.model.lower(), other.model.lower()):
        return
    since = "" if first == date.min else f" from {first} on"
    raise ConfigError(
        f"{_said(one)} and {_said(other)} both hold for the same model{since};"
        " narrow one `model`, or part them by valid_from and valid_to"
    )


def _said(price: OwnPrice) -> str:
    place = f"{price.source}: " if price.source else ""
    return f'{place}[[prices]] provider = "{price.provider}", model = "{price.model}"'


def _can_both_match(one: str, other: str) -> bool:
    """Return whether some name matches both patterns (`*`, `?`, `[...]`)."""
    left, right = _parts(one), _parts(other)

    @cache
    def meet(i: int, j: int) -> bool:
        if i == len(left) and j == len(right):
            return True
        if i < len(left) and left[i] == "*":
            return meet(i + 1, j) or (j < len(right) and meet(i, j + 1))
        if j < len(right) and right[j] == "*":
            return meet(i, j + 1) or (i < len(left) and meet(i + 1, j))
        if i == len(left) or j == len(right):
            return False
        return _share(left[i], right[j]) and meet(i + 1, j + 1)

    return meet(0, 0)


def _parts(pattern: str) -> list[str]:
    """Return a pattern as characters, `*`, `?` and whole `[...]`."""
    found = re.findall(r"\[!?\]?[^\]]*\]|.", pattern, re.DOTALL)
    return [
        part for n, part in enumerate(found) if part != "*" or found[n - 1 : n] != ["*"]
    ]


def _share(one: str, other: str) -> bool:
    """Return whether one character can match both single-character patterns."""
    candidates = {"\x00", *one, *other}
    rules = [re.compile(translate(part)).match for part in (one, other)]
    ranges = [char for part in (one, other) if len(part) > 1 for char in _ASCII]
    return any(all(rule(char) for rule in rules) for char in (*candidates, *ranges))


_ASCII = [chr(code) for code in range(32, 127)]
