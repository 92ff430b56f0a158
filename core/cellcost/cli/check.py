"""`cellcost check`: what model calls in source files will cost, before they run."""

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cellcost import __version__
from cellcost.cli.output import Column, complain, print_line, table
from cellcost.clock import price_time
from cellcost.config import load_settings
from cellcost.money import format_usd
from cellcost.prices import load_book

if TYPE_CHECKING:
    from cellcost.analysis import Book, Estimate, Finding
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "check",
        help="which lines spend money, on which model, and roughly how much",
        description=(
            "Which lines of Python files and notebooks spend money, on which model and"
            " roughly how much. Nothing is run."
        ),
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        default=[Path()],
        metavar="PATH",
        help="files, notebooks and folders (default: the current folder)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a JSON array of call sites")
    form.add_argument("--sarif", action="store_true", help="a SARIF 2.1.0 log")
    parser.add_argument(
        "--env",
        metavar="NAME",
        help="the environment that the code is for (default: the settings')",
    )
    parser.add_argument(
        "--fail-on",
        metavar="CODES",
        type=_codes,
        default=(),
        help="exit with status 1 if one of these codes is found: COST001,COST003",
    )
    parser.set_defaults(run=_run)


def _codes(text: str) -> tuple[str, ...]:
    from cellcost.analysis import CODES

    codes = tuple(code.strip().upper() for code in text.split(",") if code.strip())
    for code in codes:
        if code not in CODES:
            raise argparse.ArgumentTypeError(
                f"{code!r} is no code; there are {', '.join(CODES)}"
            )
    return codes


def _run(arguments: argparse.Namespace) -> int:
    from cellcost.analysis import cheaper, estimate_json, findings, sarif, silenced

    settings = load_settings(cwd=Path.cwd(), env=os.environ)
    environment = arguments.env or settings.environment
    wanted: tuple[str, ...] = arguments.fail_on
    found: list[Finding] = []
    estimates: list[Estimate] = []
    sources: dict[tuple[str, int | None], Sequence[str]] = {}
    book = load_book(settings)
    for items, lines in _estimates(arguments.paths, book):
        sources.update(lines)
        estimates += items
        off = () if "COST002" in wanted else ("COST002",)
        found += [
            finding
            for finding in findings(
                items,
                environment=environment,
                off=off,
                instead=partial(cheaper, book=book),
            )
            if not silenced(finding, sources.get(_place(finding), ()))
        ]
    codes: dict[int, list[str]] = {}
    for finding in found:
        at = codes.setdefault(id(finding.estimate), [])
        if finding.code not in at:
            at.append(finding.code)
    if arguments.json:
        sites = [estimate_json(item, codes.get(id(item), ())) for item in estimates]
        print_line(json.dumps(sites, indent=1))
    elif arguments.sarif:
        print_line(json.dumps(sarif(found, version=__version__, rows={}), indent=1))
    else:
        _print(estimates, found)
    return int(any(finding.code in wanted for finding in found))


def _estimates(
    paths: Sequence[Path], book: "Book"
) -> Iterator[tuple[list["Estimate"], Mapping[tuple[str, int | None], Sequence[str]]]]:
    from cellcost.analysis import Document, Workspace, analyse, estimate, python_files
    from cellcost.tokens import count

    workspace = Workspace(Path.cwd())
    now = price_time()
    for path in python_files(paths):
        if not path.exists():
            complain(f"{path} does not exist")
            continue
        unit = workspace.unit(path)
        if unit is None:
            complain(f"{path} cannot be read: it was left out")
            continue
        sites = analyse(unit, find=workspace.find)
        items = [estimate(site, book=book, count=count, at=now) for site in sites]
        lines: dict[tuple[str, int | None], Sequence[str]] = {}
        if isinstance(unit, Document):
            lines[str(path), None] = unit.lines()
        else:
            lines.update({(str(path), c.index): c.lines() for c in unit.cells})
        yield items, lines


def _place(finding: "Finding") -> tuple[str, int | None]:
    area = finding.estimate.site.area
    return area.path, area.cell


def _print(estimates: "Sequence[Estimate]", found: "Sequence[Finding]") -> None:
    if not estimates:
        print_line("No model calls found.")
        return
    columns = (
        Column("where", shrink=True),
        Column("kind"),
        Column("model"),
        Column("one call", "right"),
        Column("loop"),
    )
    rows = [
        (
            _where(item),
            item.site.kind,
            " | ".join(model.written for model in item.site.models) or "?",
            _cost_text(item),
            _loop_text(item),
        )
        for item in estimates
    ]
    for line in table(columns, rows):
        print_line(line)
    if found:
        print_line()
    for finding in found:
        print_line(f"{_where(finding.estimate)}: {finding.code} {finding.message}")


def _where(item: "Estimate") -> str:
    area = item.site.area
    cell = "" if area.cell is None else f":cell {area.cell}"
    return f"{area.path}{cell}:{area.row + 1}"


def _cost_text(item: "Estimate") -> str:
    cost = item.cost_nusd
    if item.site.kind == "load":
        return "GPU time"
    if cost is None:
        return "unpriced" if item.candidates else "?"
    if cost.high is None and not cost.low:
        return f"≈ {format_usd(item.typical_nusd or 0)}"
    if cost.high is None:
        return f"≥ {format_usd(cost.low)}"
    return f"≈ {format_usd(cost.low)}–{format_usd(cost.high).removeprefix('$')}"  # noqa: RUF001


def _loop_text(item: "Estimate") -> str:
    if not item.site.in_loop:
        return ""
    count = item.site.loop_count
    return "× n" if count is None else f"× {count}"  # noqa: RUF001
