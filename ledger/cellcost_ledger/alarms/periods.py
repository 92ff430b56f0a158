"""Which alarms have reached their limit in which period; no clock, no database."""

from collections.abc import Iterable, Iterator

from cellcost_ledger.book.alarms import Alarm, Fired, PeriodSum

__all__ = ["SPAN_US", "current_period", "reached"]

SPAN_US = {"hour": 3_600_000_000, "day": 86_400_000_000}


def current_period(per: str, now_us: int) -> int:
    """Return the hours or days since 1970."""
    return now_us // SPAN_US[per]


def reached(alarm: Alarm, sums: Iterable[PeriodSum], *, now_us: int) -> Iterator[Fired]:
    """Yield the periods, the running one and the one before, that reach the limit.

    A period that ended before the alarm was made is none of its.
    """
    span, current = SPAN_US[alarm.per], current_period(alarm.per, now_us)
    of_it = [one for one in sums if _counts(alarm, one)]
    for period in (current - 1, current):
        if (period + 1) * span <= alarm.created_us:
            continue
        found = [one for one in of_it if one.period == period]
        known = any(one.n_priced for one in found)
        cost = sum(one.cost_nusd for one in found)
        tokens = sum(one.tokens for one in found)
        gpu_ms = sum(one.gpu_ms for one in found)
        limits = (
            (cost if known else None, alarm.limit_nusd),
            (tokens, alarm.limit_tokens),
            (gpu_ms, alarm.limit_gpu_ms),
        )
        if any(
            limit is not None and used is not None and used >= limit
            for used, limit in limits
        ):
            yield Fired(
                alarm_id=alarm.alarm_id,
                period_us=period * span,
                sum_nusd=cost if known else None,
                tokens=tokens,
                n_unpriced=sum(one.n_unpriced for one in found),
                gpu_ms=None if alarm.limit_gpu_ms is None else gpu_ms,
                fired_us=now_us,
                next_try_us=now_us,
            )


def _counts(alarm: Alarm, one: PeriodSum) -> bool:
    return (
        alarm.team in (None, one.team)
        and alarm.function in (None, one.function)
        and alarm.model in (None, one.model)
    )
