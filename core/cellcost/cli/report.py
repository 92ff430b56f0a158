"""`cellcost report`: what was spent, by cell, notebook, model, tag, place or day."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from cellcost.cli import moments
from cellcost.cli.book import current_paths, is_empty, opened
from cellcost.cli.output import Column, print_line, table
from cellcost.figures import (
    cached_text,
    cost_text,
    duration_text,
    notes_text,
    path_text,
    tokens_text,
)
from cellcost.journal import Reader
from cellcost.records import Event
from cellcost.views import REPORT_KEYS, ReportRow, Tally, report
from cellcost.views.wire import report_json

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["matches_notebook", "register", "report_lines"]


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "report",
        help="what was spent, by cell, model, team, day ...",
        description="What was spent: one row a key, and the sum. Rows add up.",
    )
    parser.add_argument(
        "--by",
        choices=REPORT_KEYS,
        default="model",
        help="what a row stands for (default: model)",
    )
    moments.add_span(parser)
    parser.add_argument(
        "--notebook",
        metavar="PATH",
        help="only this notebook: its path, or the end of it",
    )
    parser.add_argument(
        "--json", action="store_true", help="a JSON array; money in nano-USD, as text"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    with opened() as reader:
        rows = report(_chosen(reader, arguments), by=arguments.by)
        if arguments.json:
            print_line(json.dumps(report_json(rows), indent=1))
            return 0
        running = len(reader.pending())
        if not rows:
            print_line(_nothing(reader, arguments))
        else:
            for line in report_lines(rows, by=arguments.by):
                print_line(line)
    if running:
        plural = "call is" if running == 1 else "calls are"
        print_line(f"\n{running} {plural} still running and not in these figures.")
    return 0


def _chosen(reader: Reader, arguments: argparse.Namespace) -> Iterator[Event]:
    events = reader.events(since=arguments.since, until=arguments.until)
    for event in current_paths(events, reader):
        wanted = arguments.notebook
        if not wanted or matches_notebook(event.where.notebook, wanted):
            yield event


def matches_notebook(path: str, wanted: str) -> bool:
    """Say whether `wanted` names the notebook: its path, or the end of its path."""
    parts, tail = PurePath(path).parts, PurePath(wanted).parts
    while tail and tail[0] in (".", ".."):
        tail = tail[1:]
    return bool(tail) and parts[-len(tail) :] == tail


def report_lines(rows: Sequence[ReportRow], *, by: str) -> list[str]:
    """Return the lines of the table that a person reads."""
    total = sum((row.tally for row in rows), Tally())
    if by == "gpu":
        return table(
            _GPU_COLUMNS,
            [_gpu_cells(row.key, row.tally) for row in rows],
            footer=_gpu_cells("total", total),
        )
    columns = (
        Column(by.replace("_", " "), shrink=True),
        Column("calls", "right"),
        Column("in → out", "right"),
        Column("cached", "right"),
        Column("cost", "right"),
        Column(""),
    )
    return table(
        columns,
        [_cells(_name(row.key, by), row.tally) for row in rows],
        footer=_cells("total", total),
    )


def _name(key: str, by: str) -> str:
    if not key:
        return f"(no {by.replace('_', ' ')})"
    return path_text(key) if by in ("cell", "notebook") else key


def _cells(name: str, tally: Tally) -> tuple[str, ...]:
    return (
        name,
        f"{tally.calls:,}",
        tokens_text(tally.tokens),
        cached_text(tally.tokens),
        cost_text(tally),
        notes_text(tally),
    )


_GPU_COLUMNS = (
    Column("gpu", shrink=True),
    Column("busy", "right"),
    Column("held idle", "right"),
    Column("cost", "right"),
    Column(""),
)


def _gpu_cells(name: str, tally: Tally) -> tuple[str, ...]:
    return (
        name,
        duration_text(tally.gpu_busy_ms / 1000),
        duration_text(tally.gpu_held_ms / 1000),
        cost_text(tally),
        notes_text(tally),
    )


def _nothing(reader: Reader, arguments: argparse.Namespace) -> str:
    chosen = arguments.since or arguments.until or arguments.notebook
    if arguments.by == "gpu" and not is_empty(reader.home):
        return "No GPU time there. `cellcost doctor` says whether GPUs are measured."
    if chosen and not is_empty(reader.home):
        return "No calls there. `cellcost report` without a choice shows all there are."
    return (
        f"No calls yet in {reader.home}. Run a cell that calls a model;"
        " `cellcost doctor` says whether calls are captured."
    )
