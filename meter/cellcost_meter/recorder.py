"""From a call's beginning to its priced event: intent, live figure, settlement.

Knows prices and the journal, nothing of HTTP. Quick: what it does runs before and after
every model call of the user.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cellcost.call_sites import NOWHERE, CallPlace
from cellcost.clock import price_time, utc_now
from cellcost.errors import CellcostError
from cellcost.ids import new_id
from cellcost.money import usd_to_nano
from cellcost.records import (
    INPUT_METERS,
    Call,
    Confidence,
    Event,
    Intent,
    Line,
    Live,
    Usage,
    Where,
    known_cost,
)
from cellcost_meter.faults import place_of
from cellcost_meter.flusher import Flusher
from cellcost_meter.forks import in_forked_child

if TYPE_CHECKING:
    from cellcost.config import Endpoint
    from cellcost.prices import PriceBook, RateCard

__all__ = ["CallRecorder", "Journal", "Ticket"]

_log = logging.getLogger("cellcost")


class Journal(Protocol):
    """What the recorder asks of `cellcost.journal.Writer`."""

    def begin(self, intent: Intent) -> None: ...

    def settle(self, event: Event) -> None: ...

    def update_live(self, rows: Sequence[Live]) -> None: ...

    def checkpoint(self) -> bool: ...

    def say_lost(self) -> None: ...


class Ticket(NamedTuple):
    """A call in flight: what its settlement must know of its beginning."""

    intent: Intent
    endpoint: "Endpoint | None"
    started: float
    """`time.monotonic` seconds."""
    priced_at: datetime | None
    """None when `CELLCOST_NOW` is no time: then there is no price."""
    pid: int


class CallRecorder:
    """Prices and stores calls; one for each running meter."""

    def __init__(
        self,
        *,
        journal: Journal,
        book: Callable[[], "PriceBook"],
        where: Callable[[CallPlace], Where],
        call_site: Callable[[], CallPlace],
        flusher: Flusher | None = None,
    ) -> None:
        self._journal = journal
        self._load_book = book
        self._book: PriceBook | None = None
        self._find_where = where
        self._find_call_site = call_site
        self.flusher = flusher or Flusher(journal)
        self._pid = os.getpid()
        in_forked_child(self, CallRecorder._forked)

    def _forked(self) -> None:
        self._pid = os.getpid()

    @property
    def book(self) -> "PriceBook":
        """The price book, loaded at first use."""
        book = self._book
        if book is None:
            book = self._book = self._load_book()
        return book

    def forget_book(self) -> None:
        """Load the price book anew when it is needed next: the settings changed."""
        self._book = None

    def warm(self) -> None:
        """Load the price book in the background."""
        self.flusher.soon(lambda: self.book)

    def warm_counting(self, model: str) -> None:
        """Load what counting needs in the background: a stream's live figure soon will.

        Not sooner: the ranks take 98 MB, and most processes with an HTTP client never
        stream from a model.
        """
        from cellcost import tokens

        if not tokens.ready(model):
            self.flusher.soon(lambda: tokens.warm(model))

    def begin(
        self,
        call: Call,
        where: Where,
        *,
        input_tokens: int,
        output_cap: int | None,
        endpoint: "Endpoint | None" = None,
    ) -> Ticket:
        """Store that `call` is about to leave, with the most that it may cost."""
        now = utc_now()
        at: datetime | None = None
        lines: tuple[Line, ...] = ()
        try:
            at = price_time(now=now)
            card = self._card(call, endpoint, at)
            worst = Usage(input_tokens=input_tokens, output_tokens=output_cap or 0)
            lines = self.book_cost(card, worst)
        except Exception as error:  # noqa: BLE001 - the intent must be stored
            _log.debug("cellcost: no worst case: %s", place_of(error))
            lines = unknown_lines(_why_unpriced(error))
        intent = Intent(
            id=new_id(),
            time=now,
            where=where,
            call=call,
            expected=tuple(
                line
                for line in lines
                if line.meter in INPUT_METERS or line.meter == UNKNOWN_METER
            ),
            worst_nusd=_worst(lines) if output_cap is not None else None,
        )
        ticket = Ticket(intent, endpoint, time.monotonic(), at, self._pid)
        try:
            self._journal.begin(intent)
            self.flusher.touch()
        except Exception as error:  # noqa: BLE001 - the settlement may still be stored
            _log.warning("cellcost: an intent was not stored: %s", place_of(error))
        except BaseException:
            # The user's interrupt, before anything was sent: nobody else will settle.
            self.never_sent(ticket, call)
            raise
        return ticket

    def never_sent(self, ticket: Ticket, call: Call) -> None:
        """Settle, in the background, a call that an interrupt kept from leaving."""
        self.flusher.from_destructor(
            lambda: self.settle(ticket, call, free=True, note="not sent: interrupted")
        )

    def settle(
        self,
        ticket: Ticket,
        call: Call,
        *,
        usage: Usage | None = None,
        free: bool = False,
        confidence: Confidence = "measured",
        note: str = "",
        reported_usd: str = "",
        duration_seconds: float | None = None,
    ) -> None:
        """Store what `call` used: `free` nothing, `usage` None its expected input."""
        if ticket.pid != self._pid:
            return  # a forked child holds a copy of its parent's call
        if duration_seconds is None:
            duration_seconds = time.monotonic() - ticket.started
        price_id = version = ""
        lines: tuple[Line, ...]
        if free:
            lines = ()
        elif usage is None:
            lines = ticket.intent.expected or unknown_lines("nothing is known of it")
        else:
            try:
                card = self._card(
                    call, ticket.endpoint, ticket.priced_at or price_time()
                )
                lines = self.book_cost(card, usage)
                price_id, version = card.price_id, card.catalogue_version
            except Exception as error:  # noqa: BLE001 - the event must be stored
                _log.debug("cellcost: no price: %s", place_of(error))
                lines = unpriced(usage, _why_unpriced(error))
            said = _reported(reported_usd)
            if said is not None and confidence != "partial":
                lines = as_reported(lines, said)
                confidence = "provider_reported"
                price_id = version = ""
        self._journal.settle(
            Event(
                id=ticket.intent.id,
                time=ticket.intent.time,
                kind="llm",
                where=ticket.intent.where,
                call=call,
                lines=lines,
                confidence=confidence,
                duration_seconds=duration_seconds,
                note=note,
                price_id=price_id,
                catalogue_version=version,
            )
        )
        self.flusher.touch()

    def live(self, ticket: Ticket, call: Call, usage: Usage) -> Live:
        """Return what a call in flight has used so far, priced."""
        card = self._card(call, ticket.endpoint, ticket.priced_at or price_time())
        return Live(
            id=ticket.intent.id, time=utc_now(), lines=self.book_cost(card, usage)
        )

    def record(self, event: Event) -> None:
        """Store an event that was no call (an outcome)."""
        self._journal.settle(event)
        self.flusher.touch()

    def owns(self, ticket: Ticket) -> bool:
        """Whether this process began the call (and not one it was forked from)."""
        return ticket.pid == self._pid

    def book_cost(self, card: "RateCard", usage: Usage) -> tuple[Line, ...]:
        """Return the lines of `usage` at the rates of `card`."""
        return self.book.cost(card, usage)

    def _card(
        self, call: Call, endpoint: "Endpoint | None", at: datetime
    ) -> "RateCard":
        """Return the card of the model that answered, else of the one asked for."""
        card = self.book.rate_card(
            call.provider,
            call.response_model or call.request_model,
            tier=call.service_tier,
            at=at,
            endpoint=endpoint,
        )
        if card.reason and call.response_model and call.request_model:
            asked = self.book.rate_card(
                call.provider,
                call.request_model,
                tier=call.service_tier,
                at=at,
                endpoint=endpoint,
            )
            if not asked.reason:
                return asked
        return card

    def where(self, call_site: CallPlace) -> Where:
        """Return who runs at this moment; never raises."""
        try:
            return self._find_where(call_site)
        except Exception as error:  # noqa: BLE001 - an event without a place beats no event
            _log.debug("cellcost: no place: %s", place_of(error))
            return Where(origin="process", call_site=call_site.name)

    def here(self) -> Where:
        """Return who runs at this moment, and where in the code; never raises."""
        try:
            call_site = self._find_call_site()
        except Exception as error:  # noqa: BLE001 - as above
            _log.debug("cellcost: no call site: %s", place_of(error))
            call_site = NOWHERE
        return self.where(call_site)


UNKNOWN_METER = "request"
"""The meter of a call of which nothing is known but that it was made."""


def unknown_lines(reason: str) -> tuple[Line, ...]:
    """Return the lines of a call whose usage is unknown: one request, unpriced.

    No lines at all would say that it cost nothing.
    """
    return (Line(line_no=0, meter=UNKNOWN_METER, quantity=1, reason=reason),)


def unpriced(usage: Usage, reason: str) -> tuple[Line, ...]:
    """Return plain input and output lines without a price."""
    quantities = {"input": usage.input_tokens, "output": usage.output_tokens}
    lines = tuple(
        Line(line_no=number, meter=meter, quantity=quantity, reason=reason)
        for number, (meter, quantity) in enumerate(quantities.items())
        if quantity
    )
    return lines or unknown_lines(reason)


def as_reported(lines: tuple[Line, ...], cost_nusd: int) -> tuple[Line, ...]:
    """Return `lines` at no cost of their own and one more with the reported cost."""
    plain = tuple(
        Line(
            line_no=line.line_no,
            meter=line.meter,
            quantity=line.quantity,
            variant=line.variant,
            cost_nusd=0,
            reason="within the reported cost",
        )
        for line in lines
    )
    number = max((line.line_no for line in lines), default=-1) + 1
    return (
        *plain,
        Line(line_no=number, meter="reported_cost", quantity=1, cost_nusd=cost_nusd),
    )


def _reported(text: str) -> int | None:
    """Return a cost that the gateway told, in nano-USD, if it can be one."""
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    # NaN and infinity fail both comparisons; nobody pays a million for one answer.
    return (
        usd_to_nano(amount) if amount.is_finite() and 0 <= amount < 1_000_000 else None
    )


def _worst(lines: tuple[Line, ...]) -> int | None:
    if any(line.cost_nusd is None for line in lines):
        return None
    return known_cost(lines)


def _why_unpriced(error: Exception) -> str:
    # Our own errors say what to do; a foreign one's text may hold what the user sent.
    ours = isinstance(error, CellcostError)
    said = str(error) if ours else type(error).__name__
    return f"cellcost could not price it: {said}"
