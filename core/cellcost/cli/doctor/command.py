"""The command: every finding as a line, exit status 1 if something needs a fix."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cellcost.cli.doctor import book, gpu, jupyter, ledger, pricing, settings
from cellcost.cli.doctor.finding import Finding, fix
from cellcost.cli.output import Style, clean, print_line, styled
from cellcost.home import journal_home

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]

_SHOWN: dict[str, tuple[str, Style]] = {
    "ok": ("OK", "faint"),
    "note": ("note", "warn"),
    "fix": ("FIX", "error"),
}


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="what works here, and what to do about what does not",
        description=(
            "Looks at the journal, the settings, the ledger, the prices and this"
            " environment's Jupyter. Exit status 1 if something needs a fix."
        ),
    )
    parser.add_argument("--json", action="store_true", help="a JSON array of findings")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="set a damaged journal aside and go on with what can be read of it",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    home = journal_home(os.environ)
    if arguments.repair:
        print_line(book.repair_journal(home))
    findings = list(_findings(home))
    if arguments.json:
        print_line(json.dumps([_json(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            _print(finding)
    return 1 if any(finding.state == "fix" for finding in findings) else 0


def _findings(home: Path) -> Iterator[Finding]:
    environment = f"Python {sys.prefix}"
    checks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("journal", lambda: book.findings(home)),
        ("settings", lambda: settings.findings(home, Path.cwd(), os.environ)),
        ("ledger", lambda: ledger.findings(home, os.environ)),
        ("prices", lambda: pricing.findings(Path.cwd(), os.environ)),
        ("gpu", lambda: gpu.findings(Path.cwd(), os.environ)),
        (environment, jupyter.findings),
    )
    for topic, check in checks:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001  # a check that fails is a finding
            yield fix(
                topic,
                f"could not be looked at ({type(error).__name__}: {error})",
                "report this with the output of CELLCOST_DEBUG=1 cellcost doctor",
            )


def _print(finding: Finding) -> None:
    word, style = _SHOWN[finding.state]
    # Padded before it is coloured: the codes have no width.
    print_line(
        f"{styled(f'{word:<5}', style)} {finding.topic}: {clean(finding.detail)}"
    )
    if finding.todo:
        print_line(f"      → {clean(finding.todo)}")


def _json(finding: Finding) -> dict[str, str]:
    return {
        "topic": finding.topic,
        "state": finding.state,
        "detail": finding.detail,
        "todo": finding.todo,
    }
