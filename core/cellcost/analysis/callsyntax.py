"""The source of one call, taken apart to be changed: where an argument can go."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import tree_sitter
import tree_sitter_python
from tree_sitter import Node

from cellcost.analysis.callsite import Area

__all__ = [
    "Insertion",
    "Lines",
    "Part",
    "call_around",
    "call_at",
    "ends_in_code",
    "text_of",
]

Lines = Sequence[str]
"""The lines of a file or cell, without their ends."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """A text to put at a place (row, column in code points)."""

    row: int
    column: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A piece of syntax in a parsed text."""

    node: Node
    raw: bytes
    row: int = 0
    column: int = 0
    """The place in the file or cell at which the parsed text starts."""

    @property
    def type(self) -> str:
        """Return the grammar's name for it."""
        return self.node.type

    @property
    def text(self) -> str:
        """Return its source."""
        return self.raw[self.node.start_byte : self.node.end_byte].decode()

    def area(self, path: str, cell: int | None) -> Area:
        """Return where it is."""
        return Area(path, cell, *self._start(self.node), *self._end(self.node))

    def callee(self) -> str:
        """Return what is called, as written."""
        function = self.node.child_by_field_name("function")
        return "" if function is None else Part(function, self.raw).text

    def callee_area(self, path: str, cell: int | None) -> Area | None:
        """Return where what is called is written."""
        function = self.node.child_by_field_name("function")
        if function is None:
            return None
        return Part(function, self.raw, self.row, self.column).area(path, cell)

    def keyword(self, name: str) -> "Part | None":
        """Return the value of a keyword argument."""
        arguments = self.node.child_by_field_name("arguments")
        for child in arguments.named_children if arguments else ():
            key = child.child_by_field_name("name")
            value = child.child_by_field_name("value")
            if child.type != "keyword_argument" or key is None or value is None:
                continue
            if key.text == name.encode():
                return Part(value, self.raw, self.row, self.column)
        return None

    def last_item(self) -> "Part | None":
        """Return the last item of a list or the like."""
        items = [child for child in self.node.named_children if child.type != "comment"]
        return Part(items[-1], self.raw, self.row, self.column) if items else None

    def with_argument(self, name: str, value: str) -> Insertion | None:
        """Return what to insert for one more argument; None if that is not safe."""
        node = self.node
        if self.type == "call":
            arguments = self.node.child_by_field_name("arguments")
            if arguments is None or arguments.type != "argument_list":
                return None
            node = arguments
            if self.keyword(name) is not None:
                return None
            entry = f"{name}={value}"
        elif self.type == "dictionary":
            entry = f'"{name}": {value}'
        else:
            return None
        if node.has_error:
            return None
        items = [child for child in node.named_children if child.type != "comment"]
        if any(child.type == "dictionary_splat" for child in items):
            return None  # it may hold the argument already
        if not items:
            row, column = self._end(node.children[0])
            return Insertion(row, column, entry)
        last = items[-1]
        if last.type in ("keyword_argument", "pair"):
            # Before the last: a comment after it stays where it belongs.
            row, column = self._start(last)
            first = self._first_on_its_line(last)
            gap = ",\n" + " " * column if first else ", "
            return Insertion(row, column, entry + gap)
        after = last.next_sibling
        if after is not None and after.type == ",":
            return Insertion(*self._end(after), f" {entry}")
        return Insertion(*self._end(last), f", {entry}")

    def _first_on_its_line(self, node: Node) -> bool:
        start = node.start_byte
        line = self.raw.rfind(b"\n", 0, start) + 1
        return line > 0 and not self.raw[line:start].strip(b" ")

    def _start(self, node: Node) -> tuple[int, int]:
        return self._place(node.start_point.row, node.start_byte)

    def _end(self, node: Node) -> tuple[int, int]:
        return self._place(node.end_point.row, node.end_byte)

    def _place(self, row: int, byte: int) -> tuple[int, int]:
        line = self.raw.rfind(b"\n", 0, byte) + 1
        column = len(self.raw[line:byte].decode("utf-8", "replace"))
        return self.row + row, column + (0 if row else self.column)


def call_at(area: Area, lines: Lines) -> Part | None:
    """Return the call that covers exactly an area; None if there is none."""
    text = text_of(area, lines)
    if text is None:
        return None
    # Inside a bracket its line ends are what they were, wherever it stood.
    raw = f"({text})".encode("utf-8", "replace")
    node = _parser().parse(raw).root_node
    while node.type in ("module", "expression_statement", "parenthesized_expression"):
        inner = [child for child in node.named_children if child.type != "comment"]
        if len(inner) != 1:
            return None
        node = inner[0]
    if node.type != "call" or node.has_error:
        return None
    return Part(node, raw, area.row, area.column - 1)


def call_around(area: Area, lines: Lines) -> Part | None:
    """Return the innermost call that an area is an argument of, or None."""
    raw = "\n".join(lines).encode("utf-8", "replace")
    root = _parser().parse(raw).root_node
    if area.row >= len(lines):
        return None
    column = len(lines[area.row][: area.column].encode())
    node = root.named_descendant_for_point_range(
        (area.row, column), (area.row, column + 1)
    )
    while node is not None:
        if node.type == "call":
            return Part(node, raw)
        if node.type in ("lambda", "block", "module"):
            return None
        node = node.parent
    return None


def text_of(area: Area, lines: Lines) -> str | None:
    """Return what stands in an area; None where there is no such place."""
    if area.end_row >= len(lines):
        return None
    if area.row == area.end_row:
        return lines[area.row][area.column : area.end_column]
    return "\n".join(
        (
            lines[area.row][area.column :],
            *lines[area.row + 1 : area.end_row],
            lines[area.end_row][: area.end_column],
        )
    )


def ends_in_code(row: int, lines: Lines) -> bool:
    """Say whether a comment can be put behind a line: it ends inside no text."""
    if lines[row].rstrip().endswith("\\"):
        return False
    raw = "\n".join(lines).encode("utf-8", "replace")
    point = (row, len(lines[row].encode("utf-8", "replace")))
    root = _parser().parse(raw).root_node
    node = root.descendant_for_point_range(point, point)
    while node is not None:
        if node.type == "string" and node.start_point < point < node.end_point:
            return False
        node = node.parent
    return True


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
