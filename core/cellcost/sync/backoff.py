"""How long to wait before a ledger is asked again: bounded, spread, as it asks for."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["RETRIED", "Patience", "pause_seconds", "retry_after_seconds"]

RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may succeed."""
_MOST_ASKED_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long to try."""

    tries: int
    first_seconds: float = 0.5
    most_seconds: float = 20.0
    longest_ask_seconds: float = 60.0
    """A ledger that asks for more is left alone until then: no pass waits for it."""


def pause_seconds(
    failures: int,
    patience: Patience,
    *,
    asked: float | None,
    spread: Callable[[float, float], float],
) -> float:
    """Return how long to wait after so many failures in a row (1, 2, ...).

    Anywhere between 0 and a limit that doubles, so that a thousand clients do not come
    back together; never before the ledger asked for, which is spread upwards.
    """
    doubled = patience.first_seconds * 2.0 ** min(failures - 1, 30)
    limit = min(patience.most_seconds, doubled)
    if asked is None:
        return spread(0.0, limit)
    return asked + spread(0.0, min(limit, max(1.0, asked / 4)))


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return what a `Retry-After` header asks for, or None.

    A date is taken relative to the answer's own `Date`: our clock may be years off.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        then, now = _date(text), _date(headers.get("date", ""))
        if then is None or now is None:
            return None
        seconds = (then - now).total_seconds()
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), _MOST_ASKED_SECONDS)


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
