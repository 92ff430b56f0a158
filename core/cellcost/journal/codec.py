"""Records to JSON and back: the wire form of the journal, its spool and sync.

Defaults are left out, so that an older reader ignores what it does not know and a newer
one fills in what was not there. Money is text, times are integer microseconds.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
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
    "intent_from_wire",
    "intent_to_wire",
    "lines_from_wire",
    "lines_to_wire",
    "loads",
    "loads_list",
    "stable_name",
]

_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode

_WHERE = tuple(f.name for f in fields(Where) if f.name != "tags")
_CALL = tuple(f.name for f in fields(Call))
_where_values = attrgetter(*_WHERE)
_call_values = attrgetter(*_CALL)


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


def lines_to_wire(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Return the lines as JSON objects; rates and costs are text."""
    rows: list[dict[str, Any]] = []
    for line in lines:
        row: dict[str, Any] = {
            "line_no": line.line_no,
            "meter": line.meter,
            "quantity": line.quantity,
        }
        if line.variant:
            row["variant"] = line.variant
        if line.list_rate is not None:
            row["list_rate"] = str(line.list_rate)
        if line.contracted_rate is not None:
            row["contracted_rate"] = str(line.contracted_rate)
        if line.cost_nusd is not None:
            row["cost_nusd"] = str(line.cost_nusd)
        if line.reason:
            row["reason"] = line.reason
        rows.append(row)
    return rows


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


def intent_to_wire(intent: Intent) -> dict[str, Any]:
    """Return everything of an intent as one JSON object."""
    row: dict[str, Any] = {
        "id": intent.id,
        "time_us": to_microseconds(intent.time),
        "where": _where_to_wire(intent.where),
        "call": _call_to_wire(intent.call),
    }
    if intent.expected:
        row["expected"] = lines_to_wire(intent.expected)
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
    )


def event_to_wire(event: Event) -> dict[str, Any]:
    """Return everything of an event, lines included, as one JSON object."""
    row = event_body(event)
    row["id"] = event.id
    row["time_us"] = to_microseconds(event.time)
    row["kind"] = event.kind
    row["confidence"] = event.confidence
    row["lines"] = lines_to_wire(event.lines)
    if event.corrects:
        row["corrects"] = event.corrects
    if event.installation:
        row["installation"] = event.installation
        row["seq"] = event.seq
    return row


def event_from_wire(row: Mapping[str, Any]) -> Event:
    """Return the event of its JSON object."""
    return event_from_parts(row, row, lines_from_wire(row.get("lines", ())))


def event_body(event: Event) -> dict[str, Any]:
    """Return what has no column of its own in the journal."""
    row: dict[str, Any] = {"where": _where_to_wire(event.where)}
    if event.call is not None:
        row["call"] = _call_to_wire(event.call)
    if event.duration_seconds:
        row["duration_seconds"] = event.duration_seconds
    for name in ("note", "price_id", "catalogue_version"):
        value = getattr(event, name)
        if value:
            row[name] = value
    if event.detail:
        row["detail"] = dict(event.detail)
    return row


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


def _where_to_wire(where: Where) -> dict[str, Any]:
    values = zip(_WHERE, _where_values(where), strict=True)
    row: dict[str, Any] = {name: value for name, value in values if value}
    if where.tags:
        row["tags"] = dict(where.tags)
    return row


def _where_from_wire(row: Mapping[str, Any]) -> Where:
    known = {name: row[name] for name in _WHERE if name in row}
    return Where(tags=MappingProxyType(dict(row.get("tags", {}))), **known)


def _call_to_wire(call: Call) -> dict[str, Any]:
    values = zip(_CALL, _call_values(call), strict=True)
    row: dict[str, Any] = {name: value for name, value in values if value}
    row.setdefault("provider", "")
    row.setdefault("operation", "")
    return row


def _call_from_wire(row: Mapping[str, Any]) -> Call:
    return Call(**{name: row[name] for name in _CALL if name in row})


def _decimal(text: Any) -> Decimal | None:
    return None if text is None else Decimal(text)
