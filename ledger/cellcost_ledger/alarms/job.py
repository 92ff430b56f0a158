"""The one job of all servers: look at the sums, fire what reached its limit, send."""

import asyncio
import contextlib
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable
from itertools import groupby

import httpx

from cellcost.clock import to_microseconds, utc_now
from cellcost.errors import LedgerUnavailable
from cellcost_ledger.alarms.message import body_of, delivery_id, host_of
from cellcost_ledger.alarms.periods import SPAN_US, current_period, reached
from cellcost_ledger.alarms.sending import Outcome, new_client, send
from cellcost_ledger.book import alarms as book
from cellcost_ledger.book.alarms import Alarm, Fired
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.leases import release_lease, take_lease

__all__ = ["EVERY_SECONDS", "KEEP_DAYS", "LEASE_SECONDS", "AlarmJob", "next_try"]

EVERY_SECONDS = 10
LEASE_SECONDS = 30
"""Who died is followed after this, so that 60 s from event to message hold."""
_GIVE_UP_US = 3_600_000_000
_CLAIM_SECONDS = 60
_MOST_UNDER_WAY = 64
_MOST_OF_ONE_HOST = 8
"""So that a webhook that hangs takes no place of the others'."""
_MOST_DUE = 1000
KEEP_DAYS = 90
"""How long what fired is kept."""
_KEEP_US = KEEP_DAYS * 86_400_000_000
_SWEEP_US = 3_600_000_000
_FIRST_WAIT_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 300.0
_NAME = "alarms"

_log = logging.getLogger(__name__)


def _now_us() -> int:
    return to_microseconds(utc_now())


class AlarmJob:
    """Runs beside the requests of one server; it works where it holds the lease."""

    def __init__(
        self,
        database: Database,
        *,
        count: Callable[[str], None],
        now_us: Callable[[], int] = _now_us,
    ) -> None:
        self.holder = secrets.token_hex(8)
        self._database = database
        self._count = count
        self._now_us = now_us
        self._client: httpx.AsyncClient | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._held = False
        self._swept_us: int | None = None
        self._hosts: Counter[str] = Counter()

    def start(self) -> None:
        """Look every 10 seconds from now on."""
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End after what runs now; another server may take over at once."""
        self._stopping.set()
        if self._loop is not None:
            await self._loop
        await self.settled()
        if self._client is not None:
            await self._client.aclose()
        if self._held:
            try:
                await asyncio.to_thread(
                    release_lease, self._database, _NAME, self.holder
                )
            except LedgerUnavailable as error:
                _log.warning("alarms", extra={"fields": {"why": str(error)}})

    async def settled(self) -> None:
        """Return once no message is under way."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def tick(self) -> bool:
        """Look once; say whether this server holds the job."""
        if not await asyncio.to_thread(self._look):
            return False
        free = _MOST_UNDER_WAY - len(self._sending)
        for alarm, fired in await asyncio.to_thread(self._claimed, free):
            task = asyncio.create_task(self._tell(alarm, fired))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return True

    def _sweep(self, now_us: int) -> None:
        """Remove what fired long ago, once an hour."""
        if self._swept_us is None or now_us >= self._swept_us + _SWEEP_US:
            self._swept_us = now_us
            book.drop_fired(self._database, before_us=now_us - _KEEP_US)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.tick()
            except Exception:  # noqa: BLE001 - the loop outlives it
                # Requests are answered whatever becomes of alarms.
                _log.exception("alarms_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), EVERY_SECONDS)

    def _look(self) -> bool:
        if not book.has_alarms(self._database):
            return False
        now_us = self._now_us()
        until_us = now_us + LEASE_SECONDS * 1_000_000
        held = take_lease(
            self._database, _NAME, self.holder, now_us=now_us, until_us=until_us
        )
        self._held = held
        if held:
            found = sorted(book.list_alarms(self._database), key=_group)
            for (tenant, per), alarms in groupby(found, key=_group):
                try:
                    self._fire(tenant, per, list(alarms), now_us)
                except LedgerUnavailable as error:
                    # One company's sums do not keep another's alarms waiting.
                    _log.warning("alarms", extra={"fields": {"why": str(error)}})
            self._sweep(now_us)
        return held

    def _fire(self, tenant: str, per: str, alarms: list[Alarm], now_us: int) -> None:
        since = current_period(per, now_us) - 1
        sums = book.period_sums(self._database, tenant, per=per, since=since)
        if any(alarm.limit_gpu_ms is not None for alarm in alarms):
            span_us = SPAN_US[per]
            sums += book.gpu_sums(self._database, tenant, span_us=span_us, since=since)
        ids = [alarm.alarm_id for alarm in alarms]
        since_us = since * SPAN_US[per]
        done = book.fired_periods(self._database, ids, since_us=since_us)
        for alarm in alarms:
            for fired in reached(alarm, sums, now_us=now_us):
                if (fired.alarm_id, fired.period_us) in done:
                    continue
                if book.fire(self._database, fired):
                    self._tally("fired", fired)

    def _claimed(self, most: int) -> list[tuple[Alarm, Fired]]:
        now_us = self._now_us()
        until_us = now_us + _CLAIM_SECONDS * 1_000_000
        taken: list[tuple[Alarm, Fired]] = []
        under_way = self._hosts.copy()
        for alarm, fired in book.due(self._database, now_us=now_us, limit=_MOST_DUE):
            host = host_of(alarm)
            if len(taken) >= most:
                break
            if under_way[host] < _MOST_OF_ONE_HOST and book.claim(
                self._database, fired, until_us=until_us
            ):
                under_way[host] += 1
                taken.append((alarm, fired))
        return taken

    async def _tell(self, alarm: Alarm, fired: Fired) -> None:
        if self._client is None:
            self._client = new_client()
        delivery = delivery_id(fired)
        body = body_of(alarm, fired, delivery=delivery, test=False)
        host = host_of(alarm)
        self._hosts[host] += 1
        try:
            outcome = await send(
                self._client,
                alarm.webhook,
                body,
                secret=alarm.secret,
                delivery=delivery,
            )
            await asyncio.to_thread(self._note, fired, outcome)
        except Exception:  # noqa: BLE001 - a task that nobody awaits
            # It is claimed for a minute only, and sent again then.
            _log.exception("alarm_failed", extra={"fields": {"alarm": fired.alarm_id}})
        finally:
            self._hosts[host] -= 1

    def _note(self, fired: Fired, outcome: Outcome) -> None:
        at_us = next_try(fired, outcome, now_us=self._now_us(), jitter=_jitter())
        state = book.PENDING if at_us else "failed"
        if outcome.arrived:
            state = "sent"
        noted = book.note(self._database, fired, state=state, next_try_us=at_us or 0)
        if noted:
            self._tally("waits" if state == book.PENDING else state, fired, outcome.why)

    def _tally(self, state: str, fired: Fired, why: str = "") -> None:
        if state != "waits":
            self._count(state)
        fields = {"alarm": fired.alarm_id, "delivery": delivery_id(fired)}
        if why:
            fields["why"] = why
        level = logging.WARNING if state == "failed" else logging.INFO
        _log.log(level, f"alarm_{state}", extra={"fields": fields})


def next_try(
    fired: Fired, outcome: Outcome, *, now_us: int, jitter: float
) -> int | None:
    """Return when to try again, or None for not at all. `jitter` is from 0 to 1."""
    if outcome.arrived or not outcome.again:
        return None
    wait = min(_FIRST_WAIT_SECONDS * 2 ** min(fired.tries, 16), _LONGEST_WAIT_SECONDS)
    seconds = max(wait * (0.5 + jitter / 2), outcome.after_seconds)
    at_us = now_us + int(seconds * 1_000_000)
    return at_us if at_us <= fired.fired_us + _GIVE_UP_US else None


def _jitter() -> float:
    return random.random()  # noqa: S311


def _group(alarm: Alarm) -> tuple[str, str]:
    return alarm.tenant, alarm.per
