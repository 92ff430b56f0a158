"""What a webhook is told: a text for people, the figures for programs, a signature."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from cellcost.clock import from_microseconds
from cellcost.money import format_usd, nano_to_text
from cellcost_ledger.alarms.periods import SPAN_US
from cellcost_ledger.book.alarms import Alarm, Fired

__all__ = ["body_of", "delivery_id", "host_of", "limit_text", "sign", "whom_text"]

_HOUR_MS = 3_600_000


def delivery_id(fired: Fired) -> str:
    """Return the id that is the same whenever one message is sent again."""
    return f"{fired.alarm_id}-{fired.period_us // 1_000_000}"


def body_of(alarm: Alarm, fired: Fired, *, delivery: str, test: bool) -> bytes:
    """Return the message."""
    end_us = fired.period_us + SPAN_US[alarm.per]
    told: dict[str, Any] = {
        "text": _text(alarm, fired, test=test),
        "alarm": alarm.alarm_id,
        "delivery": delivery,
        "test": test,
        "tenant": alarm.tenant,
        "team": alarm.team,
        "function": alarm.function,
        "model": alarm.model,
        "per": alarm.per,
        "period": from_microseconds(fired.period_us).isoformat(timespec="seconds"),
        "period_end": from_microseconds(end_us).isoformat(timespec="seconds"),
        "limit_nusd": nano_to_text(alarm.limit_nusd),
        "limit_tokens": alarm.limit_tokens,
        "limit_gpu_ms": alarm.limit_gpu_ms,
        "sum_nusd": nano_to_text(fired.sum_nusd),
        "tokens": fired.tokens,
        "gpu_ms": fired.gpu_ms,
        "n_unpriced": fired.n_unpriced,
    }
    return json.dumps(told).encode()


def sign(secret: str, body: bytes, *, at: int) -> str:
    """Return the signature of a message that is sent at `at` (seconds since 1970)."""
    signed = f"{at}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def host_of(alarm: Alarm) -> str:
    """Return whom it tells, as far as that may be shown: the rest may be a secret."""
    return urlsplit(alarm.webhook).hostname or ""


def limit_text(alarm: Alarm) -> str:
    """Return the limit as people read it."""
    if alarm.limit_nusd is not None:
        return f"{format_usd(alarm.limit_nusd)} per {alarm.per}"
    if alarm.limit_gpu_ms is not None:
        return f"{_hours(alarm.limit_gpu_ms)} per {alarm.per}"
    return f"{alarm.limit_tokens or 0:,} tokens per {alarm.per}"


def whom_text(alarm: Alarm) -> str:
    """Return what an alarm watches as people read it."""
    filters = (
        ("team", alarm.team),
        ("function", alarm.function),
        ("model", alarm.model),
    )
    parts = [
        f"{name} {value}" if value else f"no {name}"
        for name, value in filters
        if value is not None
    ]
    return ", ".join(parts) or "all teams"


def _text(alarm: Alarm, fired: Fired, *, test: bool) -> str:
    whom = whom_text(alarm)
    if alarm.tenant != "default":
        whom = f"{alarm.tenant}: {whom}"
    start = from_microseconds(fired.period_us)
    when = f"{start:%Y-%m-%d %H:%M}" if alarm.per == "hour" else f"{start:%Y-%m-%d}"
    said = (
        f"{whom}: {_spent(fired)} in the {alarm.per} {when} UTC;"
        f" the limit is {limit_text(alarm)}"
    )
    if test:
        said = f"TEST, nothing happened: {said}"
    # What Slack asks for; else a team's name could call a whole channel.
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _hours(gpu_ms: int) -> str:
    """Return device time in hours, a tenth of a second exact."""
    hours = f"{gpu_ms / _HOUR_MS:,.4f}".rstrip("0").rstrip(".")
    return f"{hours} GPU-hour" if hours == "1" else f"{hours} GPU-hours"


def _spent(fired: Fired) -> str:
    tokens = f"{fired.tokens:,} tokens"
    if fired.gpu_ms is not None:
        tokens = f"{_hours(fired.gpu_ms)}, {tokens}"
    noun = "line" if fired.n_unpriced == 1 else "lines"
    unpriced = f"{fired.n_unpriced} {noun} unpriced"
    if fired.sum_nusd is None:
        return f"{tokens}, cost unknown" + (f", {unpriced}" * bool(fired.n_unpriced))
    cost = format_usd(fired.sum_nusd)
    if fired.n_unpriced:
        return f"at least {cost}, {unpriced}, {tokens}"
    return f"{cost}, {tokens}"
