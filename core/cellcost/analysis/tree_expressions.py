"""From tree-sitter's expression nodes to expressions."""

import re
from collections.abc import Callable, Iterable
from typing import Literal

from tree_sitter import Node

from cellcost.analysis import syntax as s

__all__ = ["EXPRESSIONS", "MAX_DEPTH", "Expressions"]

# Deeper nesting is not read: no person writes it, and reading it is recursive.
MAX_DEPTH = 60
_MAX_ITEMS = 2000
"""Elements of a literal, or operands of a chain, that are read."""
_NOTHING = s.Const(None, None)
_UNREAD = s.Other(())
_ESCAPE = re.compile(
    r"\\(?:\n|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})"
    r"|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{[^}]*\})"
)
_PLAIN_ESCAPES = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


class Expressions:
    """The expressions of one parse."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def text(self, node: Node) -> str:
        return self._raw[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def params(self, node: Node | None, depth: int) -> tuple[s.Param, ...]:
        found: list[s.Param] = []
        keyword = False
        for child in node.named_children if node else ():
            kind = child.type
            if kind == "keyword_separator":
                keyword = True
                continue
            name = child.child_by_field_name("name")
            if kind == "typed_parameter":
                name = child.named_children[0] if child.named_children else None
            target = name or child
            if target.type == "list_splat_pattern":
                found.append(s.Param(self.text(target)[1:], "*", None, None))
                keyword = True
                continue
            if target.type == "dictionary_splat_pattern":
                found.append(s.Param(self.text(target)[2:], "**", None, None))
                continue
            if target.type != "identifier":
                continue
            value = child.child_by_field_name("value")
            annotation = child.child_by_field_name("type")
            found.append(
                s.Param(
                    self.text(target),
                    "keyword" if keyword else "",
                    self.expr(value, depth) if value else None,
                    self.expr(annotation, depth) if annotation else None,
                )
            )
        return tuple(found)

    def only(self, node: Node, depth: int) -> s.Expr | None:
        children = [c for c in node.named_children if c.type != "comment"]
        return self.expr(children[0], depth) if children else None

    def expr(self, node: Node, depth: int) -> s.Expr:
        if depth > MAX_DEPTH:
            return _UNREAD
        lowering = EXPRESSIONS.get(node.type)
        if lowering is None:
            return self.parts(node, depth)
        return lowering(self, node, depth + 1)

    def field(self, node: Node, name: str, depth: int) -> s.Expr:
        child = node.child_by_field_name(name)
        return _UNREAD if child is None else self.expr(child, depth)

    def parts(self, node: Node, depth: int) -> s.Expr:
        children = node.named_children
        if not children:
            return _UNREAD
        return s.Other(tuple(self.expr(child, depth + 1) for child in children))

    def inner(self, node: Node, depth: int) -> s.Expr:
        return self.only(node, depth) or _UNREAD

    def name(self, node: Node, depth: int) -> s.Expr:
        return s.Name(self.text(node))

    def number(self, node: Node, depth: int) -> s.Expr:
        text = self.text(node).replace("_", "")
        try:
            return s.Const(int(text, 0), _span(node))
        except ValueError:
            pass
        try:
            return s.Const(float(text), _span(node))
        except ValueError:
            return _UNREAD

    def constant(self, node: Node, depth: int) -> s.Expr:
        return s.Const({"true": True, "false": False}.get(node.type), _span(node))

    def string(self, node: Node, depth: int) -> s.Expr:
        children = node.children
        if not children:
            return _UNREAD
        prefix = self.text(children[0]).rstrip("\"'").lower()
        raw = "r" in prefix
        if not any(child.type == "interpolation" for child in children):
            end = children[-1]
            stop = end.start_byte if end.type == "string_end" else node.end_byte
            body = self._raw[children[0].end_byte : stop].decode("utf-8", "replace")
            if "f" in prefix and "{" in body:
                body = body.replace("{{", "{").replace("}}", "}")
            return s.Const(body if raw else _unescaped(body), _span(node))
        parts: list[s.Expr] = []
        at = children[0].end_byte
        for child in children[1:]:
            if child.type == "interpolation":
                self._literal(at, child.start_byte, raw, parts)
                parts.append(self.field(child, "expression", depth))
                at = child.end_byte
            elif child.type == "string_end":
                self._literal(at, child.start_byte, raw, parts)
        return s.Text(tuple(parts))

    def _literal(self, start: int, end: int, raw: bool, parts: list[s.Expr]) -> None:
        if end > start:
            body = self._raw[start:end].decode("utf-8", "replace")
            body = body.replace("{{", "{").replace("}}", "}")
            parts.append(s.Const(body if raw else _unescaped(body), None))

    def strings(self, node: Node, depth: int) -> s.Expr:
        parts = [
            self.expr(child, depth)
            for child in node.named_children
            if child.type == "string"
        ]
        if all(isinstance(part, s.Const) for part in parts):
            joined = "".join(str(p.value) for p in parts if isinstance(p, s.Const))
            return s.Const(joined, _span(node))
        return s.Text(tuple(parts))

    def attribute(self, node: Node, depth: int) -> s.Expr:
        name = node.child_by_field_name("attribute")
        return s.Attr(
            self.field(node, "object", depth), self.text(name) if name else ""
        )

    def subscript(self, node: Node, depth: int) -> s.Expr:
        keys = node.children_by_field_name("subscript")
        if len(keys) == 1:
            key = self.expr(keys[0], depth)
        else:
            key = s.ListExpr(tuple(self.expr(key, depth) for key in keys))
        return s.Index(self.field(node, "value", depth), key)

    def slice(self, node: Node, depth: int) -> s.Expr:
        bounds: list[s.Expr] = [_NOTHING, _NOTHING, _NOTHING]
        at = 0
        for child in node.children:
            if child.type == ":":
                at = min(at + 1, 2)
            else:
                bounds[at] = self.expr(child, depth)
        return s.Call(s.Name("slice"), tuple(bounds), (), _span(node))

    def call(self, node: Node, depth: int) -> s.Expr:
        arguments = node.child_by_field_name("arguments")
        args: list[s.Expr] = []
        keywords: list[tuple[str | None, s.Expr]] = []
        if arguments is not None and arguments.type == "generator_expression":
            args.append(self.expr(arguments, depth))
        elif arguments is not None:
            for child in arguments.named_children:
                if child.type == "keyword_argument":
                    name = child.child_by_field_name("name")
                    value = self.field(child, "value", depth)
                    keywords.append((self.text(name) if name else "", value))
                elif child.type == "dictionary_splat":
                    keywords.append((None, self.inner(child, depth)))
                elif child.type != "comment":
                    args.append(self.expr(child, depth))
        return s.Call(
            self.field(node, "function", depth),
            tuple(args),
            tuple(keywords),
            _span(node),
        )

    def splat(self, node: Node, depth: int) -> s.Expr:
        return s.Splat(self.inner(node, depth))

    def sequence(self, node: Node, depth: int) -> s.Expr:
        items = [
            self.expr(child, depth)
            for child in _children(node)
            if child.type != "comment"
        ]
        if node.named_child_count > _MAX_ITEMS:
            # It has more: its length is not known.
            items.append(s.Splat(_UNREAD))
        return s.ListExpr(tuple(items))

    def mapping(self, node: Node, depth: int) -> s.Expr:
        items: list[tuple[s.Expr | None, s.Expr]] = []
        for child in _children(node):
            if child.type == "pair":
                key = self.field(child, "key", depth)
                items.append((key, self.field(child, "value", depth)))
            elif child.type == "dictionary_splat":
                items.append((None, self.inner(child, depth)))
            elif child.type == "ERROR":
                items.extend(
                    (_UNREAD, self.expr(part, depth)) for part in child.named_children
                )
        return s.DictExpr(tuple(items))

    def cond(self, node: Node, depth: int) -> s.Expr:
        parts = [self.expr(c, depth) for c in node.named_children]
        if len(parts) != 3:
            return s.Other(tuple(parts))
        return s.Cond(parts[1], parts[0], parts[2])

    def either(self, node: Node, depth: int) -> s.Expr:
        op = node.child_by_field_name("operator")
        return s.Either(
            self.text(op) if op else "or",
            self.field(node, "left", depth),
            self.field(node, "right", depth),
        )

    def binary(self, node: Node, depth: int) -> s.Expr:
        # Iterative on the left: a chain of a thousand `+` is as deep as it is long.
        rights: list[tuple[str, s.Expr]] = []
        left: Node | None = node
        while (
            left is not None
            and left.type == "binary_operator"
            and len(rights) < _MAX_ITEMS
        ):
            op = left.child_by_field_name("operator")
            rights.append(
                (self.text(op) if op else "", self.field(left, "right", depth))
            )
            left = left.child_by_field_name("left")
        value: s.Expr = _UNREAD
        if left is not None and left.type != "binary_operator":
            value = self.expr(left, depth)
        if len(rights) > MAX_DEPTH:
            if all(op == "+" for op, _ in rights):
                return s.Text((value, *(right for _, right in reversed(rights))))
            return s.Other((value, *(right for _, right in rights)))
        for operator, right in reversed(rights):
            value = s.Binary(operator, value, right)
        return value

    def lambda_(self, node: Node, depth: int) -> s.Expr:
        params = self.params(node.child_by_field_name("parameters"), depth)
        return s.Lambda(params, self.field(node, "body", depth))

    def comp(self, node: Node, depth: int) -> s.Expr:
        kind: Literal["list", "dict"] = "list"
        parts: list[s.Expr] = []
        clauses: list[tuple[s.Expr | None, s.Expr]] = []
        for child in node.named_children:
            if child.type == "for_in_clause":
                target = self.field(child, "left", depth)
                clauses.append((target, self.field(child, "right", depth)))
            elif child.type == "if_clause":
                clauses.append((None, self.inner(child, depth)))
            elif child.type == "pair":
                kind = "dict"
                parts.append(self.field(child, "key", depth))
                parts.append(self.field(child, "value", depth))
            elif child.type != "comment":
                parts.append(self.expr(child, depth))
        return s.Comp(kind, tuple(parts), tuple(clauses))

    def walrus(self, node: Node, depth: int) -> s.Expr:
        name = node.child_by_field_name("name")
        value = self.field(node, "value", depth)
        return s.Walrus(self.text(name) if name else "", value)

    def yield_(self, node: Node, depth: int) -> s.Expr:
        return s.Yield(self.only(node, depth))


def _children(node: Node) -> Iterable[Node]:
    """Return the children that are read: of a huge literal only the first ones."""
    if node.named_child_count <= _MAX_ITEMS:
        return node.named_children
    return [node.named_child(position) for position in range(_MAX_ITEMS)]


def _span(node: Node) -> s.Span:
    row, column = node.start_point
    end_row, end_column = node.end_point
    return s.Span(row, column, end_row, end_column)


def _unescaped(body: str) -> str:
    if "\\" not in body:
        return body

    def one(found: re.Match[str]) -> str:
        plain, octal, *hexes = found.groups()
        if plain:
            return _PLAIN_ESCAPES[plain]
        code = int(octal, 8) if octal else 0
        for digits in hexes:
            if digits:
                code = int(digits, 16)
        if found[0] == "\\\n":
            return ""
        return chr(code) if 0 < code < 0x110000 else "?"

    return _ESCAPE.sub(one, body)


_Expression = Callable[[Expressions, Node, int], s.Expr]
E = Expressions
EXPRESSIONS: dict[str, _Expression] = {
    "identifier": E.name,
    "string": E.string,
    "concatenated_string": E.strings,
    "integer": E.number,
    "float": E.number,
    "true": E.constant,
    "false": E.constant,
    "none": E.constant,
    "attribute": E.attribute,
    "subscript": E.subscript,
    "slice": E.slice,
    "call": E.call,
    "list_splat": E.splat,
    "list_splat_pattern": E.splat,
    "list": E.sequence,
    "tuple": E.sequence,
    "set": E.sequence,
    "pattern_list": E.sequence,
    "tuple_pattern": E.sequence,
    "list_pattern": E.sequence,
    "expression_list": E.sequence,
    "dictionary": E.mapping,
    "conditional_expression": E.cond,
    "boolean_operator": E.either,
    "binary_operator": E.binary,
    "lambda": E.lambda_,
    "list_comprehension": E.comp,
    "set_comprehension": E.comp,
    "generator_expression": E.comp,
    "dictionary_comprehension": E.comp,
    "named_expression": E.walrus,
    "yield": E.yield_,
    "await": E.inner,
    "parenthesized_expression": E.inner,
    "type": E.inner,
    "keyword_identifier": E.name,
}
