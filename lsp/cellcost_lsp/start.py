"""`cellcost-lsp` and `cellcost lsp`: arguments, streams, and the log on stderr."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cellcost import __version__

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["main", "register"]

_TELLS = (
    "A language server that shows what model calls cost: hints, lenses, diagnostics,"
    " hovers and completion for Python files and notebooks. Editors start it."
)


def register(subparsers: "SubParsers") -> None:
    """Add `cellcost lsp`."""
    parser = subparsers.add_parser(
        "lsp", help="the language server for editors", description=_TELLS
    )
    _add_arguments(parser)
    parser.set_defaults(run=_run)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve one editor; return the exit status."""
    parser = argparse.ArgumentParser(prog="cellcost-lsp", description=_TELLS)
    parser.add_argument(
        "--version", action="version", version=f"cellcost-lsp {__version__}"
    )
    _add_arguments(parser)
    return _run(parser.parse_args(argv))


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--stdio",
        action="store_true",
        help="speak over standard input and output (the default)",
    )
    ways.add_argument(
        "--tcp", metavar="HOST:PORT", type=_address, help="wait for one client there"
    )


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _run(arguments: argparse.Namespace) -> int:
    address: tuple[str, int] | None = arguments.tcp
    # What a library prints, even while it is imported, must not garble the protocol.
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # What is imported stays; looking through it for garbage took a tenth of the start.
    gc.disable()
    from cellcost_lsp.server import CostServer

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    # pygls logs whole messages, and with them what stands in the user's files.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    # A thread that reads a file must give way at once to one that hears a key; 5 ms,
    # the default, would be paid at each of the hand-overs of a key.
    sys.setswitchinterval(0.0005)
    server = CostServer()
    # Nor is it looked through later, which would hold up keys.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()
    if address is not None:
        server.start_tcp(*address)
    else:
        server.start_io(sys.stdin.buffer, protocol)
    return 0
