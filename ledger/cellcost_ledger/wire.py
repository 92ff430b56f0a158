"""Events as they come and replies as they go: JSON, checked while it is decoded.

The shape of an event is `cellcost.journal.codec.event_to_wire`. Names that this version
does not know are ignored; only what is named here is ever stored.
"""

import json
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

__all__ = [
    "Batch",
    "Reply",
    "Result",
    "Status",
    "WireCall",
    "WireEvent",
    "WireLine",
    "WireWhere",
    "decode_batch",
    "decode_event",
    "encode",
    "glimpse",
]

MOST_EVENTS = 500
MOST_LINES = 200

# So that no sum of a year's hours leaves 64 bits.
_MOST = 10**15

_Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z")]
_IdOrNone = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{0,64}\Z")]
_Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
_Rate = Annotated[
    str, Meta(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?\Z")
]
_Money = Annotated[str, Meta(pattern=r"^-?[0-9]{1,16}\Z")]
_Short = Annotated[str, Meta(max_length=200)]
_Text = Annotated[str, Meta(max_length=4000)]
_Seq = Annotated[int, Meta(ge=1, le=2**53)]
# Up to the end of the year 9999, in microseconds.
_Time = Annotated[int, Meta(ge=0, le=253_402_300_799_999_999)]
_Count = Annotated[int, Meta(ge=-_MOST, le=_MOST)]


class WireLine(Struct, frozen=True):
    """One priced part of a usage; a correction's are signed."""

    line_no: Annotated[int, Meta(ge=0, le=1_000_000)]
    meter: _Short
    quantity: _Count
    variant: _Short = ""
    list_rate: _Rate | None = None
    contracted_rate: _Rate | None = None
    cost_nusd: _Money | None = None
    reason: _Text = ""


class WireWhere(Struct, frozen=True, omit_defaults=True):
    """Who made a call, and where in the code."""

    origin: _Short = ""
    run_id: _Text = ""
    cell_id: _Text = ""
    call_site: _Text = ""
    call_file: _Text = ""
    call_mark: _Text = ""
    notebook: _Text = ""
    kernel_id: _Text = ""
    session_id: _Text = ""
    source_hash: _Text = ""
    user: _Text = ""
    host: _Text = ""
    tags: dict[_Short, _Text] = field(default_factory=dict[str, str])


class WireCall(Struct, frozen=True, omit_defaults=True):
    """What was asked of which provider."""

    provider: _Text = ""
    operation: _Text = ""
    endpoint: _Text = ""
    request_model: _Text = ""
    response_model: _Text = ""
    request_id: _Text = ""
    billing_account: _Text = ""
    service_tier: _Text = ""
    status: Annotated[int, Meta(ge=0, le=9999)] | None = None
    streamed: bool = False
    retry_of: _Text = ""


class WireEvent(Struct, frozen=True):
    """Something that was used or happened."""

    id: _Id
    seq: _Seq
    time_us: _Time
    kind: _Word
    where: WireWhere
    confidence: _Word
    lines: Annotated[list[WireLine], Meta(max_length=MOST_LINES)]
    installation: _IdOrNone = ""
    corrects: _IdOrNone = ""
    call: WireCall | None = None
    duration_seconds: float = 0.0
    note: _Text = ""
    price_id: _Text = ""
    catalogue_version: _Text = ""
    detail: dict[_Short, Any] = field(default_factory=dict[str, Any])


class Batch(Struct, frozen=True):
    """Some events of one installation, each still as it came."""

    installation: _Id
    events: Annotated[list[msgspec.Raw], Meta(max_length=MOST_EVENTS)]
    client: _Short = ""


Status = Literal["stored", "duplicate", "conflict", "rejected"]


class Result(Struct, frozen=True):
    """What became of one event, in the order of the batch."""

    id: str
    status: Status
    reason: str = ""


class Reply(Struct, frozen=True):
    """What became of a batch."""

    results: list[Result]
    last_contiguous_seq: int
    forked: bool


_batch = msgspec.json.Decoder(Batch)
_event = msgspec.json.Decoder(WireEvent)
_encoder = msgspec.json.Encoder()


def decode_batch(body: bytes) -> Batch:
    """Return the batch in `body`. Raises ValueError, in words for its sender."""
    try:
        return _batch.decode(body)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _lenient_batch(body)


def decode_event(raw: bytes) -> WireEvent:
    """Return the event in `raw`. Raises ValueError, in words for its sender."""
    try:
        return _event.decode(raw)
    except UnicodeDecodeError:
        raise ValueError("text is not UTF-8") from None
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def encode(value: object) -> bytes:
    """Return compact JSON."""
    return _encoder.encode(value)


def glimpse(raw: bytes) -> tuple[str, int | None]:
    """Return the id and the seq of an event that is otherwise malformed: "", None."""
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError):
        return "", None
    id_ = seq = None
    if isinstance(found, dict):
        id_, seq = found.get("id"), found.get("seq")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    try:
        known_id = msgspec.convert(id_, _Id)
    except msgspec.ValidationError:
        known_id = ""
    try:
        return known_id, msgspec.convert(seq, _Seq)
    except msgspec.ValidationError:
        return known_id, None


def _lenient_batch(body: bytes) -> Batch:
    """Return a batch of which one event holds what is no JSON: half a surrogate, say.

    That event then fails alone, in `decode_event`.
    """
    try:
        found: object = json.loads(body.decode("utf-8", "surrogateescape"))
        text = json.dumps(found)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    value: Any = json.loads(text)
    if not isinstance(value, dict) or not isinstance(value.get("events"), list):  # pyright: ignore[reportUnknownMemberType]
        raise ValueError("Expected `object` with `events`")
    raw = [msgspec.Raw(json.dumps(event).encode()) for event in value["events"]]  # pyright: ignore[reportUnknownVariableType]
    try:
        return msgspec.convert({**value, "events": raw}, Batch)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
