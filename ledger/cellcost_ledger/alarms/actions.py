"""What `cellcost ledger alarm ...` does."""

import argparse
import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

from cellcost.cli.output import Column, print_line, table
from cellcost.clock import from_microseconds, to_microseconds, utc_now
from cellcost.errors import ConfigError
from cellcost.money import nano_to_text
from cellcost_ledger.alarms.message import body_of, host_of, limit_text, whom_text
from cellcost_ledger.alarms.periods import SPAN_US
from cellcost_ledger.alarms.sending import Outcome, check_webhook, new_client, send
from cellcost_ledger.book.alarms import (
    Alarm,
    Fired,
    add_alarm,
    find_alarm,
    list_alarms,
    remove_alarm,
)
from cellcost_ledger.opening import ready

__all__ = ["add_action", "list_action", "remove_action", "test_action"]

_SHORTEST_SECRET = 16


def add_action(arguments: argparse.Namespace) -> int:
    """Store an alarm; print its id, and its secret where it was made here."""
    check_webhook(arguments.webhook)
    secret = _secret(arguments.secret_file)
    new = Alarm(
        tenant=arguments.tenant,
        team=arguments.team,
        function=arguments.function,
        model=arguments.model,
        per=arguments.per,
        limit_nusd=arguments.usd,
        limit_tokens=arguments.tokens,
        limit_gpu_ms=arguments.gpu_hours,
        webhook=arguments.webhook,
        secret=secret or secrets.token_urlsafe(32),
        created_us=to_microseconds(utc_now()),
    )
    database = ready(arguments.database)
    add_alarm(database, new)
    database.close()
    print_line(f"alarm {new.alarm_id}: {whom_text(new)}, {limit_text(new)}")
    if not secret:
        print_line(new.secret)
    return 0


def list_action(arguments: argparse.Namespace) -> int:
    """Print every alarm; of a webhook its host only, the rest may be a secret."""
    database = ready(arguments.database)
    alarms = list_alarms(database)
    database.close()
    if arguments.json:
        print_line(json.dumps([_json(alarm) for alarm in alarms], indent=2))
        return 0
    columns = [Column(head) for head in ("alarm", "tenant", "of", "limit", "webhook")]
    rows = [
        [
            alarm.alarm_id,
            alarm.tenant,
            whom_text(alarm),
            limit_text(alarm),
            host_of(alarm),
        ]
        for alarm in alarms
    ]
    for line in table(columns, rows):
        print_line(line)
    return 0


def remove_action(arguments: argparse.Namespace) -> int:
    """End an alarm; what it has not sent yet is not sent."""
    database = ready(arguments.database)
    done = remove_alarm(database, arguments.alarm_id)
    database.close()
    if not done:
        raise _unknown(arguments.alarm_id)
    print_line(f"removed {arguments.alarm_id}")
    return 0


def test_action(arguments: argparse.Namespace) -> int:
    """Send a marked message now; 1 if it does not arrive."""
    database = ready(arguments.database)
    alarm = find_alarm(database, arguments.alarm_id)
    database.close()
    if alarm is None:
        raise _unknown(arguments.alarm_id)
    outcome = asyncio.run(_test(alarm, to_microseconds(utc_now())))
    if not outcome.arrived:
        print_line(f"{host_of(alarm)} did not take it: {outcome.why}")
        return 1
    print_line(f"{host_of(alarm)} took it")
    return 0


async def _test(alarm: Alarm, now_us: int) -> Outcome:
    fired = Fired(
        alarm_id=alarm.alarm_id,
        period_us=now_us - now_us % SPAN_US[alarm.per],
        sum_nusd=alarm.limit_nusd,
        tokens=alarm.limit_tokens or 0,
        gpu_ms=alarm.limit_gpu_ms,
        n_unpriced=0,
        fired_us=now_us,
        next_try_us=now_us,
    )
    delivery = f"test-{secrets.token_hex(8)}"
    body = body_of(alarm, fired, delivery=delivery, test=True)
    async with new_client() as client:
        return await send(
            client, alarm.webhook, body, secret=alarm.secret, delivery=delivery
        )


def _secret(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"cannot read the secret in {path}") from None
    if len(text) < _SHORTEST_SECRET:
        raise ConfigError(f"{path} holds less than {_SHORTEST_SECRET} characters")
    return text


def _json(alarm: Alarm) -> dict[str, Any]:
    return {
        "alarm": alarm.alarm_id,
        "tenant": alarm.tenant,
        "team": alarm.team,
        "function": alarm.function,
        "model": alarm.model,
        "per": alarm.per,
        "limit_nusd": nano_to_text(alarm.limit_nusd),
        "limit_tokens": alarm.limit_tokens,
        "limit_gpu_ms": alarm.limit_gpu_ms,
        "webhook_host": host_of(alarm),
        "created": from_microseconds(alarm.created_us).isoformat(timespec="seconds"),
    }


def _unknown(alarm_id: str) -> ConfigError:
    return ConfigError(
        f"there is no alarm {alarm_id}; `cellcost ledger alarm list` shows them"
    )
