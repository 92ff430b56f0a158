"""Events as they come and replies as they go: JSON, checked while it is decoded.

The shape of an event is `cellcost.journal.codec.event_to_wire`. Names that this version
does not know are ignored; only what is named here is ever stored.
"""

import json
import re
from functools import lru_cache
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

_ID = r"^[A-Za-z0-9._:-]{1,64}\Z"
_ID_OR_NONE = r"^[A-Za-z0-9._:-]{0,64}\Z"
_WORD = r"^[a-z][a-z0-9_]{0,31}\Z"
_RATE = r"^-?[0-9]{1,20}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?\Z"
_MONEY = r"^-?[0-9]{1,16}\Z"
_LONGEST = 64
"""No text that one of these takes is longer."""


def _told(pattern: str) -> Meta:
    """Return a pattern that the schema tells and `_check` holds an event to.

    msgspec's own check of them took two thirds of the time in which an event is decoded
    (bench/bench_ingest.py).
    """
    return Meta(extra_json_schema={"pattern": pattern})


_Id = Annotated[str, Meta(pattern=_ID)]
_EventId = Annotated[str, _told(_ID)]
_IdOrNone = Annotated[str, _told(_ID_OR_NONE)]
_Word = Annotated[str, _told(_WORD)]
_Rate = Annotated[str, _told(_RATE)]
_Money = Annotated[str, _told(_MONEY)]
_Short = Annotated[str, Meta(max_length=200)]
_Text = Annotated[str, Meta(max_length=4000)]
_Seq = Annotated[int, Meta(ge=1, le=2**53)]
# Up to the end of the year 9999, in microseconds.
_Time = Annotated[int, Meta(ge=0, le=253_402_300_799_999_999)]
_Count = Annotated[int, Meta(ge=-_MOST, le=_MOST)]


class WireLine(Struct, frozen=True, gc=False):
    """One priced part of a usage; a correction's are signed."""

    line_no: Annotated[int, Meta(ge=0, le=1_000_000)]
    meter: _Short
    quantity: _Count
    variant: _Short = ""
    list_rate: _Rate | None = None
    contracted_rate: _Rate | None = None
    cost_nusd: _Money | None = None
    reason: _Text = ""


class WireWhere(Struct, frozen=True, omit_defaults=True, gc=False):
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


class WireCall(Struct, frozen=True, omit_defaults=True, gc=False):
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


class WireEvent(Struct, frozen=True, gc=False):
    """Something that was used or happened."""

    id: _EventId
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
        event = _event.decode(raw)
    except UnicodeDecodeError:
        raise ValueError("text is not UTF-8") from None
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    _check(event)
    return event


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


_is_id = re.compile(_ID).match
_is_money = re.compile(_MONEY).match
# The same few come over and over; what is longer than `_LONGEST` is not remembered.
_is_word = lru_cache(maxsize=1024)(re.compile(_WORD).match)
_is_rate = lru_cache(maxsize=4096)(re.compile(_RATE).match)


def _check(event: WireEvent) -> None:
    """Hold an event to the patterns that its shape tells. Raises ValueError."""
    if not _is_id(event.id):
        raise _mismatch(_ID, "id")
    if event.installation and not _is_id(event.installation):
        raise _mismatch(_ID_OR_NONE, "installation")
    if event.corrects and not _is_id(event.corrects):
        raise _mismatch(_ID_OR_NONE, "corrects")
    for word, name in ((event.kind, "kind"), (event.confidence, "confidence")):
        if len(word) > _LONGEST or not _is_word(word):
            raise _mismatch(_WORD, name)
    for place, line in enumerate(event.lines):
        cost, rate, own = line.cost_nusd, line.list_rate, line.contracted_rate
        if cost is not None and not _is_money(cost):
            raise _mismatch(_MONEY, f"lines[{place}].cost_nusd")
        if rate is not None and (len(rate) > _LONGEST or not _is_rate(rate)):
            raise _mismatch(_RATE, f"lines[{place}].list_rate")
        if own is not None and (len(own) > _LONGEST or not _is_rate(own)):
            raise _mismatch(_RATE, f"lines[{place}].contracted_rate")


def _mismatch(pattern: str, place: str) -> ValueError:
    return ValueError(f"Expected `str` matching regex {pattern!r} - at `$.{place}`")


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
