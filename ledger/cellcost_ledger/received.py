"""One event as it came: checked, with its hash and the row that would be stored."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, cast

import msgspec

from cellcost.records import INPUT_METERS, OUTPUT_METERS
from cellcost_ledger.wire import (
    WireCall,
    WireEvent,
    WireLine,
    WireWhere,
    decode_event,
    encode,
    glimpse,
)

__all__ = [
    "LINE_NAMES",
    "Accepted",
    "LineValues",
    "Malformed",
    "core_hash",
    "known_part",
    "read_event",
    "sums_of",
]

MOST_BYTES = 64 * 1024
"""The longest event that is read."""
MOST_NUSD = 10**15
"""The dearest event, a million dollars: a slip of a price must not fill 64 bits."""
_KEY_BYTES = 256
# PostgreSQL's text has no NUL, and the hash must be of what is stored.
_NUL, _STAND_IN = "\x00", "\ufffd"

LineValues = tuple[int, str, str, int, str | None, str | None, int | None, str]
"""A line as it is hashed and stored, without the keys of its event."""
LINE_NAMES = (
    *("line_no", "meter", "variant", "quantity"),
    *("list_rate", "contracted_rate", "cost_nusd", "reason"),
)
_line_values = cast(
    "Callable[[Mapping[str, Any]], LineValues]", itemgetter(*LINE_NAMES)
)
_line_no = itemgetter(0)

_KEPT = tuple(n for n in WireWhere.__struct_fields__ if n not in ("tags", "user"))
_kept = attrgetter(*_KEPT)
_KeptWhere = msgspec.defstruct(
    "_KeptWhere", [(name, str, "") for name in _KEPT], omit_defaults=True, gc=False
)


class _Body(msgspec.Struct, omit_defaults=True, gc=False):
    """What has no column of its own."""

    where: Any
    call: WireCall | None = None
    duration_seconds: float = 0.0
    note: str = ""
    price_id: str = ""
    catalogue_version: str = ""
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that can be stored."""

    id: str
    seq: int
    team: str
    """The team tag that came with it; "" for none."""
    core_hash: str
    row: Mapping[str, Any]
    line_values: tuple[LineValues, ...]
    raw: bytes

    @property
    def lines(self) -> tuple[Mapping[str, Any], ...]:
        """Its lines by name."""
        return tuple(
            dict(zip(LINE_NAMES, line, strict=True)) for line in self.line_values
        )


@dataclass(frozen=True, slots=True)
class Malformed:
    """An event that cannot be stored, and why."""

    id: str
    seq: int | None
    reason: str
    raw: bytes

    @property
    def known_id(self) -> str:
        """Its id, or a name made from its bytes where it has none."""
        return self.id or f"raw:{hashlib.sha256(self.raw).hexdigest()[:56]}"


def read_event(raw: bytes, installation: str) -> Accepted | Malformed:
    """Return what can be stored of one event of a batch of `installation`."""
    if len(raw) > MOST_BYTES:
        id_, seq = glimpse(raw)
        return Malformed(id_, seq, f"longer than {MOST_BYTES} bytes", raw[:MOST_BYTES])
    try:
        event = decode_event(raw)
        if b"\\u0000" in raw:
            event = decode_event(encode(_without_nul(msgspec.to_builtins(event))))
        return _accept(event, installation, raw)
    except ValueError as error:
        id_, seq = glimpse(raw)
        return Malformed(id_, seq, str(error)[:500], raw)


def known_part(raw: bytes) -> bytes:
    """Return what may be kept of an event that was refused: the names that we know.

    Whatever else came might be a prompt. What is no JSON object is not kept at all.
    """
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError):
        return b""
    kept = _names_of(found, WireEvent)
    for name, shape in (("where", WireWhere), ("call", WireCall)):
        if name in kept:
            kept[name] = _names_of(kept[name], shape)
    lines = kept.get("lines")
    if isinstance(lines, list):
        kept["lines"] = [
            _names_of(line, WireLine) for line in cast("list[object]", lines)
        ]
    return json.dumps(kept).encode() if kept else b""


def core_hash(
    event_id: str,
    seq: int,
    kind: str,
    time_us: int,
    corrects: str,
    lines: Iterable[Mapping[str, Any]],
) -> str:
    """Return the hash of what an event is: never of what may be redacted or stamped."""
    values = map(_line_values, lines)
    return _hash(event_id, seq, kind, time_us, corrects, values)


def sums_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, int | None]:
    """Return what an event's row tells of its lines, as `cellcost.records` sums them.

    The cost is None if there are lines and none has a price.
    """
    return _sums(map(_line_values, lines))


def _hash(
    event_id: str,
    seq: int,
    kind: str,
    time_us: int,
    corrects: str,
    lines: Iterable[LineValues],
) -> str:
    ordered = sorted(lines, key=_line_no)
    whole = encode((event_id, seq, kind, time_us, corrects, ordered))
    return hashlib.sha256(whole).hexdigest()


def _sums(lines: Iterable[LineValues]) -> dict[str, int | None]:
    total, n_priced, n_unpriced, into, out = 0, 0, 0, 0, 0
    empty = True
    for _, meter, _, quantity, _, _, cost, _ in lines:
        empty = False
        if cost is None:
            n_unpriced += -1 if quantity < 0 else 1
        else:
            n_priced += 1
            total += cost
        if meter in INPUT_METERS:
            into += quantity
        elif meter in OUTPUT_METERS:
            out += quantity
    return {
        "cost_nusd": total if n_priced or empty else None,
        "n_unpriced": n_unpriced,
        "input_tokens": into,
        "output_tokens": out,
    }


def _names_of(value: object, shape: type[msgspec.Struct]) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    given = cast("dict[str, Any]", value)
    return {n: given[n] for n in shape.__struct_fields__ if n in given}


def _accept(event: WireEvent, installation: str, raw: bytes) -> Accepted:
    if event.installation not in ("", installation):
        raise ValueError(f"it is of installation {event.installation}")
    lines = tuple(map(_values_of, event.lines))
    if len(set(map(_line_no, lines))) < len(lines):
        raise ValueError("two lines have one line_no")
    if sum(abs(line[6] or 0) for line in lines) > MOST_NUSD:
        raise ValueError(f"it costs more than {MOST_NUSD} nano-USD")
    hashed = _hash(
        event.id, event.seq, event.kind, event.time_us, event.corrects, lines
    )
    tags, call = event.where.tags, event.call
    row: dict[str, Any] = {
        "event_id": event.id,
        "seq": event.seq,
        "time_us": event.time_us,
        "kind": event.kind,
        "confidence": event.confidence,
        "corrects": event.corrects,
        "function": _key(tags.get("function", "")),
        "environment": _key(tags.get("environment", "")),
        "provider": _key(call.provider) if call else "",
        "model": _key(call.response_model or call.request_model) if call else "",
        "claimed_user": event.where.user,
        **_sums(lines),
        "core_hash": hashed,
        "tags": encode(tags).decode(),
        "body": encode(_body(event)).decode(),
    }
    return Accepted(
        event.id, event.seq, _key(tags.get("team", "")), hashed, row, lines, raw
    )


def _values_of(line: WireLine) -> LineValues:
    cost = line.cost_nusd
    return (
        line.line_no,
        line.meter,
        line.variant,
        line.quantity,
        line.list_rate,
        line.contracted_rate,
        None if cost is None else int(cost),
        line.reason,
    )


def _body(event: WireEvent) -> _Body:
    """Return what has no column of its own."""
    return _Body(
        _KeptWhere(*_kept(event.where)),
        event.call,
        event.duration_seconds or 0.0,
        event.note,
        event.price_id,
        event.catalogue_version,
        event.detail or None,
    )


def _key(text: str) -> str:
    """Return `text` as short as a rollup's key may be; the tag itself stays whole."""
    if len(text) <= _KEY_BYTES // 4:
        return text
    found = text.encode()
    if len(found) <= _KEY_BYTES:
        return text
    return found[: _KEY_BYTES - 3].decode("utf-8", "ignore") + "…"


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(_NUL, _STAND_IN)
    if isinstance(value, dict):
        return {_without_nul(k): _without_nul(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_without_nul(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value
