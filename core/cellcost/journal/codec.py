"""Records to JSON and back: the wire form of the journal, its spool and sync.

Defaults are left out, so that an older reader ignores what it does not know and a newer
one fills in what was not there. Money is text, times are integer microseconds.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from json.encoder import encode_basestring
from math import isfinite
from operator import attrgetter
from types import MappingProxyType
from typing import Any, cast

from cellcost.clock import from_microseconds, to_microseconds
from cellcost.records import Call, Event, Intent, Line, Where

__all__ = [
    "dumps",
    "event_body",
    "event_from_parts",
    "event_from_wire",
    "event_to_wire",
    "intent_body",
    "intent_from_wire",
    "intent_to_wire",
    "lines_from_wire",
    "lines_to_json",
    "loads",
    "loads_list",
    "stable_name",
]

_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode

# Written field by field: `encode` of a whole record takes four times as long, and the
# user's call waits for it (bench/bench_journal.py).
_text = encode_basestring

_WHERE = tuple(f.name for f in fields(Where) if f.name != "tags")
_CALL = tuple(f.name for f in fields(Call))
_CALL_TEXTS = tuple(
    name
    for name in _CALL
    if name not in ("provider", "operation", "status", "streamed")
)
_WHERE_NAMES = tuple(f'"{name}"' for name in _WHERE)
_CALL_NAMES = tuple(f'"{name}"' for name in _CALL_TEXTS)
_where_values = attrgetter(*_WHERE)
_call_values = attrgetter(*_CALL_TEXTS)
_last_where: list[tuple[Where | None, str]] = [(None, "")]


def dumps(value: Mapping[str, Any] | list[Any]) -> str:
    """Return compact JSON on one line."""
    return _encode(value)


def stable_name(text: str) -> str:
    """Return a short file name that is always the same for `text`."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def loads(text: str) -> dict[str, Any]:
    """Return the object in `text`. Raises ValueError if it is not a JSON object."""
    value: object = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return cast("dict[str, Any]", value)


def loads_list(text: str) -> list[dict[str, Any]]:
    """Return the list of objects in `text`. Raises ValueError if it is not a list."""
    value: object = json.loads(text)
    if not isinstance(value, list):
        raise ValueError("not a JSON list")
    return cast("list[dict[str, Any]]", value)


def lines_to_json(lines: Iterable[Line]) -> str:
    """Return the lines as a JSON list of objects; rates and costs are text."""
    return f"[{','.join(map(_line_to_json, lines))}]"


def _line_to_json(line: Line) -> str:
    parts = [
        f'{{"line_no":{line.line_no},"meter":{_text(line.meter)},"quantity":{line.quantity}'
    ]
    if line.variant:
        parts.append(f',"variant":{_text(line.variant)}')
    if line.list_rate is not None:
        parts.append(f',"list_rate":"{line.list_rate}"')
    if line.contracted_rate is not None:
        parts.append(f',"contracted_rate":"{line.contracted_rate}"')
    if line.cost_nusd is not None:
        parts.append(f',"cost_nusd":"{line.cost_nusd}"')
    if line.reason:
        parts.append(f',"reason":{_text(line.reason)}')
    parts.append("}")
    return "".join(parts)


def lines_from_wire(rows: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """Return the lines of their JSON objects."""
    return tuple(
        Line(
            line_no=int(row["line_no"]),
            meter=str(row["meter"]),
            quantity=int(row["quantity"]),
            variant=str(row.get("variant", "")),
            list_rate=_decimal(row.get("list_rate")),
            contracted_rate=_decimal(row.get("contracted_rate")),
            cost_nusd=None if row.get("cost_nusd") is None else int(row["cost_nusd"]),
            reason=str(row.get("reason", "")),
        )
        for row in rows
    )


def intent_body(intent: Intent) -> str:
    """Return what has no column of its own in the journal, as a JSON object."""
    body = (
        f'{{"where":{_where_to_json(intent.where)},"call":{_call_to_json(intent.call)}'
    )
    if intent.expected:
        body += f',"expected":{lines_to_json(intent.expected)}'
    if intent.kind != "llm":
        body += f',"kind":"{intent.kind}"'
    return body + "}"


def intent_to_wire(intent: Intent) -> dict[str, Any]:
    """Return everything of an intent as one JSON object."""
    row = loads(intent_body(intent))
    row["id"] = intent.id
    row["time_us"] = to_microseconds(intent.time)
    if intent.worst_nusd is not None:
        row["worst_nusd"] = intent.worst_nusd
    return row


def intent_from_wire(row: Mapping[str, Any]) -> Intent:
    """Return the intent of its JSON object."""
    return Intent(
        id=str(row["id"]),
        time=from_microseconds(row["time_us"]),
        where=_where_from_wire(row["where"]),
        call=_call_from_wire(row["call"]),
        expected=lines_from_wire(row.get("expected", ())),
        worst_nusd=row.get("worst_nusd"),
        kind=row.get("kind", "llm"),
    )


def event_to_wire(event: Event) -> dict[str, Any]:
    """Return everything of an event, lines included, as one JSON object."""
    row = loads(event_body(event))
    row["id"] = event.id
    row["time_us"] = to_microseconds(event.time)
    row["kind"] = event.kind
    row["confidence"] = event.confidence
    row["lines"] = loads_list(lines_to_json(event.lines))
    if event.corrects:
        row["corrects"] = event.corrects
    if event.installation:
        row["installation"] = event.installation
        row["seq"] = event.seq
    return row


def event_from_wire(row: Mapping[str, Any]) -> Event:
    """Return the event of its JSON object."""
    return event_from_parts(row, row, lines_from_wire(row.get("lines", ())))


def event_body(event: Event) -> str:
    """Return what has no column of its own in the journal, as a JSON object.

    Raises ValueError if the duration is no finite number.
    """
    parts = [f'{{"where":{_where_to_json(event.where)}']
    if event.call is not None:
        parts.append(f',"call":{_call_to_json(event.call)}')
    if event.duration_seconds:
        if not isfinite(event.duration_seconds):
            raise ValueError("JSON has no such number")
        parts.append(f',"duration_seconds":{event.duration_seconds!r}')
    if event.note:
        parts.append(f',"note":{_text(event.note)}')
    if event.price_id:
        parts.append(f',"price_id":{_text(event.price_id)}')
    if event.catalogue_version:
        parts.append(f',"catalogue_version":{_text(event.catalogue_version)}')
    if event.detail:
        parts.append(f',"detail":{dumps(dict(event.detail))}')
    parts.append("}")
    return "".join(parts)


def event_from_parts(
    columns: Mapping[str, Any], body: Mapping[str, Any], lines: tuple[Line, ...]
) -> Event:
    """Return the event of its columns, its body and its lines."""
    call = body.get("call")
    return Event(
        id=columns["id"],
        time=from_microseconds(columns["time_us"]),
        kind=columns["kind"],
        where=_where_from_wire(body["where"]),
        call=None if call is None else _call_from_wire(call),
        lines=lines,
        confidence=columns["confidence"],
        duration_seconds=body.get("duration_seconds", 0.0),
        note=body.get("note", ""),
        corrects=columns.get("corrects", ""),
        price_id=body.get("price_id", ""),
        catalogue_version=body.get("catalogue_version", ""),
        detail=MappingProxyType(body.get("detail", {})),
        installation=columns.get("installation", ""),
        seq=columns.get("seq", 0),
    )


def _where_to_json(where: Where) -> str:
    # A call's intent and its event have one place, and so have the calls of a loop.
    known, text = _last_where[0]
    if known is where:
        return text
    values = zip(_WHERE_NAMES, _where_values(where), strict=True)
    parts = [f"{name}:{_text(value)}" for name, value in values if value]
    if where.tags:
        parts.append(f'"tags":{dumps(dict(where.tags))}')
    text = "{" + ",".join(parts) + "}"
    _last_where[0] = (where, text)
    return text


def _where_from_wire(row: Mapping[str, Any]) -> Where:
    known = {name: row[name] for name in _WHERE if name in row}
    return Where(tags=MappingProxyType(dict(row.get("tags", {}))), **known)


def _call_to_json(call: Call) -> str:
    parts = [f'{{"provider":{_text(call.provider)},"operation":{_text(call.operation)}']
    for name, value in zip(_CALL_NAMES, _call_values(call), strict=True):
        if value:
            parts.append(f",{name}:{_text(value)}")
    if call.status:
        parts.append(f',"status":{call.status}')
    if call.streamed:
        parts.append(',"streamed":true')
    parts.append("}")
    return "".join(parts)


def _call_from_wire(row: Mapping[str, Any]) -> Call:
    return Call(**{name: row[name] for name in _CALL if name in row})


def _decimal(text: Any) -> Decimal | None:
    return None if text is None else Decimal(text)
