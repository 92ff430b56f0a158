"""What a dialect reads: the values that requests, answers and streams turn into.

Named tuples where a value is made for every call: a frozen dataclass of as many fields
takes 2 to 3 us, five times as long (bench/bench_capture.py holds the sum).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cellcost.records import Usage
from cellcost_meter.capture.dialects.foreign import Object

__all__ = ["Answer", "Asked", "Dialect", "StreamReader"]


class Asked(NamedTuple):
    """What a request asks for."""

    model: str = ""
    streamed: bool = False
    output_cap: int | None = None
    """The most output tokens the answer may have; None if the request sets no cap."""
    usage_asked: bool = False
    looks_right: bool = True
    """False where the body has neither a model nor a prompt: no model call."""


class Answer(NamedTuple):
    """What an answer says of itself; the same for whole bodies and for streams."""

    usage: Usage | None = None
    doubt: str = ""
    """Why the reported usage is not believed, or not wholly; "" when it is."""
    whole: bool = True
    """False while (or when) the end of the answer was not seen."""
    ended: bool = False
    """Whether the last event of a stream came (`[DONE]`): nothing follows."""
    model: str = ""
    request_id: str = ""
    service_tier: str = ""
    error: str = ""
    """The kind of an error told inside a 200 answer (`overloaded_error`)."""
    reported_usd: str = ""
    """What the gateway itself says it charges, as it wrote it."""


class StreamReader(Protocol):
    """Reads one stream, event by event."""

    def feed(self, event: str, data: bytes) -> None: ...

    def answer(self) -> Answer:
        """Return what is known so far, without text."""
        ...

    def take_text(self) -> list[str]:
        """Return the text that came since the last call, and forget it."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format: where it is spoken and how it is read."""

    operation: str
    suffixes: tuple[bytes, ...]
    """What the path of a request ends in."""
    prompt_keys: tuple[str, ...]
    """Where in a request the text stands that is paid as input."""
    cap_keys: tuple[str, ...]
    """Where a request caps its output, the strongest first."""
    read: Callable[[Object], Answer]
    text: Callable[[Object], tuple[str, ...]]
    """The written text of a whole answer, for counting where no usage came."""
    stream: Callable[[], StreamReader]
    unread: str = ""
    """Why answers are not read: the call is kept with unknown usage. "" if they are."""
    usage_at_edges: bool = True
    """Whether the first or last few KB of a large answer tell all that is billed."""
