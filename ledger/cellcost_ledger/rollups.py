"""What some events add to the hourly sums."""

from collections.abc import Iterable, Mapping
from typing import Any

from cellcost_ledger.book.schema import ROLLUP_KEYS, ROLLUP_SUMS

__all__ = ["HOUR_US", "deltas"]

HOUR_US = 3_600_000_000

_TAKEN = ("team", "function", "environment", "provider", "model", "user_name")


def deltas(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each key that the events touch, sorted by key.

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
        total = sums.setdefault(key, [0] * len(ROLLUP_SUMS))
        cost = row["cost_nusd"]
        parts = (
            1,
            row["kind"] == "llm",
            cost is not None,
            row["n_unpriced"],
            cost or 0,
            row["input_tokens"],
            row["output_tokens"],
        )
        for place, part in enumerate(parts):
            total[place] += part
    return [
        dict(zip((*ROLLUP_KEYS, *ROLLUP_SUMS), (*key, *sums[key]), strict=True))
        for key in sorted(sums)
    ]
