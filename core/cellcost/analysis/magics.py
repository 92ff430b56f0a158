"""A notebook cell as Python: magics read in place, no line moved."""

import re
from dataclasses import dataclass

from cellcost.analysis.source import normal_lines

__all__ = ["COUNTED", "Magic", "Plain", "python_of"]

COUNTED = re.compile(r"_x(\d{1,9})$")
"""The name that a loop written for `%timeit -n 2 -r 3` waits for: `while _x6:`."""


@dataclass(frozen=True, slots=True)
class Magic:
    """A magic that calls a model: `%%ai openai:gpt-4o`."""

    row: int
    column: int
    end_column: int
    model: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Plain:
    """What is left of a cell."""

    text: str
    magics: tuple[Magic, ...] = ()
    times: int | None = 1
    """How often the cell's code runs; None if that is not known."""


# Cell magics whose body is Python that runs here.
_PYTHON_CELLS = frozenset(
    [
        "capture",
        "cellcost",
        "debug",
        "memit",
        "mprun",
        "prun",
        "py-spy",
        "pyinstrument",
        "scalene",
        "snakeviz",
        "time",
        "timeit",
        "lprun",
        "heat",
        "memray_flamegraph",
        "filprofile",
        "python3",
        "python",
    ]
)
_TIMES = frozenset({"timeit", "memit"})
_REPEATS = 7
"""How often `%timeit` repeats its loops where `-r` does not say (IPython 9)."""
# Line magics whose rest is Python that runs here.
_PYTHON_LINES = frozenset(
    {"time", "timeit", "prun", "memit", "lprun", "mprun", "snakeviz"}
)
_LINE = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>%{1,2}|!{1,2}|\?{1,2})(?P<rest>.*)$")
_ASSIGNED = re.compile(
    r"^(?P<head>[ \t]*[A-Za-z_][\w.,\s\[\]'\"]*=\s*)"
    r"(?P<mark>%(?!=)|!(?!=))(?P<rest>.*)$"
)
_HELP = re.compile(r"^[ \t]*[\w.\[\]'\"*]+\?{1,2}\s*;?\s*$")
_OPTIONS = re.compile(
    r"^(?P<name>\w+)(?P<options>(?:\s+-{1,2}\w+(?:[ =](?=[\w.:+]+\s+\S)[\d.]+)?)*)\s*"
)
_OPTION = re.compile(r"-(?P<flag>[nrpsTlDft])\s*(?P<value>[\w./]+)\s+|-[oqcvi]+\s+")
_AI = re.compile(r"\s*(?P<model>[\w.-]+:[\w./@:-]+|[\w./-]+)(?P<rest>.*)")


def python_of(text: str) -> Plain:
    """Return the Python of a cell, as long as the cell and with its lines in place."""
    text = normal_lines(text)
    if "%" not in text and "!" not in text and "?" not in text:
        return Plain(text)
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    head = lines[first].lstrip() if lines else ""
    times: int | None = 1
    if head.startswith("%%"):
        name, _, rest = head[2:].partition(" ")
        if name in ("ai", "chat_models"):
            return _ai_cell(lines, first, rest)
        if name not in _PYTHON_CELLS:
            return Plain("\n" * (len(lines) - 1))
        times = _times(name, rest)
        lines[first] = ""
    magics: list[Magic] = []
    inside: str | None = None
    depth = 0
    for row, line in enumerate(lines):
        if inside is None and depth <= 0:
            lines[row] = line = _plain_line(row, line, magics)
        inside, depth = _state(line, inside, depth)
    return Plain("\n".join(lines), tuple(magics), times)


_QUOTES = re.compile(
    r"#[^\n]*|\"{3}|'{3}|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[(\[{]|[)\]}]"
)


def _state(line: str, inside: str | None, depth: int) -> tuple[str | None, int]:
    """Return which triple quote and how many brackets are open after a line."""
    at = 0
    while True:
        if inside is not None:
            end = line.find(inside, at)
            if end < 0:
                return inside, depth
            at = end + 3
            inside = None
        token = _QUOTES.search(line, at)
        if token is None:
            return None, depth
        at = token.end()
        found = token[0]
        if found in ('"""', "'''"):
            inside = found
        elif found in "([{":
            depth += 1
        elif found in ")]}":
            depth -= 1


def _plain_line(row: int, line: str, magics: list[Magic]) -> str:
    found = _LINE.match(line)
    if found is None:
        assigned = _ASSIGNED.match(line)
        if assigned is not None:
            return _assigned_line(assigned)
        return " " * len(line) if _HELP.match(line) else line
    indent, mark, rest = found["indent"], found["mark"], found["rest"]
    if mark == "%":
        name = rest.partition(" ")[0]
        if name in _PYTHON_LINES:
            return _timed_line(indent, name, rest)
        if name == "ai":
            magic = _ai_magic(row, len(indent), line, rest[len(name) :], "")
            if magic is not None:
                magics.append(magic)
    # A number keeps an indented block from being empty.
    return indent + "0" + " " * (len(line) - len(indent) - 1)


def _timed_line(indent: str, name: str, rest: str) -> str:
    body = rest[len(name) :]
    start = len(body) - len(body.lstrip())
    while (option := _OPTION.match(body, start)) is not None:
        start = option.end()
    code = body[start:]
    room = 1 + len(name) + start
    if not code.strip():
        return indent + "0" + " " * (room + len(code) - 1)
    # `while _:` is as long as `%timeit `, `if 1:` as `%time `: no column moves.
    times = _times(name, body[:start])
    head = "if 1:" if times == 1 else f"while _x{times}:" if times else "while _:"
    if len(head) > room:
        head = "while _:" if room >= len("while _:") else "if 1:"
    return indent + head.ljust(room) + code


def _times(name: str, options: str) -> int | None:
    """Return how often a magic runs its code; None if it decides that itself."""
    if name not in _TIMES:
        return 1
    given = {flag: int(value) for flag, value in _COUNTS.findall(options)}
    if name == "memit":
        return given.get("r", 1)
    return given["n"] * given.get("r", _REPEATS) if "n" in given else None


_COUNTS = re.compile(r"-(?P<flag>[nr])\s*(?P<value>\d{1,6})(?=\s|$)")


def _assigned_line(found: re.Match[str]) -> str:
    head, rest = found["head"], found["rest"]
    if found["mark"] == "%":
        name = rest.partition(" ")[0]
        if name in _PYTHON_LINES:
            body = rest[len(name) :]
            start = len(body) - len(body.lstrip())
            while (option := _OPTION.match(body, start)) is not None:
                start = option.end()
            return head + " " * (1 + len(name) + start) + body[start:]
    return head + "0" + " " * len(rest)


def _ai_cell(lines: list[str], first: int, rest: str) -> Plain:
    prompt = "\n".join(lines[first + 1 :])
    magic = _ai_magic(first, 0, lines[first], rest, prompt)
    return Plain("\n" * (len(lines) - 1), (magic,) if magic else ())


def _ai_magic(row: int, column: int, line: str, rest: str, prompt: str) -> Magic | None:
    found = _AI.match(rest)
    if found is None:
        return None
    model = found["model"]
    if ":" not in model and model in (
        "list",
        "help",
        "version",
        "error",
        "delete",
        "register",
        "update",
        "reset",
    ):
        return None
    return Magic(row, column, len(line), model, prompt or found["rest"].strip())
