"""One event as it came: checked, with its hash and the row that would be stored."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    "Accepted",
    "Malformed",
    "core_hash",
    "known_part",
    "line_row",
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


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that can be stored."""

    id: str
    seq: int
    team: str
    """The team tag that came with it; "" for none."""
    core_hash: str
    row: Mapping[str, Any]
    lines: tuple[Mapping[str, Any], ...]
    raw: bytes


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
    values = [
        [
            line["line_no"],
            line["meter"],
            line["variant"],
            line["quantity"],
            line["list_rate"],
            line["contracted_rate"],
            line["cost_nusd"],
            line["reason"],
        ]
        for line in lines
    ]
    values.sort(key=lambda line: int(line[0]))
    whole = encode([event_id, seq, kind, time_us, corrects, values])
    return hashlib.sha256(whole).hexdigest()


def sums_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, int | None]:
    """Return what an event's row tells of its lines, as `cellcost.records` sums them.

    The cost is None if there are lines and none has a price.
    """
    cost, n_priced, n_unpriced, into, out = 0, 0, 0, 0, 0
    empty = True
    for line in lines:
        empty = False
        quantity, meter = line["quantity"], line["meter"]
        if line["cost_nusd"] is None:
            n_unpriced += -1 if quantity < 0 else 1
        else:
            n_priced += 1
            cost += line["cost_nusd"]
        if meter in INPUT_METERS:
            into += quantity
        elif meter in OUTPUT_METERS:
            out += quantity
    return {
        "cost_nusd": cost if n_priced or empty else None,
        "n_unpriced": n_unpriced,
        "input_tokens": into,
        "output_tokens": out,
    }


def line_row(line: WireLine) -> dict[str, Any]:
    """Return a line as it is stored, without the keys of its event."""
    return {
        "line_no": line.line_no,
        "meter": line.meter,
        "variant": line.variant,
        "quantity": line.quantity,
        "list_rate": line.list_rate,
        "contracted_rate": line.contracted_rate,
        "cost_nusd": None if line.cost_nusd is None else int(line.cost_nusd),
        "reason": line.reason,
    }


def _names_of(value: object, shape: type[msgspec.Struct]) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    given = cast("dict[str, Any]", value)
    return {n: given[n] for n in shape.__struct_fields__ if n in given}


def _accept(event: WireEvent, installation: str, raw: bytes) -> Accepted:
    if event.installation not in ("", installation):
        raise ValueError(f"it is of installation {event.installation}")
    lines = tuple(line_row(line) for line in event.lines)
    if len({line["line_no"] for line in lines}) < len(lines):
        raise ValueError("two lines have one line_no")
    if sum(abs(line["cost_nusd"] or 0) for line in lines) > MOST_NUSD:
        raise ValueError(f"it costs more than {MOST_NUSD} nano-USD")
    hashed = core_hash(
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
        **sums_of(lines),
        "core_hash": hashed,
        "tags": encode(tags).decode(),
        "body": encode(_body(event)).decode(),
    }
    return Accepted(
        event.id, event.seq, _key(tags.get("team", "")), hashed, row, lines, raw
    )


def _body(event: WireEvent) -> dict[str, Any]:
    """Return what has no column of its own."""
    where: dict[str, Any] = msgspec.to_builtins(event.where)
    where.pop("tags", None)
    where.pop("user", None)
    body: dict[str, Any] = {"where": where}
    if event.call is not None:
        body["call"] = event.call
    for name in ("duration_seconds", "note", "price_id", "catalogue_version", "detail"):
        value = getattr(event, name)
        if value:
            body[name] = value
    return body


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
