"""How a call's place in source is written down, and known again after edits."""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "CELL",
    "NOWHERE",
    "CallPlace",
    "Position",
    "Spot",
    "call_mark",
    "file_key",
    "plain_function",
    "position_of",
    "source_hash",
]

CELL = "cell"
"""What stands in place of a path for code of a notebook's cell."""

_SITE = re.compile(r"(.*):(<cell line: \d+>|[^:]*):(\d+)", re.DOTALL)
# What the compiler calls code that has no name of its own.
_NAMELESS = re.compile(r"<[^>]*>")


class CallPlace(NamedTuple):
    """Where a running call stands, as the meter records it."""

    name: str = ""
    """`path:qualified.function:line` or `cell:qualified.function:line`."""
    file: str = ""
    """The absolute path of its file; "" for a cell and for what is no file."""
    mark: str = ""
    """`call_mark` of its lines; "" where the source is not at hand."""


NOWHERE = CallPlace()


@dataclass(frozen=True, slots=True)
class Position:
    """The parts of a call site's name."""

    path: str
    function: str
    """The functions and classes around it, as written: "" at the top of a file."""
    line: int
    """From 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One call site of a file or notebook, as its text stands now."""

    function: str
    """The functions and classes around it, joined by dots; "" at the top."""
    first_line: int
    """Lines count from 1."""
    last_line: int
    marks: frozenset[str]
    """`call_mark` of its lines. A running call may be at a later line than the first:
    then the mark of the lines from there on is one of these too."""
    cell: str = ""
    """The cell's id: a document's URI in VS Code, nbformat's in JupyterLab."""
    source_hash: str = ""
    """`source_hash` of the cell's text."""
    cell_magic: bool = False
    """Whether the cell begins with `%%`: then every call in it is told of line 1."""


def position_of(name: str) -> Position | None:
    """Return the parts of a call site's name; None if it is none."""
    found = _SITE.fullmatch(name)
    if found is None:
        return None
    return Position(found[1], plain_function(found[2]), int(found[3]))


def plain_function(qualified: str) -> str:
    """Return a qualified name as the source shows it: `f.<locals>.<lambda>` is `f`."""
    return ".".join(part for part in _NAMELESS.sub("", qualified).split(".") if part)


def call_mark(lines: Iterable[str]) -> str:
    """Return a short hash of a call's lines, the same however they are laid out."""
    text = "".join("".join(line.split()) for line in lines).replace(",)", ")")
    return source_hash(text) if text else ""


def source_hash(source: str) -> str:
    """Return the hash that a cell's source is recorded with."""
    encoded = source.encode("utf-8", "surrogatepass")
    return hashlib.sha256(encoded).hexdigest()[:16]


def file_key(path: str) -> str:
    """Return a path in the form in which two names of a file are compared."""
    return os.path.normcase(os.path.normpath(path)) if path else ""
