"""What the hooks of all client stacks share: whether a request is a model call, and
its beginning.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from cellcost import tokens
from cellcost.records import Call
from cellcost_meter.capture.attempt import Attempt
from cellcost_meter.capture.dialects import dialect_of
from cellcost_meter.capture.dialects.asked import read_request
from cellcost_meter.capture.retries import Retries
from cellcost_meter.capture.switch import Switch

if TYPE_CHECKING:
    from cellcost.config import Endpoint
    from cellcost_meter.recorder import CallRecorder

__all__ = ["Hook", "inside"]

inside: ContextVar[bool] = ContextVar("cellcost_inside_a_request", default=False)
"""True while a hooked client is at work: what it sends through others is its own."""

_log = logging.getLogger("cellcost")


class Hook:
    """The capture of one client stack."""

    def __init__(
        self,
        stack: str,
        recorder: "CallRecorder",
        announce: Callable[[str, str], object],
        at: Callable[[str], None] = lambda step: None,
    ) -> None:
        self.switch = Switch(stack, announce)
        self._recorder = recorder
        self._retries = Retries()
        self.at = at
        """Fault point: called with the name of a step, may raise in tests."""

    def wants(self, method: str, raw_path: bytes) -> bool:
        """Return whether a request may be a model call: the cheap look at every one."""
        return (
            method == "POST"
            and self.switch.on
            and dialect_of(raw_path) is not None
            and not inside.get()
        )

    def begin(
        self, *, url: str, raw_path: bytes, host: str, body: bytes | None
    ) -> Attempt | None:
        """Store the intent of a request that is about to leave; None if it is no call.

        `body` is None where it is not in memory. Raises nothing of ours.
        """
        try:
            self.at("begin")
            return self._begin(url, raw_path, host, body)
        except Exception as error:  # noqa: BLE001 - the user's call must go on
            self.switch.failed(error)
            return None

    def _begin(
        self, url: str, raw_path: bytes, host: str, body: bytes | None
    ) -> Attempt | None:
        dialect = dialect_of(raw_path)
        if dialect is None:
            return None
        asked = read_request(dialect, body)
        if not asked.looks_right:
            return None
        provider, endpoint = self._provider(url)
        call = Call(
            provider=provider,
            operation=dialect.operation,
            endpoint=host,
            request_model=asked.model,
            streamed=asked.streamed,
        )
        ticket = self._recorder.begin(
            call,
            input_tokens=tokens.guess(len(body or b"")),
            output_cap=asked.output_cap,
            endpoint=endpoint,
            retry_of=lambda run_id: self._retries.repeated_by(run_id, host, body),
        )
        return Attempt(
            recorder=self._recorder,
            switch=self.switch,
            retries=self._retries,
            dialect=dialect,
            asked=asked,
            body=body,
            call=ticket.intent.call,
            ticket=ticket,
        )

    def _provider(self, url: str) -> "tuple[str, Endpoint | None]":
        try:
            return self._recorder.book.provider_of(url)
        except Exception:  # noqa: BLE001 - prices in trouble: the call is still counted
            _log.debug("cellcost: no price book", exc_info=True)
            return "", None
