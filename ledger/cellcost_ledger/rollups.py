"""What some events add to the hourly and the daily sums."""

from collections.abc import Iterable, Mapping
from typing import Any

from cellcost_ledger.book.schema import ROLLUP_DAY_KEYS, ROLLUP_KEYS, ROLLUP_SUMS

__all__ = ["DAY_US", "HOURS_A_DAY", "HOUR_US", "day_deltas", "deltas"]

HOUR_US = 3_600_000_000
HOURS_A_DAY = 24
DAY_US = HOURS_A_DAY * HOUR_US

_TAKEN = ROLLUP_KEYS[3:]


def deltas(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each hour and key that the events touch, sorted by key.

    Sorted, because two servers that upsert in different orders deadlock (198 times
    unsorted and 0 sorted, on one load of plain PostgreSQL).
    """
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key = (
            row["tenant"],
            row["installation"],
            row["time_us"] // HOUR_US,
            *(row[name] for name in _TAKEN),
        )
        cost = row["cost_nusd"]
        _add(
            sums,
            key,
            (
                1,
                row["kind"] == "llm",
                cost is not None,
                row["n_unpriced"],
                cost or 0,
                row["input_tokens"],
                row["output_tokens"],
            ),
        )
    return _sorted(sums, ROLLUP_KEYS)


def day_deltas(hours: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the same by day, sorted by key."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in hours:
        key = (
            row["tenant"],
            row["installation"],
            row["hour"] // HOURS_A_DAY,
            *(row[name] for name in _TAKEN),
        )
        _add(sums, key, tuple(row[name] for name in ROLLUP_SUMS))
    return _sorted(sums, ROLLUP_DAY_KEYS)


def _add(
    sums: dict[tuple[Any, ...], list[int]],
    key: tuple[Any, ...],
    parts: tuple[int, ...],
) -> None:
    total = sums.setdefault(key, [0] * len(parts))
    for place, part in enumerate(parts):
        total[place] += part


def _sorted(
    sums: Mapping[tuple[Any, ...], list[int]], keys: tuple[str, ...]
) -> list[dict[str, Any]]:
    return [
        dict(zip((*keys, *ROLLUP_SUMS), (*key, *sums[key]), strict=True))
        for key in sorted(sums)
    ]
