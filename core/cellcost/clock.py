"""The two clocks: real time for events, and the clock that prices are looked up by."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime

from cellcost.errors import ConfigError

__all__ = ["from_microseconds", "price_time", "to_microseconds", "utc_now"]


def utc_now() -> datetime:
    """Return the time now, aware, UTC."""
    return datetime.now(UTC)


def price_time(
    env: Mapping[str, str] = os.environ, *, now: datetime | None = None
) -> datetime:
    """Return the time that prices are looked up by: `CELLCOST_NOW` (ISO 8601) or now.

    `now` is the time now where the caller has it already. Raises ConfigError when
    `CELLCOST_NOW` is not a time.
    """
    text = env.get("CELLCOST_NOW")
    if not text:
        return now or utc_now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"CELLCOST_NOW={text!r} is not a time; write it like 2026-11-24T12:00:00Z"
        ) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def to_microseconds(moment: datetime) -> int:
    """Return `moment` as whole microseconds since 1970, as the journal stores it."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_microseconds(value: int) -> datetime:
    """Return the aware UTC time of `value` microseconds since 1970."""
    seconds, micro = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
