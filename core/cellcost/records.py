"""The frozen values that travel between rooms, and their wire form.

Times are aware UTC, durations seconds, costs integer nano-USD, rates USD per 1,000,000
units. No record ever holds a prompt, a completion or a key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

__all__ = [
    "GPU_BUSY",
    "GPU_HELD",
    "INPUT_METERS",
    "OUTPUT_METERS",
    "Call",
    "Confidence",
    "Event",
    "Intent",
    "Kind",
    "Line",
    "Live",
    "Origin",
    "Tokens",
    "Usage",
    "Where",
    "known_cost",
    "tokens_of",
    "unpriced_lines",
]

Kind = Literal["llm", "gpu", "outcome", "decision", "correction"]
Origin = Literal["cell", "silent", "widget", "thread", "process", "script"]
Confidence = Literal["measured", "estimated", "partial", "provider_reported"]

INPUT_METERS = frozenset(
    {
        "input",
        "cache_read",
        "cache_write",
        "input_audio",
        "cache_read_audio",
        "input_image",
    }
)
"""Line meters whose quantities add up to an event's input tokens."""

OUTPUT_METERS = frozenset({"output", "reasoning", "output_audio", "output_image"})
"""Line meters whose quantities add up to an event's output tokens."""


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one answer used, in one meaning for every provider.

    `input_tokens` includes every cached, written and audio token; `output_tokens`
    includes reasoning and audio. `cache_write_1h_tokens` is part of
    `cache_write_tokens`; `cache_read_audio_tokens` part of both `cache_read_tokens` and
    `input_audio_tokens`. `other` holds units that are not tokens or that we do not know
    (`{"web_search": 2}`), kept as raw lines.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    cache_read_audio_tokens: int = 0
    output_audio_tokens: int = 0
    other: Mapping[str, int] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One priced part of a usage.

    The lines of an event PARTITION its usage: quantities of INPUT_METERS sum to
    `input_tokens`, of OUTPUT_METERS to `output_tokens`. `cost_nusd` is None where no
    price is known; `reason` then says why. Rates are USD per 1,000,000 units; of GPU
    lines, whose unit is a millisecond of a device, USD per hour. In a correction
    quantities and costs are signed differences.
    """

    line_no: int
    meter: str
    quantity: int
    variant: str = ""
    list_rate: Decimal | None = None
    contracted_rate: Decimal | None = None
    cost_nusd: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Who made a call, and where in the code."""

    origin: Origin
    run_id: str = ""
    """msg_id of the execute_request that owns the call, or the id of a process run."""
    cell_id: str = ""
    call_site: str = ""
    """`path:qualified.function:line`; for a notebook `cell:qualified.function:line`."""
    call_file: str = ""
    """The absolute path of the file that the call stands in; "" for a cell."""
    call_mark: str = ""
    """A hash of the call's own lines, see `cellcost.call_sites`; "" if not known."""
    notebook: str = ""
    kernel_id: str = ""
    session_id: str = ""
    source_hash: str = ""
    user: str = ""
    host: str = ""
    tags: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What was asked of which provider. OTel GenAI names where they exist."""

    provider: str
    """A catalogue id (`openai`), a host kind (`ollama`), or "" for an unknown host."""
    operation: str
    """`chat`, `responses`, `embeddings`, `messages`, ..."""
    endpoint: str = ""
    """`host[:port]` the request went to; never a path, a query or a credential."""
    request_model: str = ""
    response_model: str = ""
    request_id: str = ""
    billing_account: str = ""
    service_tier: str = ""
    status: int | None = None
    """HTTP status of the answer; None when there was none."""
    streamed: bool = False
    retry_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A request about to leave, or a GPU in use. Its id becomes its event's id."""

    id: str
    time: datetime
    where: Where
    call: Call
    expected: tuple[Line, ...] = ()
    """Estimate of what the request alone costs, for a call that dies."""
    worst_nusd: int | None = None
    kind: Kind = "llm"
    """Of the event that it becomes: `gpu` for a GPU that is being used or held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What a call in flight has used so far (an estimate)."""

    id: str
    time: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that was used or happened; immutable once stored.

    `seq` and `installation` are 0 and "" until the journal stored it. `detail` holds
    what only this kind has (an outcome's name, count, quality, value).
    """

    id: str
    time: datetime
    kind: Kind
    where: Where
    call: Call | None = None
    lines: tuple[Line, ...] = ()
    confidence: Confidence = "measured"
    duration_seconds: float = 0.0
    note: str = ""
    """Why the figure is what it is: `stopped early`, `HTTP 429`."""
    corrects: str = ""
    price_id: str = ""
    catalogue_version: str = ""
    detail: Mapping[str, Any] = field(default_factory=_nothing)
    installation: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Token totals of some lines; input includes cache, output includes reasoning."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
            reasoning=self.reasoning + other.reasoning,
        )


def tokens_of(lines: Iterable[Line]) -> Tokens:
    """Return the token totals of `lines`."""
    total = {"input": 0, "output": 0, "cache_read": 0, "cache_write": 0, "reasoning": 0}
    for line in lines:
        if line.meter in INPUT_METERS:
            total["input"] += line.quantity
        elif line.meter in OUTPUT_METERS:
            total["output"] += line.quantity
        if line.meter in ("cache_read", "cache_read_audio"):
            total["cache_read"] += line.quantity
        elif line.meter in ("cache_write", "reasoning"):
            total[line.meter] += line.quantity
    return Tokens(**total)


GPU_BUSY: Final = "gpu_busy"
"""Meter of the device time in which kernels of ours ran; quantity in milliseconds."""

GPU_HELD: Final = "gpu_held"
"""Meter of the device time in which we only held memory; quantity in milliseconds."""


def known_cost(lines: Iterable[Line]) -> int | None:
    """Return the sum of the known costs; None if there are lines and none is priced.

    No lines at all cost exactly 0: nothing was used (a 429 answer, say).
    """
    rows = list(lines)
    costs = [line.cost_nusd for line in rows if line.cost_nusd is not None]
    return sum(costs) if costs or not rows else None


def unpriced_lines(lines: Iterable[Line]) -> int:
    """Return how many lines have no known cost.

    A correction withdraws an unpriced line with a negative quantity: it counts -1, so
    that the count of a call is a plain sum too.
    """
    return sum(
        -1 if line.quantity < 0 else 1 for line in lines if line.cost_nusd is None
    )
