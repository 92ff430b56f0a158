"""One drain pass: everything that the ledger has not answered for, in order.

An event counts as sent when the ledger said what became of it; only then does the pass
go on behind it. So a kill at any step makes a part go twice, which the ledger knows by
its ids, and never makes one be missed.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from cellcost.clock import utc_now
from cellcost.config import SyncSettings
from cellcost.errors import LedgerRefused, LedgerUnavailable
from cellcost.journal import JOURNAL_FILE, recover
from cellcost.journal.forks import watch_forks
from cellcost.journal.locks import FileLock
from cellcost.journal.outbox import Answered, Held, Outbox, Outgoing, Refusal
from cellcost.journal.spool import fallback_folder, spool_folder, waiting
from cellcost.journal.store import FaultPoint, no_fault
from cellcost.sync.asking import Asker, Limits, Unreadable
from cellcost.sync.private import hashing_secret
from cellcost.sync.redaction import redacted
from cellcost.sync.transport import Link
from cellcost.sync.wire import (
    EVENTS,
    Reply,
    Result,
    batch_body,
    read_reply,
)

__all__ = ["LOCK_FILE", "Drained", "Session"]

LOCK_FILE: Final = "sync.lock"
_MOST_EVENTS: Final = 500
_MOST_BYTES: Final = 2 << 20
_ASK_AGAIN_SECONDS: Final = 600.0
"""How long a ledger's word on what it holds is taken without asking again."""
_TURNS: Final = 3
"""How often in one pass a ledger may say that it lost events."""

_log = logging.getLogger("cellcost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """How a pass ended, and what it did."""

    state: Literal["drained", "elsewhere", "stopped", "unavailable", "refused"]
    """`elsewhere`: another process is at it. `stopped`: told to, or out of time."""
    stored: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    unread: int = 0
    """Events that the ledger cannot read: they stay here, and are told."""
    waiting: int = 0
    error: str = ""
    retry_after: float | None = None
    """Seconds for which the ledger asked to be left alone."""

    @property
    def sent(self) -> int:
        """How many events the ledger answered for."""
        return (
            self.stored + self.duplicate + self.conflict + self.rejected + self.unread
        )


class Session:
    """What one process knows of one ledger, kept from pass to pass; one thread only.

    `wait` waits for some seconds and returns whether to stop.
    """

    def __init__(
        self,
        home: Path,
        *,
        url: str,
        link: Link,
        policy: SyncSettings,
        wait: Callable[[float], bool],
        at: FaultPoint = no_fault,
    ) -> None:
        self._home = home
        self._asker = Asker(url, link, wait=wait)
        self._policy = policy
        self._at = at
        self._outbox = Outbox(home, url)
        self._lock = FileLock(home / LOCK_FILE)
        self._held: dict[str, Held] = {}
        """What the ledger holds, as it said in this session."""
        self._asked_at = float("-inf")
        self._most = _MOST_EVENTS
        watch_forks(self)

    def close(self) -> None:
        """Close journal and connection."""
        self._outbox.close()
        self._asker.close()

    def before_fork(self) -> None:
        """Nothing to do: the outbox closes its connection itself."""

    def after_fork_in_parent(self) -> None:
        """Nothing to do."""

    def after_fork_in_child(self) -> None:
        """Leave the turn to the parent: a child would hold it as long as it lives."""
        self._lock.abandon()

    def waits(self) -> bool:
        """Say whether there is something to send or to bring home."""
        if _spooled(self._home):
            return True
        return (self._home / JOURNAL_FILE).exists() and self._outbox.waiting() > 0

    def drain(self, limits: Limits) -> Drained:
        """Send what waits, unless another process of this journal is at it.

        Raises sqlite3.Error, OSError or JournalTooNew when the journal cannot be used.
        """
        if not (self._home / JOURNAL_FILE).exists() and not _spooled(self._home):
            return Drained(state="drained")
        if not self._lock.acquire(blocking=limits.wait_for_turn):
            return Drained(state="elsewhere", waiting=self._outbox.waiting())
        try:
            self._at("sync.locked")
            recover(self._home)
            self._at("sync.recovered")
            return self._pass(limits)
        finally:
            self._lock.release()

    def _pass(self, limits: Limits) -> Drained:
        done = Drained(state="drained")
        try:
            self._ask_what_it_holds(limits)
            total, turns = self._outbox.waiting(), 0
            while batch := self._next_batch():
                if self._asker.stopped(limits):
                    return self._ended(replace(done, state="stopped"))
                answers, reply = self._deliver(batch, limits)
                self._at("sync.answered")
                done = _counted(done, answers)
                if not self._keep(batch, answers, reply):
                    turns += 1
                    if turns > _TURNS:
                        raise LedgerUnavailable("the ledger goes on losing events")
                    total += self._outbox.waiting()
                self._at("sync.kept")
                limits.told(done.sent, max(total, done.sent))
        except LedgerUnavailable as error:
            return self._failed(replace(done, state="unavailable"), str(error))
        except LedgerRefused as error:
            return self._failed(replace(done, state="refused"), str(error))
        except Unreadable as error:
            said = f"the ledger cannot read what this cellcost sends: {error}"
            return self._failed(replace(done, state="refused"), said)
        return self._ended(done)

    def _ended(self, done: Drained) -> Drained:
        return replace(done, waiting=self._outbox.waiting())

    def _failed(self, done: Drained, error: str) -> Drained:
        self._asked_at = float("-inf")
        self._outbox.failed(error, now=utc_now())
        after = self._asker.retry_after
        return self._ended(replace(done, error=error, retry_after=after))

    # -- what the ledger holds --------------------------------------------------------

    def _ask_what_it_holds(self, limits: Limits) -> None:
        """Notice that a ledger was restored from an old backup, and go back then.

        What it holds beyond what we know is no reason to skip anything: it may be from
        a copy of this journal on another machine.
        """
        if time.monotonic() - self._asked_at < _ASK_AGAIN_SECONDS:
            return
        for installation, earlier in self._outbox.held().items():
            held = self._asker.held(installation, limits=limits)
            self._at("sync.asked")
            if held.is_behind(earlier):
                _log.info("cellcost: the ledger lost events: they are sent again")
                self._outbox.go_back(installation, held, now=utc_now())
            else:
                self._outbox.reached(installation, held, now=utc_now())
            self._held[installation] = held
        self._asked_at = time.monotonic()

    # -- batches ----------------------------------------------------------------------

    def _next_batch(self) -> tuple[Outgoing, ...]:
        after = self._outbox.position()
        batch = self._outbox.batch(after, most=self._most, most_bytes=_MOST_BYTES)
        self._at("sync.read")
        return batch

    def _deliver(
        self, batch: Sequence[Outgoing], limits: Limits
    ) -> tuple[list[Result], Reply]:
        """Return what the ledger answered to each event, and its last reply.

        A batch that it cannot read is halved, so that one event which it will never
        take does not hold up the others. If it takes none, it is not the events.
        """
        try:
            reply = self._post(batch, limits)
        except Unreadable as error:
            if len(batch) == 1:
                raise
            self._most = max(1, len(batch) // 2)
            middle = len(batch) // 2
            return self._halved(batch[:middle], batch[middle:], limits, error)
        self._most = min(_MOST_EVENTS, self._most * 2)
        return list(reply.results), reply

    def _halved(
        self,
        left: Sequence[Outgoing],
        right: Sequence[Outgoing],
        limits: Limits,
        whole: Unreadable,
    ) -> tuple[list[Result], Reply]:
        answers: list[Result] = []
        last: Reply | None = None
        for half in (left, right):
            try:
                results, last = self._deliver(half, limits)
            except Unreadable as error:
                results = [Result("unread", str(error)) for _ in half]
            answers += results
        if last is None:
            raise whole
        return answers, last

    def _post(self, batch: Sequence[Outgoing], limits: Limits) -> Reply:
        policy = self._policy
        events = [redacted(out.wire, policy, self._secret()) for out in batch]
        body = batch_body(batch[0].installation, events)
        answer = self._asker.ask("POST", EVENTS, body=body, limits=limits)
        return read_reply(answer.value, [str(out.wire["id"]) for out in batch])

    def _secret(self) -> bytes:
        policy = self._policy
        names = (policy.user, policy.host, policy.path, policy.cell, policy.call_site)
        return hashing_secret(self._home) if "hash" in names else b""

    def _keep(
        self, batch: Sequence[Outgoing], answers: Sequence[Result], reply: Reply
    ) -> bool:
        """Keep the answers; False if they tell that the ledger lost earlier events."""
        installation = batch[0].installation
        earlier = self._held.get(installation)
        if earlier is None:
            earlier = self._outbox.held().get(installation, Held(0, 0))
        if reply.contiguous < earlier.contiguous:
            held = Held(reply.contiguous, 0)
            self._outbox.go_back(installation, held, now=utc_now())
            self._held[installation] = held
            return False
        if reply.forked and self._outbox.renew_installation(installation):
            _log.warning(
                "cellcost: another journal uses this installation's id too (a copied"
                " folder?); later events get a new one"
            )
        stored = sum(answer.status == "stored" for answer in answers)
        held = Held(reply.contiguous, earlier.events + stored)
        ids = [str(out.wire["id"]) for out in batch]
        paired = list(zip(ids, answers, strict=True))
        self._outbox.answered(
            Answered(
                upto_rev=batch[-1].rev,
                installation=installation,
                held=held,
                refused={
                    id_: Refusal(answer.status, answer.reason)
                    for id_, answer in paired
                    if answer.status not in _TAKEN
                },
                taken=tuple(id_ for id_, answer in paired if answer.status in _TAKEN),
            ),
            now=utc_now(),
        )
        self._held[installation] = held
        return True


_TAKEN: Final = frozenset({"stored", "duplicate"})


def _counted(done: Drained, answers: Sequence[Result]) -> Drained:
    n = Counter(answer.status for answer in answers)
    return replace(
        done,
        stored=done.stored + n["stored"],
        duplicate=done.duplicate + n["duplicate"],
        conflict=done.conflict + n["conflict"],
        rejected=done.rejected + n["rejected"],
        unread=done.unread + n["unread"],
    )


def _spooled(home: Path) -> int:
    return waiting((spool_folder(home), fallback_folder(home)))
