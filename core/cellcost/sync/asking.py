"""Asking a ledger until it answers: bounded tries, and what each refusal means."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cellcost.errors import LedgerRefused, LedgerUnavailable
from cellcost.journal.outbox import Held
from cellcost.sync.backoff import RETRIED, Patience, pause_seconds
from cellcost.sync.transport import Answer, Link
from cellcost.sync.wire import installation_path, read_held

__all__ = ["Asker", "Limits", "Unreadable"]

_REQUEST_SECONDS: Final = 30.0
_PATIENCE: Final = Patience(tries=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a pass gives up, and whom it tells how far it is."""

    patience: Patience = _PATIENCE
    deadline: float | None = None
    """On the monotonic clock; None for no limit."""
    wait_for_turn: bool = False
    """Whether to wait while another process of this journal is at it."""
    told: Callable[[int, int], object] = lambda sent, total: None

    def left(self) -> float:
        """Return how many seconds are left."""
        if self.deadline is None:
            return float("inf")
        return self.deadline - time.monotonic()


class Unreadable(Exception):
    """The ledger cannot read a request: it is too large, or malformed."""


class Asker:
    """Requests to one ledger. `wait` waits some seconds and says whether to stop."""

    def __init__(self, url: str, link: Link, *, wait: Callable[[float], bool]) -> None:
        self._url = url
        self._link = link
        self._wait = wait
        self.retry_after: float | None = None
        """Seconds for which the ledger asked to be left alone, at the last failure."""

    def close(self) -> None:
        """End the connection."""
        self._link.close()

    def stopped(self, limits: Limits) -> bool:
        """Say whether to begin nothing new."""
        return limits.left() <= 0 or self._wait(0)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None,
        limits: Limits,
        may_be_absent: bool = False,
    ) -> Answer:
        """Return a good answer; also that there is no such thing, if that may be.

        Raises LedgerUnavailable when there is none after the last try, LedgerRefused
        when trying again does not help, Unreadable when the request is at fault.
        """
        for failures in range(1, limits.patience.tries + 1):
            self.retry_after = None
            try:
                answer = self._link.exchange(
                    method,
                    path,
                    body=body,
                    timeout=max(0.1, min(_REQUEST_SECONDS, limits.left())),
                )
            except LedgerUnavailable as error:
                problem = error
            else:
                if answer.status not in RETRIED:
                    return self._judged(answer, may_be_absent=may_be_absent)
                self.retry_after = answer.retry_after
                problem = LedgerUnavailable(
                    f"{self._url} answered {answer.status}{_said(answer)}"
                )
            if failures == limits.patience.tries:
                raise problem
            pause = pause_seconds(
                failures,
                limits.patience,
                asked=self.retry_after,
                spread=random.uniform,
            )
            too_long = pause > min(limits.patience.longest_ask_seconds, limits.left())
            if too_long or self._wait(pause):
                raise problem
        raise AssertionError("no try at all")

    def held(self, installation: str, *, limits: Limits) -> Held:
        """Return what the ledger holds of an installation. Raises as `ask` does."""
        path = installation_path(installation)
        answer = self.ask("GET", path, body=None, limits=limits, may_be_absent=True)
        return Held(0, 0) if answer.status == 404 else read_held(answer.value)

    def _judged(self, answer: Answer, *, may_be_absent: bool) -> Answer:
        status = answer.status
        if status == 200:
            if not answer.value:
                raise LedgerUnavailable(
                    f"{self._url} answered with something that is no ledger's answer"
                )
            return answer
        # The ledger's own words: a foreign server's 404 has another shape.
        if status == 404 and may_be_absent and answer.value.get("status") == 404:
            return answer
        if status in (400, 413, 415, 422):
            raise Unreadable(f"it answered {status}{_said(answer)}")
        if 300 <= status < 400:
            raise LedgerRefused(
                f"{self._url} sends elsewhere ({answer.location or 'it does not say'});"
                " run `cellcost login` with the ledger's own address"
            )
        if status in (401, 403):
            raise LedgerRefused(
                f"{self._url} does not take this key{_said(answer)};"
                f" run `cellcost login {self._url}` with a valid one"
            )
        raise LedgerRefused(
            f"{self._url} is no ledger that this cellcost knows: it answered"
            f" {status}{_said(answer)}"
        )


def _said(answer: Answer) -> str:
    return f" ({answer.message})" if answer.message else ""
