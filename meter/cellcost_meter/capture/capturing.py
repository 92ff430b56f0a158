"""Which requests are model calls, and the attempt that each of them becomes."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

from cellcost.records import Call
from cellcost.tokens import guess
from cellcost_meter.capture.attempt import Attempt, Request
from cellcost_meter.capture.dialects import Dialect, dialect_of
from cellcost_meter.capture.dialects.asked import read_request
from cellcost_meter.capture.dialects.reading import Asked
from cellcost_meter.capture.retries import Retries
from cellcost_meter.capture.switch import Switch
from cellcost_meter.recorder import CallRecorder

if TYPE_CHECKING:
    from cellcost.config import Endpoint

__all__ = ["Capture", "on_its_way", "outermost"]

outermost: ContextVar[Attempt | None] = ContextVar("cellcost_attempt", default=None)
"""The attempt whose client library runs in this context: what that library itself sends
is the same call on its way (a custom transport on another client), not one more."""


def on_its_way() -> bool:
    """Whether a client library that we hook is in the middle of a call here."""
    outer = outermost.get()
    return outer is not None and not outer.returned


class Capture:
    """One stack's view of requests: turns those that are model calls into attempts."""

    def __init__(
        self,
        recorder: CallRecorder,
        switch: Switch,
        retries: Retries,
        *,
        stream_usage: Callable[[], Literal["ask", "count"]] = lambda: "count",
        find_dialect: Callable[[bytes], Dialect | None] = dialect_of,
    ) -> None:
        self.switch = switch
        self._recorder = recorder
        self._retries = retries
        self._stream_usage = stream_usage
        self._find_dialect = find_dialect

    def dialect(self, method: str, raw_path: bytes) -> Dialect | None:
        """Return the dialect of a request; None, quickly, for what is no model call."""
        if method != "POST":
            return None
        dialect = self._find_dialect(raw_path)
        if dialect is None:
            return None
        return None if on_its_way() else dialect

    def begin(
        self, dialect: Dialect, *, url: str, endpoint: str, body: bytes | None
    ) -> Attempt | None:
        """Store the intent of a request about to leave; None if it is no model call.

        `endpoint` is its `host[:port]`. Fails with an Exception only where nothing at
        all could be stored.
        """
        problem: Exception | None = None
        asked = Asked()
        provider, entry = "", None
        try:
            asked = read_request(dialect, body)
            provider, entry = self._provider(url)
        except Exception as error:  # noqa: BLE001 - the call is kept, without a model
            self.switch.failed(error)
            problem = error
        if not (provider or entry or asked.looks_right):
            return None
        where = self._recorder.here()
        counted = problem is None and not dialect.unread
        call = Call(
            provider=provider,
            operation=dialect.operation,
            endpoint=endpoint,
            request_model=asked.model,
            streamed=asked.streamed,
            retry_of=self._retries.repeated_by(where.run_id, endpoint, body),
        )
        ticket = self._recorder.begin(
            call,
            where,
            input_tokens=guess(len(body)) if body and counted else 0,
            output_cap=asked.output_cap if dialect.cap_keys else 0,
            endpoint=entry,
        )
        try:
            if asked.streamed:
                self._warm_counting(asked.model)
            request = Request(dialect, asked, body, call, ticket)
            return Attempt(request, self._recorder, self.switch, self._retries)
        except BaseException:
            self._recorder.never_sent(ticket, call)
            raise

    def _warm_counting(self, model: str) -> None:
        try:
            self._recorder.warm_counting(model)
        except Exception as error:  # noqa: BLE001 - counting falls back to guessing
            self.switch.failed(error)

    def _provider(self, url: str) -> "tuple[str, Endpoint | None]":
        return self._recorder.book.provider_of(url)

    def asks_for_usage(self, dialect: Dialect) -> bool:
        """Whether `stream_options.include_usage` is to be added to requests."""
        return dialect.operation == "chat" and self._stream_usage() == "ask"
