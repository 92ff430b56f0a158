"""What some events add to the hourly and the daily sums."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, cast

from cellcost_ledger.book.schema import ROLLUP_DAY_KEYS, ROLLUP_KEYS, ROLLUP_SUMS

__all__ = ["DAY_US", "HOURS_A_DAY", "HOUR_US", "day_deltas", "deltas"]

HOUR_US = 3_600_000_000
HOURS_A_DAY = 24
DAY_US = HOURS_A_DAY * HOUR_US

_TAKEN = ROLLUP_KEYS[3:]
_taken = cast(
    "Callable[[Mapping[str, Any]], tuple[Any, ...]]",
    itemgetter("tenant", "installation", *_TAKEN),
)


def deltas(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each hour and key that the events touch, sorted by key.

    Sorted, because two servers that upsert in different orders deadlock (198 times
    unsorted and 0 sorted, on one load of plain PostgreSQL).
    """
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        tenant, name, *rest = _taken(row)
        key = (tenant, name, row["time_us"] // HOUR_US, *rest)
        total = sums.get(key)
        if total is None:
            sums[key] = total = [0] * len(ROLLUP_SUMS)
        cost = row["cost_nusd"]
        total[0] += 1
        total[1] += row["kind"] == "llm"
        if cost is not None:
            total[2] += 1
            total[4] += cost
        total[3] += row["n_unpriced"]
        total[5] += row["input_tokens"]
        total[6] += row["output_tokens"]
    return _sorted(sums, ROLLUP_KEYS)


def day_deltas(hours: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the same by day, sorted by key."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in hours:
        tenant, name, *rest = _taken(row)
        key = (tenant, name, row["hour"] // HOURS_A_DAY, *rest)
        total = sums.setdefault(key, [0] * len(ROLLUP_SUMS))
        for place, part in enumerate(ROLLUP_SUMS):
            total[place] += row[part]
    return _sorted(sums, ROLLUP_DAY_KEYS)


def _sorted(
    sums: Mapping[tuple[Any, ...], list[int]], keys: tuple[str, ...]
) -> list[dict[str, Any]]:
    return [
        dict(zip((*keys, *ROLLUP_SUMS), (*key, *sums[key]), strict=True))
        for key in sorted(sums)
    ]
