"""The arguments of `cellcost check`, and what it prints and returns."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cellcost import __version__
from cellcost.cli.output import complain, print_line
from cellcost.cli.progress import counted
from cellcost.clock import price_time, utc_now
from cellcost.config import Settings, load_settings
from cellcost.prices import load_book

if TYPE_CHECKING:
    from cellcost.analysis import Finding
    from cellcost.cli.check.history import History
    from cellcost.cli.check.reading import Checked, Checker
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]

_ERROR = "error"
"""The severity of what a policy blocks."""

_EPILOG = (
    "Exit status: 0 nothing that --fail-on names was found; 1 it was, or the check"
    " failed; 2 called wrongly, or a path does not exist."
)


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "check",
        help="which lines spend money, on which model, and roughly how much",
        description=(
            "Which lines of Python files and notebooks spend money, on which model and"
            " roughly how much. Nothing is run."
        ),
        epilog=_EPILOG,
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
    form.add_argument(
        "--sarif", action="store_true", help="a SARIF 2.1.0 log of what was found"
    )
    parser.add_argument(
        "--diff",
        metavar="BASE",
        help="only what changed since this git revision, and what that costs",
    )
    parser.add_argument(
        "--env",
        metavar="NAME",
        help="the environment that the code is for (default: the settings')",
    )
    parser.add_argument(
        "--no-history",
        action="store_true",
        help="estimate from the source alone, not from past calls",
    )
    parser.add_argument(
        "--fail-on",
        metavar="CODES",
        type=_codes_or_error,
        default=(),
        help="exit with status 1 if one of these codes is found, or (`error`) what is"
        " not allowed: COST001,error,…",
    )
    for name, meaning in (
        ("--off", "look for none of these codes"),
        ("--on", "look for these codes, also if the settings turn them off"),
    ):
        parser.add_argument(
            name, metavar="CODES", type=_codes, default=(), help=f"{meaning}: COST001,…"
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


def _codes_or_error(text: str) -> tuple[str, ...]:
    parts = [part.strip() for part in text.split(",")]
    codes = _codes(",".join(part for part in parts if part.lower() != _ERROR))
    return (*codes, _ERROR) if _ERROR in map(str.lower, parts) else codes


def _run(arguments: argparse.Namespace) -> int:
    settings = load_settings(cwd=Path.cwd(), env=os.environ)
    paths, missing = _existing(arguments.paths)
    past = None if arguments.no_history else _past(settings, arguments, paths)
    checker = _checker(settings, arguments)
    if arguments.diff is not None:
        from cellcost.cli.check.diff import run_diff

        found = run_diff(arguments, paths, checker, past)
    else:
        checker.history = past.calls if past is not None else None
        found = _run_plain(arguments, paths, checker)
    if missing:
        return 2
    wanted = frozenset(arguments.fail_on)
    return int(any({finding.code, finding.severity} & wanted for finding in found))


def _existing(given: Sequence[Path]) -> tuple[list[Path], bool]:
    """Return the paths that are there, and whether one is not."""
    there = [path for path in given if path.exists()]
    for path in given:
        if path not in there:
            complain(f"{path} does not exist")
    return there, len(there) < len(given)


def _past(
    settings: Settings, arguments: argparse.Namespace, paths: Sequence[Path]
) -> "History | None":
    from cellcost.cli.check.history import history_of

    # With --diff, a file that was elsewhere then may be among them.
    diff = arguments.diff is not None
    below = None if diff else paths
    return history_of(settings.home, now=utc_now(), below=below, month=diff)


def _checker(settings: Settings, arguments: argparse.Namespace) -> "Checker":
    from cellcost.analysis import Workspace
    from cellcost.cli.check.reading import Checker
    from cellcost.config.people import user_name

    on = {*arguments.on, *arguments.fail_on} - {_ERROR}
    return Checker(
        workspace=Workspace(Path.cwd()),
        book=load_book(settings),
        now=price_time(),
        environment=arguments.env or settings.environment,
        off=(settings.editor.off | frozenset(arguments.off)) - on,
        tags=settings.tags,
        user=user_name(settings.policies, os.environ),
        policies=settings.policies,
    )


def _run_plain(
    arguments: argparse.Namespace, paths: Sequence[Path], checker: "Checker"
) -> "list[Finding]":
    from cellcost.analysis import estimate_json, python_files, sarif
    from cellcost.cli.check.tables import print_checked

    checked: list[Checked] = []
    files = counted(list(python_files(paths)), "files")
    for path, seen in checker.check_all(files):
        if seen is None:
            complain(f"{path} cannot be read: it was left out")
        else:
            checked.append(seen)
    found = [finding for seen in checked for finding in seen.findings]
    if arguments.json:
        sites = [
            estimate_json(item, seen.codes(item))
            for seen in checked
            for item in seen.estimates
        ]
        print_line(json.dumps(sites, indent=1))
    elif arguments.sarif:
        print_line(json.dumps(sarif(found, version=__version__, rows={}), indent=1))
    else:
        print_checked([item for seen in checked for item in seen.estimates], found)
    return found
