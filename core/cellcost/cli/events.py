"""`cellcost events`: every event of the journal, one a line."""

import argparse
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cellcost.cli import moments
from cellcost.cli.book import bring_home, current_paths, is_empty, opened
from cellcost.cli.output import Column, complain, print_line, table
from cellcost.figures import (
    cached_text,
    cost_text,
    notes_text,
    path_text,
    tokens_text,
)
from cellcost.journal import Reader
from cellcost.money import nano_to_text
from cellcost.records import Event, Line, known_cost, tokens_of
from cellcost.views import entries_of, entry_tally

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["event_json", "register"]

_POLL_SECONDS = 0.2
_RECOVER_SECONDS = 5.0


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "events",
        help="every event of the journal, one a line",
        description=(
            "Every event of the journal in the order it was stored. Calls of processes"
            " that died are settled first."
        ),
    )
    moments.add_span(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--follow", action="store_true", help="go on with events as they come"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    with opened() as reader:
        if arguments.follow:
            return _follow(reader, arguments)
        events = current_paths(
            reader.events(since=arguments.since, until=arguments.until), reader
        )
        if arguments.json:
            for event in events:
                print_line(json.dumps(event_json(event)))
            return 0
        rows = [_cells(event) for event in events]
        if rows:
            for line in table(_COLUMNS, rows):
                print_line(line)
        elif is_empty(reader.home):
            print_line(f"No journal yet in {reader.home}: no call was captured.")
        else:
            print_line("No events there.")
    return 0


def _follow(reader: Reader, arguments: argparse.Namespace) -> int:
    """Print events until interrupted; that is how one ends it, so no failure."""
    import sys

    try:
        for event in _coming(reader):
            if arguments.since and event.time < arguments.since:
                continue
            if arguments.until and event.time >= arguments.until:
                continue
            if arguments.json:
                print_line(json.dumps(event_json(event)))
            else:
                print_line("  ".join(cell for cell in _cells(event) if cell))
            sys.stdout.flush()
    except KeyboardInterrupt:
        return 0
    return 0


def _coming(reader: Reader) -> Iterator[Event]:
    rev = 0
    said = ""
    recover_at = time.monotonic() + _RECOVER_SECONDS
    while True:
        changes = reader.changes(rev)
        rev = changes.rev
        yield from current_paths(changes.events, reader)
        if changes.more:
            continue
        time.sleep(_POLL_SECONDS)
        if time.monotonic() >= recover_at:
            late = bring_home(reader.home)
            if late and late != said:
                complain(late)
            said = late
            recover_at = time.monotonic() + _RECOVER_SECONDS


def event_json(event: Event) -> dict[str, Any]:
    """Return an event as `cellcost events --json` prints it."""
    where, call = event.where, event.call
    tokens = tokens_of(event.lines)
    return {
        "id": event.id,
        "seq": event.seq,
        "time": _utc(event.time),
        "kind": event.kind,
        "origin": where.origin,
        "provider": call.provider if call else "",
        "request_model": call.request_model if call else "",
        "response_model": call.response_model if call else "",
        "operation": call.operation if call else "",
        "input_tokens": tokens.input,
        "cache_read_tokens": tokens.cache_read,
        "cache_write_tokens": tokens.cache_write,
        "output_tokens": tokens.output,
        "reasoning_tokens": tokens.reasoning,
        "cost_nusd": nano_to_text(known_cost(event.lines)),
        "confidence": event.confidence,
        "run_id": where.run_id,
        "cell_id": where.cell_id,
        "call_site": where.call_site,
        "notebook": where.notebook,
        "tags": dict(where.tags),
        "corrects": event.corrects,
        "lines": [_line_json(line) for line in event.lines],
    }


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "line_no": line.line_no,
        "meter": line.meter,
        "variant": line.variant,
        "quantity": line.quantity,
        "list_rate": _rate(line.list_rate),
        "contracted_rate": _rate(line.contracted_rate),
        "cost_nusd": nano_to_text(line.cost_nusd),
        "reason": line.reason,
    }


def _rate(rate: object) -> str | None:
    return None if rate is None else f"{rate:f}"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


_COLUMNS = (
    Column("seq", "right"),
    Column("time"),
    Column("model"),
    Column("in → out", "right"),
    Column("cached", "right"),
    Column("cost", "right"),
    Column("where", shrink=True),
    Column("note", shrink=True),
)


def _cells(event: Event) -> tuple[str, ...]:
    where, call = event.where, event.call
    tokens = tokens_of(event.lines)
    place = where.call_site or where.cell_id or where.origin
    if event.kind == "correction":
        model, note = "correction", f"corrects {event.corrects}"
    elif call is None:
        model, note = str(event.detail.get("name", event.kind)), event.note
    else:
        model, note = call.request_model or call.response_model, event.note
    cost = notes = ""
    for entry in entries_of([event]):
        tally = entry_tally(entry)
        cost, notes = cost_text(tally), notes_text(tally, counted=False)
    return (
        str(event.seq),
        event.time.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        model,
        tokens_text(tokens),
        cached_text(tokens),
        cost,
        f"{path_text(where.notebook)} · {place}" if where.notebook else place,
        " · ".join(part for part in (notes, note) if part),
    )
