"""From the arguments of `cellcost` to an exit status; no traceback on the way."""

import argparse
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Protocol

from cellcost import __version__
from cellcost.cli import (
    check,
    doctor,
    events,
    login,
    policy,
    prices,
    report,
    sync,
    trust,
)
from cellcost.cli.output import complain, tolerant_streams
from cellcost.errors import CellcostError

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["main"]

GROUP = "cellcost.commands"

_DESCRIPTION = "What notebook cells and model calls cost."
_EPILOG = "`cellcost COMMAND --help` tells what a command takes."


class _Register(Protocol):
    def __call__(self, subparsers: "SubParsers", /) -> object: ...


_CORE: tuple[_Register, ...] = (
    report.register,
    events.register,
    prices.register,
    check.register,
    policy.register,
    trust.register,
    login.register,
    sync.register,
    doctor.register,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 1 failed, 2 called wrongly."""
    tolerant_streams()
    try:
        status = _run(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`head`) has enough. Python would complain again on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _run(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except BrokenPipeError:
        raise
    except CellcostError as error:
        return _failed(str(error))
    except (OSError, sqlite3.Error) as error:
        return _failed(f"{error}; run `cellcost doctor`")
    except Exception as error:  # noqa: BLE001  # the last resort of a command
        return _failed(
            f"{arguments.command} failed unexpectedly"
            f" ({type(error).__name__}: {error}); CELLCOST_DEBUG=1 shows where"
        )


def _failed(message: str) -> int:
    if os.environ.get("CELLCOST_DEBUG", "") not in ("", "0"):
        traceback.print_exc()
    complain(message)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cellcost", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument(
        "--version", action="version", version=f"cellcost {__version__}"
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", required=True
    )
    for register in _CORE:
        register(commands)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        _register_room(entry, commands)
    return parser


def _register_room(entry: EntryPoint, commands: "SubParsers") -> None:
    # A room that cannot be imported must not take the other commands with it.
    try:
        register: _Register = entry.load()
        register(commands)
    except Exception as error:  # noqa: BLE001  # foreign code, said and gone on
        complain(
            f"the commands of {entry.value} are missing"
            f" ({type(error).__name__}: {error}); reinstall cellcost"
        )
