"""One request's way from leaving to its event, whatever client library carries it.

A stack calls `answered`, `streaming` or `failed` on what it got; each ends in exactly
one settlement. None of them raises an Exception of ours; an interrupt that hits the
user in the middle of one passes through, and the event is still kept.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from cellcost.records import Call, Confidence, Live, Usage
from cellcost_meter.capture import counting
from cellcost_meter.capture.decode import decoder_for
from cellcost_meter.capture.dialects import Answer, Asked, Dialect
from cellcost_meter.capture.dialects.edges import edges_of
from cellcost_meter.capture.headers import AnswerHeaders, read_headers
from cellcost_meter.capture.retries import Retries
from cellcost_meter.capture.sinks import (
    LARGE_BYTES,
    BodySink,
    EventSink,
    Sink,
    read_body,
    read_edges,
)
from cellcost_meter.capture.streams import End, Tap
from cellcost_meter.capture.switch import Switch
from cellcost_meter.recorder import CallRecorder, Ticket

__all__ = ["Attempt", "Request"]

RawHeaders = Iterable[tuple[bytes, bytes]]


class Request(NamedTuple):
    """What was sent, as far as its settlement needs it."""

    dialect: Dialect
    asked: Asked
    body: bytes | None
    """Only counted where no usage comes; dropped with the attempt."""
    call: Call
    ticket: Ticket


class Attempt:
    """A request that was let go and whose event is not written yet."""

    __slots__ = (
        "__weakref__",
        "_call",
        "_count",
        "_headers",
        "_input",
        "_last",
        "_once",
        "_recorder",
        "_request",
        "_retries",
        "_status",
        "_storing",
        "_switch",
        "_tap",
        "returned",
    )

    def __init__(
        self, request: Request, recorder: CallRecorder, switch: Switch, retries: Retries
    ) -> None:
        self._request = request
        self._recorder = recorder
        self._switch = switch
        self._retries = retries
        self._call = request.call
        self._headers: AnswerHeaders | None = None
        self._status: int | None = None
        self._storing = False
        self._tap: Tap | None = None
        self._count: counting.RunningCount | None = None
        self._input: tuple[int, str] | None = None
        self._last: Usage | None = None
        self.returned = False
        """Whether the client library gave back the answer, or its error."""
        self._once = threading.Lock()

    # -- what a stack says ------------------------------------------------------------

    def answered(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Settle on a whole answer; `body` is already decoded."""
        self._guarded(partial(self._answered, status, headers, body))

    def failed(self, error: BaseException, *, sent: bool) -> None:
        """Settle on a request that got no answer because of `error`."""
        work = partial(self._failed, error, sent=sent)
        if isinstance(error, GeneratorExit):
            # A forgotten coroutine: the collector may strike while any lock is held.
            self._recorder.flusher.from_destructor(partial(self._guarded, work))
        else:
            self._guarded(work)

    def streaming(self, status: int, headers: RawHeaders) -> Tap | None:
        """Return the tap for the answer's bytes; None if they do not matter."""
        try:
            if status >= 300:
                self._guarded(partial(self._refused, status, headers))
                return None
            if self._request.dialect.unread:
                self._seen(status, headers)
                self._guarded(self._unread)
                return None
            return self._tapped(status, headers)
        except Exception as error:  # noqa: BLE001 - the user's stream goes on without us
            self._switch.failed(error)
            self._guarded(partial(self._unreadable, error))
            return None

    def lost(self) -> None:
        """Settle in the background if nothing else did; never blocks."""
        if not self._once.locked():
            self._recorder.flusher.from_destructor(
                partial(self.failed, Unfinished(), sent=True)
            )

    def __del__(self) -> None:
        # The last net, for an interrupt between any two statements of ours.
        once = getattr(self, "_once", None)  # None: it was never made whole
        if once is None or once.locked():
            return
        if self._recorder.owns(self._request.ticket):
            self.lost()

    # -- one settlement ---------------------------------------------------------------

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            if self._once.acquire(blocking=False):
                self._work(work)
        except BaseException:
            # An interrupt came while we read: it is the user's, the event is ours.
            self._recorder.flusher.from_destructor(self._rescue)
            raise

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the user's call goes on, labelled
            self._switch.failed(error)
            if not self._storing:
                self._store_unreadable(error)
        else:
            self._switch.worked()

    def _rescue(self) -> None:
        """Store what nobody stored; runs behind whatever was handed over before."""
        if self._once.locked() and not self._storing:
            self._store_unreadable(Unfinished())

    def _store_unreadable(self, error: BaseException) -> None:
        self._storing = True
        try:
            self._learn(None)
            self._recorder.settle(
                self._request.ticket,
                self._call,
                confidence="partial",
                note=f"cellcost could not read the answer ({type(error).__name__})",
            )
        except Exception as own:  # noqa: BLE001 - the intent is still in the journal
            self._switch.failed(own)

    def _unreadable(self, error: BaseException) -> None:
        self._store_unreadable(error)

    def _settle(
        self,
        usage: Usage | None,
        confidence: Confidence = "measured",
        note: str = "",
        *,
        free: bool = False,
        reported_usd: str = "",
    ) -> None:
        settle = partial(
            self._recorder.settle,
            self._request.ticket,
            self._call,
            usage=usage,
            free=free,
            confidence=confidence,
            note=note,
            reported_usd=reported_usd,
        )
        try:
            self._storing = True
            settle()
        except Exception:
            raise
        except BaseException:
            # The user's interrupt: stored or not, storing the same again is harmless.
            self._recorder.flusher.from_destructor(settle)
            raise

    # -- whole answers ----------------------------------------------------------------

    def _answered(self, status: int, headers: RawHeaders, body: bytes) -> None:
        if status >= 300:
            self._refused(status, headers)
            return
        said = self._seen(status, headers)
        if self._request.dialect.unread:
            self._unread()
        elif "event-stream" in said.content_type:
            sink: Sink = EventSink(self._request.dialect.stream())
            if len(body) > LARGE_BYTES:
                self._later(partial(self._read_events, sink, body))
            else:
                self._read_events(sink, body)
        elif len(body) > LARGE_BYTES:
            answer = None
            if self._request.dialect.usage_at_edges:
                answer = read_edges(self._request.dialect, edges_of(body))
            if answer is None:
                self._later(partial(self._read_whole, body))
            else:
                self._conclude(answer, "")
        else:
            self._read_whole(body)

    def _read_whole(self, body: bytes) -> None:
        answer, text, oddity = read_body(self._request.dialect, body)
        self._conclude(answer, "".join(text), oddity=oddity)

    def _read_events(self, sink: Sink, body: bytes) -> None:
        sink.feed(body)
        sink.finish()
        self._conclude(sink.answer(), "".join(sink.take_text()), oddity=sink.oddity)

    def _conclude(self, answer: Answer, text: str, *, oddity: str = "") -> None:
        """Settle on everything that an answer said."""
        self._learn(answer)
        reported = self._reported(answer)
        if answer.usage is not None and answer.whole:
            self._settle(
                answer.usage,
                "estimated" if answer.doubt else "measured",
                answer.doubt,
                reported_usd=reported,
            )
        elif answer.error and not text and answer.usage is None and answer.whole:
            self._settle(
                None, "estimated", f"error in the answer: {answer.error}", free=True
            )
        elif "html" in (self._headers.content_type if self._headers else ""):
            self._later(
                partial(
                    self._count_and_settle, answer, "", "the answer is HTML, not JSON"
                )
            )
        else:
            why = answer.doubt or oddity or _missing(answer)
            self._later(partial(self._count_and_settle, answer, text, why))

    def _reported(self, answer: Answer) -> str:
        if self._headers is not None and self._headers.reported_usd:
            return self._headers.reported_usd
        # Anybody may write `cost` into an answer; OpenRouter documents it as its bill.
        return answer.reported_usd if self._call.provider == "openrouter" else ""

    def _refused(self, status: int, headers: RawHeaders) -> None:
        """Settle on a 3xx, 4xx or 5xx answer: an attempt, no bill."""
        self._seen(status, headers)
        self._learn(None)
        self._remember_failure()
        self._settle(None, note=f"HTTP {status}", free=True)

    def _unread(self) -> None:
        """Settle on an answer in a format that we do not read: its usage is unknown."""
        self._learn(None)
        self._settle(None, "estimated", self._request.dialect.unread)

    def _failed(self, error: BaseException, *, sent: bool) -> None:
        self._remember_failure()
        if sent:
            note = f"no answer: {_why(error)}"
            self._later(partial(self._count_and_settle, Answer(whole=False), "", note))
        else:
            self._settle(None, note=f"not sent: {_why(error)}", free=True)

    def _remember_failure(self) -> None:
        intent = self._request.ticket.intent
        self._retries.failed(
            intent.where.run_id, intent.call.endpoint, self._request.body, intent.id
        )

    # -- streams ----------------------------------------------------------------------

    def _tapped(self, status: int, headers: RawHeaders) -> Tap:
        said = self._seen(status, headers)
        dialect = self._request.dialect
        sink: Sink
        if "json" in said.content_type or not (
            self._request.asked.streamed or "event-stream" in said.content_type
        ):
            sink = BodySink(dialect)
        else:
            sink = EventSink(dialect.stream())
            self._count = counting.RunningCount(self._request.asked.model)
        tap = Tap(sink, decoder_for(said.encoding), self._stream_over)
        self._tap = tap
        if self._count is not None:
            self._recorder.flusher.watch(self)
        return tap

    def sample(self) -> Live | None:
        """Return the figure of a stream in flight if it moved; for the flusher."""
        tap, count = self._tap, self._count
        if tap is None or count is None or tap.stopped:
            return None
        tap.read()
        answer = tap.answer()
        if answer.ended:
            # The reader may keep the stream open, or never read what follows.
            tap.stop("ended")
            return None
        self._learn(answer)
        usage = self._so_far(answer, count.add(tap.take_text()))
        if usage == self._last:
            return None
        self._last = usage
        return self._recorder.live(self._request.ticket, self._call, usage)

    def finish(self) -> None:
        """Settle on what came so far: the process ends in the middle of the stream."""
        if self._tap is not None:
            self._tap.stop("abandoned", Unfinished())

    def _so_far(self, answer: Answer, output: int) -> Usage:
        """Return the larger of what was reported and what was counted."""
        known = answer.usage or Usage()
        given = known.input_tokens or self._counted_input()[0]
        return replace(
            known,
            input_tokens=given,
            output_tokens=max(known.output_tokens, output),
        )

    def _counted_input(self) -> tuple[int, str]:
        if self._input is None:
            request = self._request
            self._input = counting.input_tokens(
                request.dialect, request.body, request.asked.model
            )
        return self._input

    def _stream_over(self, end: End, error: BaseException | None) -> None:
        self._recorder.flusher.unwatch(self)
        if end == "abandoned":
            # The collector may strike while this thread holds any lock.
            self._recorder.flusher.from_destructor(
                partial(self._guarded, partial(self._stream_ended, end, error))
            )
        else:
            self._guarded(partial(self._stream_ended, end, error))

    def _stream_ended(self, end: End, error: BaseException | None) -> None:
        tap = self._tap
        if tap is None:
            return
        tap.read(last=True)
        answer = tap.answer()
        if answer.usage is not None and answer.whole:
            self._conclude(answer, "")
            return
        if answer.error or not answer.whole:
            self._remember_failure()
        if answer.error:
            why = f"error in the stream: {answer.error}"
        elif answer.whole:
            why = answer.doubt or _missing(answer)
        elif error is not None:
            why = f"stopped early: {_why(error)}"
        elif end == "ended":
            why = tap.oddity or "the stream ended without its last event"
        else:
            why = "stopped early"
        self._later(partial(self._count_and_settle, answer, "", why))

    # -- counting, in the background --------------------------------------------------

    def _later(self, work: Callable[[], None]) -> None:
        """Do `work`, which settles, in the background; fall back like any hook."""

        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - labelled instead
                self._switch.failed(error)
                if not self._storing:
                    self._store_unreadable(error)

        self._recorder.flusher.soon(guarded)

    def _count_and_settle(self, answer: Answer, text: str, why: str) -> None:
        self._learn(answer)
        tap = self._tap
        count = self._count or counting.RunningCount(self._request.asked.model)
        if tap is not None:
            text = tap.take_text() + text
        usage = self._so_far(answer, count.add(text))
        missing = self._counted_input()[1] if answer.usage is None else ""
        note = "; ".join(part for part in (why, missing) if part)
        if usage.input_tokens or usage.output_tokens:
            believed: Usage | None = usage
        else:
            believed = None
        self._settle(believed, "estimated" if answer.whole else "partial", note)

    # -- what is known of the answer --------------------------------------------------

    def _seen(self, status: int, headers: RawHeaders) -> AnswerHeaders:
        self._status = status
        self._headers = said = read_headers(headers)
        return said

    def _learn(self, answer: Answer | None) -> None:
        """Complete the call by what its answer and its headers say."""
        call, said = self._call, self._headers
        self._call = Call(
            provider=call.provider,
            operation=call.operation,
            endpoint=call.endpoint,
            request_model=call.request_model,
            response_model=(answer and answer.model) or call.response_model,
            request_id=(said and said.request_id)
            or (answer and answer.request_id)
            or call.request_id,
            billing_account=said.billing_account if said else call.billing_account,
            service_tier=(answer and answer.service_tier) or call.service_tier,
            status=self._status,
            streamed=call.streamed,
            retry_of=call.retry_of,
        )


class Unfinished(Exception):
    """Stands for an end of which nobody told us."""


def _missing(answer: Answer) -> str:
    if not answer.whole:
        return "the answer was not whole"
    return "no usage in the answer: tokens counted"


def _why(error: BaseException) -> str:
    """Return what happened in plain words; the name of its type, never its message."""
    name = type(error).__name__
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if name == "CancelledError":
        return "cancelled"
    if isinstance(error, Unfinished | GeneratorExit):
        return "nobody waited for the end"
    return f"timed out ({name})" if "Timeout" in name else name
