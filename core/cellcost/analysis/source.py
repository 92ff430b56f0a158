"""A Python source cut into its top-level statements, each parsed once and kept.

A statement that did not change keeps its tree whatever happens around it, so an edit
costs what the edited statement costs, and what is kept never depends on the history of
edits. It also keeps a broken statement from spoiling the next one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cellcost.analysis.tree import Stmt

__all__ = ["Chunk", "Source", "code_words", "normal_lines"]

# The line ends of the Language Server Protocol, not those of str.splitlines().
_LINE_END = re.compile(r"\r\n?")


def _tripled(quote: str) -> str:
    """Return the pattern of a text in three quotes.

    The first half takes texts without an escaped quote several times as fast: a prompt
    of 100 kB is looked through at every key.
    """
    q = quote
    plain = rf"[^{q}]*+(?:(?<!\\){q}(?!{q}{q})[^{q}]*+)*+(?<!\\){q}{{3}}"
    escaped = rf"(?:[^{q}\\]++|\\.|{q}(?!{q}{q}))*+{q}{{3}}"
    return rf"{q}{{3}}(?:{plain}|{escaped})"


_TRIPLED = f"(?:{_tripled(chr(34))}|{_tripled(chr(39))})"
_TOKEN = re.compile(
    rf"""
    \#[^\n]*+
    | {_TRIPLED}
    | (?P<loose>"{{3}} | '{{3}})
    | "(?:[^"\\\n]++|\\.)*+"
    | '(?:[^'\\\n]++|\\.)*+'
    | ["'][^\n]*+
    | (?P<open>[(\[{{])
    | (?P<close>[)\]}}])
    | (?P<start>\n(?=[^\s\#)\]}}]))
    """,
    re.VERBOSE | re.DOTALL,
)
# A line that starts so belongs to the statement before it.
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b")
# No line inside brackets starts so: what is open there was never closed.
_STRONG = re.compile(
    r"(?:def|class|import|from|with|while|try|return|raise|del|global|assert|pass)\b"
    r"|async\s+(?:def|with)\b|@[A-Za-z_]"
)
_WORD = re.compile(r"[^\W\d]\w*")
# A function or class, its decorators and the lines before it that hold no code.
_DEFINES = re.compile(
    r"(?:(?:@[^\n]*|[^\S\n]*\#[^\n]*|[^\S\n]*)\n)*+(?:async[^\S\n]+def|def|class)[^\S\n]+(\w+)"
)
# Comments, and triple-quoted texts that are no f-strings; other strings stay.
_PROSE = re.compile(
    rf"""
    (?P<prose>\#[^\n]*+
    | (?<!\w)[rRbBuU]{{0,2}}{_TRIPLED})
    | {_TRIPLED}
    | "(?:[^"\\\n]++|\\.)*+"
    | '(?:[^'\\\n]++|\\.)*+'
    """,
    re.VERBOSE | re.DOTALL,
)


def normal_lines(text: str) -> str:
    """Return `text` with every LSP line end as a newline and no NUL.

    Line numbers and columns stay what they were.
    """
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    return text.replace("\0", " ") if "\0" in text else text


def code_words(text: str) -> frozenset[str]:
    """Return the identifier-like words of some code, without comments and docstrings.

    Other strings count: an f-string may hold a call.
    """
    if "#" in text or '"""' in text or "'''" in text:
        text = _PROSE.sub(lambda m: "" if m.lastgroup else m[0], text)
    return frozenset(_WORD.findall(text))


@dataclass(slots=True, eq=False)
class Chunk:
    """One top-level statement, and what was learnt from its text alone."""

    text: str
    lines: int
    """How many line ends it holds."""
    loose: bool = False
    """Whether it holds a triple quote that nothing closes: what comes later may."""
    items: tuple[tuple[tuple[str, ...], frozenset[str]], ...] | None = None
    """What `heat` found in it, kept here."""
    _words: frozenset[str] | None = None
    _body: "tuple[Stmt, ...] | None" = None
    _rows: list[bytes] | None = None
    _broken: bool | None = None
    _name: str | None = None

    @property
    def words(self) -> frozenset[str]:
        """Return the words in its code; those in comments and docstrings are none."""
        if self._words is None:
            self._words = code_words(self.text)
        return self._words

    @property
    def body(self) -> "tuple[Stmt, ...]":
        """Return its statements; parses it the first time."""
        if self._body is None:
            from cellcost.analysis.tree import lower

            self._body = lower(self.text)
        return self._body

    @property
    def name(self) -> str:
        """Return the function or class that it defines; "" for other statements."""
        if self._name is None:
            found = _DEFINES.match(self.text)
            self._name = str(found[1]) if found else ""
        return self._name

    @property
    def broken(self) -> bool:
        """Say whether it is no Python at the moment: somebody may be typing in it."""
        if self._broken is None:
            from cellcost.analysis.tree import has_error

            self._broken = has_error(self.text)
        return self._broken

    def column(self, row: int, byte_column: int) -> int:
        """Return the column in code points of a column in UTF-8 bytes."""
        if self.text.isascii():
            return byte_column
        if self._rows is None:
            self._rows = self.text.encode("utf-8", "replace").split(b"\n")
        if row >= len(self._rows):
            return byte_column
        return len(self._rows[row][:byte_column].decode("utf-8", "replace"))


@dataclass(slots=True)
class Source:
    """A text and its chunks; `update` keeps the chunks that the new text shares."""

    text: str = ""
    chunks: tuple[Chunk, ...] = field(default=())

    def __post_init__(self) -> None:
        text, self.text = self.text, ""
        self.update(text)

    def update(self, text: str) -> None:
        """Replace the text."""
        text = normal_lines(text)
        if text == self.text and self.chunks:
            return
        front, at = _same_front(self.chunks, text)
        room = len(text) - at
        back = _same_back(self.chunks[front:], text, room)
        kept = self.chunks[len(self.chunks) - len(back) :] if back else ()
        chunks = list(self.chunks[:front])
        ends = {end: n for n, end in enumerate(back)}
        # One chunk is never used twice: it is told by its identity.
        between = self.chunks[front : len(self.chunks) - len(back)]
        free = {chunk.text: chunk for chunk in between if not chunk.loose}
        while at < len(text):
            if at in ends:
                chunks.extend(kept[ends[at] :])
                break
            end, loose = _next_start(text, at)
            piece = text[at:end]
            kept_chunk = None if loose else free.pop(piece, None)
            chunks.append(kept_chunk or Chunk(piece, piece.count("\n"), loose))
            at = end
        self.text = text
        self.chunks = tuple(chunks)


def _same_front(chunks: Sequence[Chunk], text: str) -> tuple[int, int]:
    """Return how many chunks the text starts with, and where they end.

    Where a chunk ends depends on the line after it, so the last is not counted.
    """
    at = count = 0
    for chunk in chunks:
        if chunk.loose or not text.startswith(chunk.text, at):
            break
        at += len(chunk.text)
        count += 1
    if not count:
        return 0, 0
    return count - 1, at - len(chunks[count - 1].text)


def _same_back(chunks: Sequence[Chunk], text: str, room: int) -> list[int]:
    """Return where the chunks that the text ends with start in it, in order."""
    starts: list[int] = []
    at = len(text)
    for chunk in reversed(chunks):
        size = len(chunk.text)
        if size > room or not text.startswith(chunk.text, at - size):
            break
        at -= size
        room -= size
        starts.append(at)
    starts.reverse()
    return starts


def _next_start(text: str, at: int) -> tuple[int, bool]:
    """Return where the next statement starts, and whether a quote is left open."""
    depth = 0
    loose = False
    line = at
    for token in _TOKEN.finditer(text, at):
        kind = token.lastgroup
        if kind is None:
            continue
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif kind == "loose":
            loose = True
        else:
            end = token.end()
            if depth and not _STRONG.match(text, end):
                continue
            before = text[line]
            line = end
            if before == "@" and not depth:
                continue
            if text.endswith("\\", at, token.start()) or (
                not depth and _CONTINUES.match(text, end)
            ):
                continue
            return end, loose
    return len(text), loose
