"""Alarms beyond their plain way: GPU-hours, webhooks that hang, a crash, old rows."""

import asyncio
import json
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))

from conftest import command, until, wire
from test_alarms import HOUR_US, START, Bench
from webhook import Webhook

from cellcost_ledger.alarms.job import KEEP_DAYS
from cellcost_ledger.book.alarms import gpu_sums
from cellcost_ledger.book.database import Database, open_database
from cellcost_ledger.book.migrate import migrate
from cellcost_ledger.book.schema import alarm_fired
from cellcost_ledger.ingest import ingest
from cellcost_ledger.wire import decode_batch, encode

DAY_US = 24 * HOUR_US
HOUR_MS = 3_600_000


@pytest.fixture
def bench(book: Database) -> Bench:
    return Bench(book)


def hold_gpu(bench: Bench, meter: str, ms: int, **changes: Any) -> None:
    """Store device time, whose price nobody knows."""
    bench.seq += 1
    line = {"line_no": 1, "meter": meter, "quantity": ms, "reason": "no price"}
    given = {"kind": "gpu", "time_us": bench.now_us, **changes}
    event = wire(bench.seq, lines=[line], **given)
    body = {"installation": "inst", "events": [event]}
    reply = ingest(
        bench.book, decode_batch(encode(body)), bench.key, now_us=bench.now_us
    )
    assert [result.status for result in reply.results] == ["stored"]


@pytest.mark.parametrize("per", ["hour", "day"])
def test_a_limit_of_gpu_hours_counts_what_was_used_and_what_was_held(
    bench: Bench, webhook: Webhook, per: str
) -> None:
    limit = {"limit_nusd": None, "limit_gpu_ms": 2 * HOUR_MS}
    bench.alarm(webhook, team="search", per=per, **limit)
    bench.alarm(webhook, team="ads", per=per, **limit)
    hold_gpu(bench, "gpu_busy", HOUR_MS)
    hold_gpu(bench, "gpu_held", HOUR_MS)
    hold_gpu(bench, "gpu_held", -1, kind="correction", corrects="earlier")
    # Tokens are no device time, and another day's is none of this one's.
    bench.spend(1)
    hold_gpu(bench, "gpu_busy", 9 * HOUR_MS, time_us=bench.now_us - 3 * DAY_US)
    bench.tick()
    assert webhook.told == []
    hold_gpu(bench, "gpu_busy", 1)
    bench.tick()
    hold_gpu(bench, "gpu_busy", HOUR_MS)
    bench.tick()
    (told,) = webhook.told
    message = told.json()
    assert (message["team"], message["per"]) == ("search", per)
    assert (message["gpu_ms"], message["limit_gpu_ms"]) == (2 * HOUR_MS, 2 * HOUR_MS)
    assert f"2 GPU-hours, 100 tokens in the {per}" in message["text"]
    assert message["text"].endswith(f"the limit is 2 GPU-hours per {per}")
    # A correction takes back what it corrects.
    assert (message["sum_nusd"], message["n_unpriced"]) == ("1", 2)


def test_a_limit_of_dollars_says_nothing_of_gpu_hours(
    bench: Bench, webhook: Webhook
) -> None:
    bench.alarm(webhook)
    hold_gpu(bench, "gpu_busy", HOUR_MS)
    bench.spend(60_000_000_000)
    bench.tick()
    message = webhook.told[0].json()
    assert (message["gpu_ms"], message["limit_gpu_ms"]) == (None, None)
    assert "GPU" not in message["text"]


def test_device_time_is_found_without_reading_a_days_events(tmp_path: Path) -> None:
    book = open_database(str(tmp_path / "ledger.db"))
    migrate(book)
    said: list[tuple[str, Any]] = []

    def hear(*given: Any) -> None:
        said.append((given[2], given[3]))

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        assert gpu_sums(book, "default", span_us=DAY_US, since=1) == []
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)
    ((asked, values),) = [one for one in said if "event_line" in one[0]]
    plan = book.read(
        lambda c: c.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values).all()
    )
    assert "event_gpu" in str(plan)
    book.close()


def test_an_operator_sets_a_limit_of_gpu_hours(
    tmp_path: Path, webhook: Webhook
) -> None:
    add = ["alarm", "add", "--per", "hour", "--webhook", webhook.url, "--gpu-hours"]
    done = command(tmp_path, *add, "2.5")
    assert done.returncode == 0, done.stderr
    assert "all teams, 2.5 GPU-hours per hour" in done.stdout
    (listed,) = json.loads(command(tmp_path, "alarm", "list", "--json").stdout)
    assert (listed["limit_gpu_ms"], listed["limit_nusd"]) == (9_000_000, None)
    assert command(tmp_path, "alarm", "test", listed["alarm"]).returncode == 0
    assert "2.5 GPU-hours" in webhook.told[0].json()["text"]
    for wrong in ("0", "nan", "many", "1e30"):
        assert command(tmp_path, *add, wrong).returncode == 2


def test_a_webhook_that_hangs_keeps_no_other_waiting(
    bench: Bench, webhook: Webhook
) -> None:
    webhook.go_on.clear()
    for n in range(70):
        bench.alarm(webhook, alarm_id=f"hangs-{n:02d}")
    with Webhook() as other:
        # Another host by its name, and the last of all in their order.
        other.url = other.url.replace("127.0.0.1", "localhost")
        bench.alarm(other, alarm_id="works")
        bench.spend(60_000_000_000)

        async def look() -> None:
            job = bench.job()
            await job.tick()
            await asyncio.to_thread(until, lambda: other.told)
            await asyncio.to_thread(until, lambda: len(webhook.told) == 8)
            # They still hang, and so the next look adds none.
            await job.tick()
            assert bench.counts["sent"] <= 1
            webhook.go_on.set()
            await job.settled()
            await job.stop()

        asyncio.run(look())
        assert (len(webhook.told), len(other.told)) == (8, 1)
    assert bench.counts["sent"] == 9


def test_a_server_that_dies_after_sending_tells_again_with_the_same_id(
    bench: Bench, webhook: Webhook
) -> None:
    webhook.go_on.clear()
    bench.alarm(webhook)
    bench.spend(60_000_000_000)

    async def die() -> None:
        await bench.job().tick()
        await asyncio.to_thread(until, lambda: webhook.told)

    # The message has arrived; what sent it ends before it could write that down.
    asyncio.run(die())
    webhook.go_on.set()
    assert bench.counts == {"fired": 1}
    bench.now_us += 59_000_000
    bench.tick()
    assert len(webhook.told) == 1
    bench.now_us += 1_000_000
    bench.tick()
    first, second = webhook.told
    assert first.headers["cellcost-delivery"] == second.headers["cellcost-delivery"]
    assert first.body == second.body
    assert bench.counts == {"fired": 1, "sent": 1}


def test_a_webhook_may_say_as_a_date_how_long_it_is_to_be_left_alone(
    bench: Bench, webhook: Webhook
) -> None:
    date = formatdate(time.time() + 2000, usegmt=True)
    webhook.answers = [(503, {"Retry-After": date})]
    bench.alarm(webhook)
    bench.spend(60_000_000_000)
    bench.tick()
    # Longer than any wait of its own.
    bench.now_us += 1000_000_000
    bench.tick()
    assert len(webhook.told) == 1
    bench.now_us += 1001_000_000
    bench.tick()
    assert len(webhook.told) == 2


@pytest.mark.parametrize("text", ["soon", "-5", "1e9", "٣", "Wed, 99 Foo 2026"])
def test_a_retry_after_that_says_nothing_is_no_wait(
    bench: Bench, webhook: Webhook, text: str
) -> None:
    webhook.answers = [(503, {"Retry-After": text})]
    bench.alarm(webhook)
    bench.spend(60_000_000_000)
    bench.tick()
    bench.now_us += 6_000_000
    bench.tick()
    assert len(webhook.told) == 2


def test_what_fired_is_kept_for_90_days_and_never_while_it_waits(
    bench: Bench, webhook: Webhook
) -> None:
    webhook.answers = [(200, {}), (500, {})]
    bench.alarm(webhook, alarm_id="sent")
    bench.spend(60_000_000_000)
    bench.tick()
    bench.alarm(webhook, alarm_id="waits", per="day")
    bench.tick()

    def kept() -> set[str]:
        ids = sa.select(alarm_fired.c.alarm_id)
        return set(bench.book.read(lambda c: list(c.scalars(ids))))

    bench.now_us = START + KEEP_DAYS * DAY_US
    # Whoever sends it then finds it too old, and it has failed; that is kept too.
    webhook.answers = [(500, {})]
    bench.tick()
    assert kept() == {"sent", "waits"}
    bench.now_us += HOUR_US
    bench.tick()
    assert kept() == set()
