"""Entries: what each call of a book stands at now, with its corrections folded in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from cellcost.records import (
    GPU_BUSY,
    GPU_HELD,
    Call,
    Confidence,
    Event,
    Intent,
    Kind,
    Line,
    Live,
    Where,
    tokens_of,
)
from cellcost.views.tally import Tally

__all__ = [
    "Entries",
    "Entry",
    "InFlight",
    "Replaced",
    "corrected",
    "counts",
    "entries_of",
    "entry_tally",
    "failed",
    "flying",
    "net_lines",
    "settled",
]


class InFlight(Protocol):
    """A call that was sent and has not settled (`cellcost.journal.PendingCall`)."""

    @property
    def intent(self) -> Intent: ...

    @property
    def live(self) -> Live | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call, GPU booking or lone correction as it stands now.

    `lines` are net of all corrections known so far; `time` is when it began.
    """

    id: str
    kind: Kind
    time: datetime
    where: Where
    call: Call | None
    lines: tuple[Line, ...]
    confidence: Confidence
    duration_seconds: float = 0.0
    note: str = ""
    live: bool = False
    live_at: datetime | None = None
    """When the figure of a call in flight was told."""
    corrections: int = 0
    held_bytes: int = 0
    """Memory of a device that was held; 0 where nobody said."""

    @property
    def ended(self) -> datetime:
        """When it ended, as far as it is known: its beginning while it is live."""
        return self.time + timedelta(seconds=self.duration_seconds)

    @property
    def model(self) -> str:
        """The model as its user named it."""
        if self.call is None:
            return ""
        return self.call.request_model or self.call.response_model


@dataclass(frozen=True, slots=True)
class Replaced:
    """A change of a book: `old` is what stood there, `new` what stands there now."""

    old: Entry | None
    new: Entry | None


class Entries:
    """The entries of one book; putting a record twice changes nothing."""

    def __init__(self) -> None:
        self._by_id: dict[str, Entry] = {}
        self._corrections: set[str] = set()
        self._early: dict[str, list[Event]] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._by_id

    def settle(self, event: Event) -> tuple[Replaced, ...]:
        """Put a settled event and return what that changed."""
        if event.corrects:
            return self._correct(event)
        if not counts(event):
            return ()
        old = self._by_id.get(event.id)
        if old is not None and not old.live:
            return ()
        new = settled(event)
        changes: list[Replaced] = []
        for correction in self._early.pop(event.id, ()):
            changes.append(Replaced(self._by_id.pop(correction.id), None))
            new = corrected(new, correction)
        self._by_id[event.id] = new
        changes.append(Replaced(old, new))
        return tuple(changes)

    def fly(self, call: InFlight) -> tuple[Replaced, ...]:
        """Put a call in flight and return what that changed."""
        old = self._by_id.get(call.intent.id)
        if old is not None and not old.live:
            return ()
        new = flying(call)
        if new == old:
            return ()
        self._by_id[new.id] = new
        return (Replaced(old, new),)

    def drop(self, entry_id: str) -> tuple[Replaced, ...]:
        """Take an entry out of this book and return what that changed."""
        old = self._by_id.pop(entry_id, None)
        return () if old is None else (Replaced(old, None),)

    def _correct(self, event: Event) -> tuple[Replaced, ...]:
        if event.id in self._corrections:
            return ()
        self._corrections.add(event.id)
        old = self._by_id.get(event.corrects)
        if old is None or old.live:
            # Its target is outside this book (pruned, another day) or still to come:
            # it counts on its own, so that a total stays the plain sum of all lines.
            lone = settled(event)
            self._by_id[event.id] = lone
            self._early.setdefault(event.corrects, []).append(event)
            return (Replaced(None, lone),)
        new = corrected(old, event)
        self._by_id[old.id] = new
        return (Replaced(old, new),)


def entries_of(
    events: Iterable[Event], pending: Iterable[InFlight] = ()
) -> tuple[Entry, ...]:
    """Return one entry a call, corrections folded, in the order they came."""
    book = Entries()
    for event in events:
        book.settle(event)
    for call in pending:
        book.fly(call)
    return tuple(book)


def entry_tally(entry: Entry) -> Tally:
    """Return what one entry adds to every total it is part of."""
    costs = [line.cost_nusd for line in entry.lines if line.cost_nusd is not None]
    # A lone correction may take back an unpriced quantity: that is no unpriced call.
    unpriced = any(
        line.cost_nusd is None and line.quantity >= 0 for line in entry.lines
    )
    tokens = tokens_of(entry.lines)
    is_call = entry.kind == "llm"
    # A call just sent has no lines yet: its cost is unknown, not zero.
    unsaid = entry.live and not entry.lines
    return Tally(
        known_nusd=sum(costs),
        n_priced=int(bool(costs)),
        n_unknown=int(unpriced or unsaid),
        n_unpriced=int(unpriced),
        n_partial=int(
            entry.kind != "correction"
            and not entry.live
            and entry.confidence == "partial"
        ),
        n_estimated=int(
            entry.kind != "correction"
            and not entry.live
            and entry.confidence == "estimated"
        ),
        calls=int(is_call),
        live_calls=int(is_call and entry.live),
        failed_calls=int(is_call and failed(entry)),
        retried_calls=int(
            is_call and entry.call is not None and entry.call.retry_of != ""
        ),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        cache_write=tokens.cache_write,
        reasoning=tokens.reasoning,
        gpu_busy_ms=_quantity(entry, GPU_BUSY),
        gpu_held_ms=_quantity(entry, GPU_HELD),
    )


def _quantity(entry: Entry, meter: str) -> int:
    return sum(line.quantity for line in entry.lines if line.meter == meter)


def failed(entry: Entry) -> bool:
    """Tell whether the provider refused the call, or no answer began."""
    if entry.live or entry.call is None or entry.kind == "gpu":
        return False
    status = entry.call.status
    return status >= 400 if status is not None else not entry.lines


def net_lines(lines: Iterable[Line], delta: Iterable[Line]) -> tuple[Line, ...]:
    """Return `lines` with the signed `delta` added, meter by meter.

    Priced and unpriced quantities are netted apart: a correction that learns a price
    takes the quantity from the unpriced side and puts it on the priced one.
    """
    net: dict[tuple[str, str, bool], Line] = {}
    for line in (*lines, *delta):
        key = (line.meter, line.variant, line.cost_nusd is None)
        before = net.get(key)
        if before is None:
            net[key] = line
            continue
        cost = None
        if before.cost_nusd is not None and line.cost_nusd is not None:
            cost = before.cost_nusd + line.cost_nusd
        net[key] = replace(
            before,
            quantity=before.quantity + line.quantity,
            cost_nusd=cost,
            reason=before.reason or line.reason,
        )
    kept = [line for line in net.values() if line.quantity or line.cost_nusd]
    return tuple(replace(line, line_no=n) for n, line in enumerate(kept))


def counts(event: Event) -> bool:
    """Say whether an event is part of any figure."""
    return event.kind in ("llm", "gpu") or bool(event.lines)


def settled(event: Event) -> Entry:
    """Return the entry of a settled event."""
    return Entry(
        id=event.id,
        kind=event.kind,
        time=event.time,
        where=event.where,
        call=event.call,
        lines=event.lines,
        confidence=event.confidence,
        duration_seconds=event.duration_seconds,
        note=event.note,
        held_bytes=_bytes(event.detail.get("held_bytes")),
    )


def _bytes(value: object) -> int:
    return value if isinstance(value, int) else 0


def flying(call: InFlight) -> Entry:
    """Return the entry of a call in flight."""
    intent, live = call.intent, call.live
    return Entry(
        id=intent.id,
        kind=intent.kind,
        time=intent.time,
        where=intent.where,
        call=intent.call,
        lines=intent.expected if live is None else live.lines,
        confidence="estimated",
        live=True,
        live_at=intent.time if live is None else live.time,
    )


def corrected(entry: Entry, correction: Event) -> Entry:
    """Return an entry with a correction folded in."""
    # The correction knows better than what it corrects, also about certainty: a call
    # settled late turns its recovered `partial` figure into a measured one.
    return replace(
        entry,
        call=correction.call or entry.call,
        lines=net_lines(entry.lines, correction.lines),
        confidence=correction.confidence,
        duration_seconds=correction.duration_seconds or entry.duration_seconds,
        note=correction.note,
        corrections=entry.corrections + 1,
    )
