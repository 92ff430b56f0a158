"""Whether a place in the source is inside a model's name: told from syntax alone."""

import re
from dataclasses import dataclass
from functools import cache

import tree_sitter
import tree_sitter_python
from tree_sitter import Node

from cellcost.analysis.repair import repaired
from cellcost.analysis.source import Source

__all__ = ["ModelPlace", "model_place"]


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """A text literal that names a model; columns in code points."""

    row: int
    column: int
    """Where the name starts."""
    end_column: int
    name: str
    callee: str
    """The last name of what is called with it, or ""."""


# Arguments, keys and variables that hold a model's name.
_NAMED = re.compile(
    r"(?:\w*_)?(?:model|models|llm|llms|engine|deployment)"
    r"(?:_?(?:name|names|id|ids|default|small|large|big|fast|cheap|smart|main|\d+))?",
    re.IGNORECASE,
)
_MANY = re.compile(r"(?:\w*_)?(?:models|llms)(?:_\w+)?", re.IGNORECASE)
# What takes the model as its first argument.
_FIRST = frozenset(
    {
        "Agent",
        "GenerativeModel",
        "LM",
        "acompletion",
        "aembedding",
        "completion",
        "embedding",
        "get_model",
        "init_chat_model",
        "init_embeddings",
        "text_completion",
    }
)
# What returns its second argument where nothing else is set.
_DEFAULTS = frozenset({"getenv", "get", "getattr", "setdefault", "pop"})
_THROUGH = frozenset(
    {
        "boolean_operator",
        "concatenated_string",
        "conditional_expression",
        "list",
        "parenthesized_expression",
        "set",
        "tuple",
        "expression_list",
    }
)
_NAME = re.compile(r"[\w./:@+-]*")


def model_place(source: Source, row: int, column: int) -> ModelPlace | None:
    """Return the model name that a place is in or right behind; None if it is none.

    A name that is being typed counts, also where nothing closes it yet.
    """
    first = 0
    for chunk in source.chunks:
        if first <= row <= first + chunk.lines:
            found = _in_statement(chunk.text, row - first, column)
            if found is not None:
                start, name, callee = found
                return ModelPlace(row, start, start + len(name), name, callee)
        first += chunk.lines
        if first > row:
            break
    return None


def _in_statement(text: str, row: int, column: int) -> tuple[int, str, str] | None:
    """Return start column, name and callee."""
    lines = text.split("\n")
    if row >= len(lines) or not lines[row]:
        return None
    root = _parsed(text)
    if root.has_error:
        root = _parsed(repaired(text))
    point = (row, len(lines[row][:column].encode("utf-8", "replace")))
    literal = _literal_at(root, point)
    if literal is None:
        return None
    callee = _callee_of(literal)
    if callee is None:
        return None
    # As far as it looks like a name: an open quote takes in the rest of its line.
    content = literal.children[0].end_point
    start = len(lines[row].encode("utf-8", "replace")[: content.column].decode())
    name = _NAME.match(lines[row], start)
    if content.row != row or name is None or not start <= column <= name.end():
        return None
    return start, name[0], callee


def _literal_at(root: Node, point: tuple[int, int]) -> Node | None:
    """Return the plain text literal whose content holds a place."""
    # A place right behind the last letter belongs to the literal too.
    for end in (point, (point[0], max(point[1] - 1, 0))):
        node = root.descendant_for_point_range(end, end)
        while node is not None and node.type != "string":
            node = node.parent
        if node is None or len(node.children) < 2:
            continue
        opening, closing = node.children[0], node.children[-1]
        quote = opening.text or b""
        if quote.lower().strip(b"\"'") not in (b"", b"r", b"u"):
            return None
        ends = closing.start_point if closing.type == "string_end" else node.end_point
        if opening.end_point <= point <= ends:
            return node
    return None


def _callee_of(literal: Node) -> str | None:
    """Return what is called with a model's name, or ""; None if it names none."""
    node: Node = literal
    in_mapping = False
    while (parent := node.parent) is not None:
        kind = parent.type
        if kind in _THROUGH:
            if kind == "conditional_expression" and parent.children[2] == node:
                return None  # the condition
        elif kind == "keyword_argument":
            named = _matches(_text(parent.child_by_field_name("name")), in_mapping)
            return _called(parent.parent) if named else None
        elif kind == "pair":
            key = parent.child_by_field_name("key")
            if key == node:
                return None
            if _matches(_text(key).strip("\"'"), in_mapping):
                return ""
            in_mapping = True
            node = parent.parent or parent
            continue
        elif kind in ("default_parameter", "typed_default_parameter"):
            return (
                ""
                if _matches(_text(parent.child_by_field_name("name")), False)
                else None
            )
        elif kind == "assignment":
            if parent.child_by_field_name("right") != node:
                return None
            target = _text(parent.child_by_field_name("left")).rstrip("\"']")
            return "" if _matches(re.split(r"[.\"']", target)[-1], in_mapping) else None
        elif kind == "argument_list":
            name = _called(parent)
            place = [c for c in parent.named_children if c.type != "comment"].index(
                node
            )
            if name in _FIRST and place == 0:
                return name
            if name not in _DEFAULTS or place != 1 or parent.parent is None:
                return None
            parent = parent.parent
        else:
            return None
        node = parent
    return None


def _matches(name: str, in_mapping: bool) -> bool:
    return (_MANY if in_mapping else _NAMED).fullmatch(name) is not None


def _called(arguments: Node | None) -> str:
    call = arguments.parent if arguments is not None else None
    function = call.child_by_field_name("function") if call is not None else None
    return re.split(r"\W+", _text(function))[-1]


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _parsed(text: str) -> Node:
    return _parser().parse(text.encode("utf-8", "replace")).root_node


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
