"""The meter's commands: `cellcost run`, `cellcost enable`, `cellcost disable`."""

import argparse
import functools
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from cellcost_meter import autoload
from cellcost_meter.autoload import Change

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]


def register(subparsers: "SubParsers") -> None:
    """Add the commands."""
    run = subparsers.add_parser(
        "run",
        help="run a script with the meter on",
        description=(
            "Run a Python script as `python SCRIPT ARGS` would, with the meter on: its"
            " arguments, streams, signals and exit status pass through."
        ),
    )
    run.add_argument(
        "-m", dest="module", action="store_true", help="SCRIPT is a module's name"
    )
    run.add_argument(
        "--sync",
        action="store_true",
        help="send events to the ledger as they come, and the last ones at the end",
    )
    # One positional: of two, argparse would drop a `--` that is the script's own.
    run.add_argument(
        "script",
        metavar="SCRIPT [ARGS]",
        nargs=argparse.REMAINDER,
        help="the script (or module) and its arguments",
    )
    run.set_defaults(run=functools.partial(_run, run))

    enable = subparsers.add_parser(
        "enable",
        help="let kernels start the meter by themselves",
        description=(
            "Let every kernel of this environment start the meter. Needed only where"
            " pip put the package's files where IPython does not look."
        ),
    )
    disable = subparsers.add_parser(
        "disable",
        help="let kernels start without the meter",
        description="Take back what `cellcost enable` did in this environment.",
    )
    for parser, act in ((enable, _enable), (disable, _disable)):
        parser.add_argument(
            "--python",
            action="store_true",
            help="any Python process of this environment, not its kernels",
        )
        parser.set_defaults(run=act)


def _run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    from cellcost_meter.process import run_script

    if not arguments.script:
        parser.error("which script?")
    script, *args = arguments.script
    return run_script(script, args, module=arguments.module, sync=arguments.sync)


def _enable(arguments: argparse.Namespace) -> int:
    act = autoload.enable_python if arguments.python else autoload.enable
    what = "Python processes" if arguments.python else "kernels"
    return _say(act, f"{what} of {sys.prefix} start the meter")


def _disable(arguments: argparse.Namespace) -> int:
    act = autoload.disable_python if arguments.python else autoload.disable
    what = "Python processes" if arguments.python else "kernels"
    return _say(act, f"{what} of {sys.prefix} start without the meter")


def _say(act: Callable[[], Iterable[Change]], state: str) -> int:
    for change in act():
        sys.stdout.write(f"{change.done} {change.path}\n")
    sys.stdout.write(f"{state}; running ones stay as they are\n")
    return 0
