"""From text to statements by tree-sitter: the only module that knows its nodes."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Literal

import tree_sitter
import tree_sitter_python
from tree_sitter import Node

from cellcost.analysis import syntax as s
from cellcost.analysis.repair import repaired
from cellcost.analysis.source import code_words

__all__ = ["Stmt", "lower"]

Stmt = s.Stmt

# Deeper nesting is not read: no person writes it, and reading it is recursive.
_MAX_DEPTH = 60
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
_WORD = re.compile(r"[^\W\d]\w*")


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


def lower(text: str) -> tuple[Stmt, ...]:
    """Return the statements of `text`; what cannot be read is left out."""
    raw = text.encode("utf-8", "replace")
    root = _parser().parse(raw).root_node
    if root.has_error:
        mended = repaired(text).encode("utf-8", "replace")
        if mended != raw:
            raw = mended
            root = _parser().parse(raw).root_node
    return _Lowering(raw).block(root, 0)


class _Lowering:
    """One parse, as statements and expressions."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def _text(self, node: Node) -> str:
        return self._raw[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # -- statements -------------------------------------------------------------------

    def block(self, node: Node | None, depth: int) -> tuple[Stmt, ...]:
        if node is None or depth > _MAX_DEPTH:
            return ()
        found: list[Stmt] = []
        for child in node.named_children:
            self._statement(child, depth + 1, found)
        return tuple(found)

    def _statement(self, node: Node, depth: int, found: list[Stmt]) -> None:
        lowering = _STATEMENTS.get(node.type)
        if lowering is not None:
            stmt = lowering(self, node, depth)
            if stmt is not None:
                found.append(stmt)
        elif node.type == "expression_statement":
            self._expression_statement(node, depth, found)
        elif node.type == "ERROR":
            found.extend(self._salvage(node, depth))
        elif node.type in _EXPRESSIONS:
            found.append(s.ExprStmt(self.expr(node, depth)))

    def _salvage(self, node: Node, depth: int) -> Iterator[Stmt]:
        """Yield what can be read of a part that the grammar cannot."""
        if depth > _MAX_DEPTH:
            return
        for child in node.named_children:
            found: list[Stmt] = []
            self._statement(child, depth + 1, found)
            yield from found

    def _expression_statement(self, node: Node, depth: int, found: list[Stmt]) -> None:
        for child in node.named_children:
            if child.type == "assignment":
                found.append(self._assign(child, depth))
            elif child.type == "augmented_assignment":
                found.append(
                    s.Augment(
                        self._field(child, "left", depth),
                        self._text(child.children[1]),
                        self._field(child, "right", depth),
                    )
                )
            elif child.type not in ("string", "comment"):
                found.append(s.ExprStmt(self.expr(child, depth)))

    def _assign(self, node: Node, depth: int) -> s.Assign:
        targets: list[s.Expr] = []
        annotation: s.Expr | None = None
        while True:
            left = node.child_by_field_name("left")
            if left is not None:
                targets.append(self.expr(left, depth))
            kind = node.child_by_field_name("type")
            if kind is not None:
                annotation = self.expr(kind, depth)
            right = node.child_by_field_name("right")
            if right is None:
                return s.Assign(tuple(targets), None, annotation)
            if right.type != "assignment":
                return s.Assign(tuple(targets), self.expr(right, depth), annotation)
            node = right

    def if_(self, node: Node, depth: int) -> Stmt:
        branches = [
            (
                self._field(node, "condition", depth),
                self.block(node.child_by_field_name("consequence"), depth),
            )
        ]
        otherwise: s.Body = ()
        for part in node.children_by_field_name("alternative"):
            if part.type == "elif_clause":
                branches.append(
                    (
                        self._field(part, "condition", depth),
                        self.block(part.child_by_field_name("consequence"), depth),
                    )
                )
            elif part.type == "else_clause":
                otherwise = self.block(part.child_by_field_name("body"), depth)
        return s.If(tuple(branches), otherwise)

    def _else(self, node: Node, depth: int) -> s.Body:
        part = node.child_by_field_name("alternative")
        return self.block(part.child_by_field_name("body"), depth) if part else ()

    def for_(self, node: Node, depth: int) -> Stmt:
        return s.For(
            self._field(node, "left", depth),
            self._field(node, "right", depth),
            self.block(node.child_by_field_name("body"), depth),
            self._else(node, depth),
        )

    def while_(self, node: Node, depth: int) -> Stmt:
        return s.While(
            self._field(node, "condition", depth),
            self.block(node.child_by_field_name("body"), depth),
            self._else(node, depth),
        )

    def try_(self, node: Node, depth: int) -> Stmt:
        handlers: list[tuple[str, s.Body]] = []
        otherwise: s.Body = ()
        final: s.Body = ()
        for part in node.named_children:
            if part.type in ("except_clause", "except_group_clause"):
                body = next((c for c in part.named_children if c.type == "block"), None)
                alias = next(
                    (
                        self._text(target)
                        for child in part.named_children
                        if child.type == "as_pattern"
                        and (target := child.child_by_field_name("alias"))
                    ),
                    "",
                )
                handlers.append((alias, self.block(body, depth)))
            elif part.type == "else_clause":
                otherwise = self.block(part.child_by_field_name("body"), depth)
            elif part.type == "finally_clause":
                body = next((c for c in part.named_children if c.type == "block"), None)
                final = self.block(body, depth)
        tried = self.block(node.child_by_field_name("body"), depth)
        return s.Try(tried, tuple(handlers), otherwise, final)

    def with_(self, node: Node, depth: int) -> Stmt:
        items: list[tuple[s.Expr, s.Expr | None]] = []
        for clause in node.named_children:
            if clause.type != "with_clause":
                continue
            for item in clause.named_children:
                value = item.child_by_field_name("value")
                items.extend(self._with_item(p, depth) for p in _with_parts(value))
        body = self.block(node.child_by_field_name("body"), depth)
        return s.With(tuple(items), body)

    def _with_item(self, value: Node, depth: int) -> tuple[s.Expr, s.Expr | None]:
        if value.type != "as_pattern":
            return self.expr(value, depth), None
        alias = value.child_by_field_name("alias")
        target = alias.named_children[0] if alias and alias.named_children else None
        return (
            self.expr(value.named_children[0], depth),
            self.expr(target, depth) if target else None,
        )

    def match_(self, node: Node, depth: int) -> Stmt:
        body = node.child_by_field_name("body")
        cases: list[tuple[tuple[str, ...], s.Body, bool]] = []
        for case in body.named_children if body else ():
            if case.type != "case_clause":
                continue
            patterns = [c for c in case.named_children if c.type == "case_pattern"]
            names = [
                name
                for pattern in patterns
                for name in _captured(pattern, self._text, depth)
            ]
            always = (
                len(patterns) == 1
                and case.child_by_field_name("guard") is None
                and (self._text(patterns[0]) == "_" or len(names) == 1)
                and _WORD.fullmatch(self._text(patterns[0])) is not None
            )
            consequence = case.child_by_field_name("consequence")
            cases.append((tuple(names), self.block(consequence, depth), always))
        return s.Match(self._field(node, "subject", depth), tuple(cases))

    def function(
        self, node: Node, depth: int, decorators: tuple[s.Expr, ...] = ()
    ) -> Stmt | None:
        name = node.child_by_field_name("name")
        if name is None:
            return None
        body = node.child_by_field_name("body")
        returns = node.child_by_field_name("return_type")
        kept: list[s.Body] = []
        words: list[frozenset[str]] = []

        def read() -> s.Body:
            if not kept:
                kept.append(self.block(body, depth))
            return kept[0]

        def said() -> frozenset[str]:
            if not words:
                words.append(code_words(self._text(node)))
            return words[0]

        return s.FuncDef(
            self._text(name),
            self._params(node.child_by_field_name("parameters"), depth),
            decorators,
            self.expr(returns, depth) if returns else None,
            read,
            said,
            node.start_point[0],
            node.end_point[0],
        )

    def class_(
        self, node: Node, depth: int, decorators: tuple[s.Expr, ...] = ()
    ) -> Stmt | None:
        name = node.child_by_field_name("name")
        if name is None:
            return None
        supers = node.child_by_field_name("superclasses")
        bases = [
            self.expr(child, depth)
            for child in (supers.named_children if supers else ())
            if child.type not in ("keyword_argument", "comment")
        ]
        return s.ClassDef(
            self._text(name),
            tuple(bases),
            decorators,
            self.block(node.child_by_field_name("body"), depth),
            node.start_point[0],
            node.end_point[0],
        )

    def decorated(self, node: Node, depth: int) -> Stmt | None:
        decorators = tuple(
            self.expr(child.named_children[0], depth)
            for child in node.named_children
            if child.type == "decorator" and child.named_children
        )
        inner = node.child_by_field_name("definition")
        if inner is None:
            return None
        if inner.type == "class_definition":
            return self.class_(inner, depth, decorators)
        return self.function(inner, depth, decorators)

    def _params(self, node: Node | None, depth: int) -> tuple[s.Param, ...]:
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
                found.append(s.Param(self._text(target)[1:], "*", None, None))
                keyword = True
                continue
            if target.type == "dictionary_splat_pattern":
                found.append(s.Param(self._text(target)[2:], "**", None, None))
                continue
            if target.type != "identifier":
                continue
            value = child.child_by_field_name("value")
            annotation = child.child_by_field_name("type")
            found.append(
                s.Param(
                    self._text(target),
                    "keyword" if keyword else "",
                    self.expr(value, depth) if value else None,
                    self.expr(annotation, depth) if annotation else None,
                )
            )
        return tuple(found)

    def return_(self, node: Node, depth: int) -> Stmt:
        return s.Return(self._only(node, depth))

    def jump(self, node: Node, depth: int) -> Stmt:
        return s.Jump(node.type.removesuffix("_statement"), self._only(node, depth))

    def _only(self, node: Node, depth: int) -> s.Expr | None:
        children = [c for c in node.named_children if c.type != "comment"]
        return self.expr(children[0], depth) if children else None

    def import_(self, node: Node, depth: int) -> Stmt:
        return s.Import(tuple(self._aliased(node.children_by_field_name("name"))))

    def import_from(self, node: Node, depth: int) -> Stmt:
        module = node.child_by_field_name("module_name")
        names = list(self._aliased(node.children_by_field_name("name")))
        if any(child.type == "wildcard_import" for child in node.named_children):
            names = [("*", "*")]
        return s.ImportFrom(
            self._text(module).replace(" ", "") if module else "",
            tuple((name, alias or name) for name, alias in names),
        )

    def _aliased(self, nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
        for node in nodes:
            if node.type == "aliased_import":
                name = node.child_by_field_name("name")
                alias = node.child_by_field_name("alias")
                if name is not None and alias is not None:
                    yield self._text(name), self._text(alias)
            else:
                yield self._text(node), ""

    def global_(self, node: Node, depth: int) -> Stmt:
        return s.Global(tuple(self._text(c) for c in node.named_children))

    def del_(self, node: Node, depth: int) -> Stmt:
        targets: list[s.Expr] = []
        for child in node.named_children:
            many = child.type == "expression_list"
            parts = child.named_children if many else [child]
            targets.extend(self.expr(part, depth) for part in parts)
        return s.Del(tuple(targets))

    def other_statement(self, node: Node, depth: int) -> Stmt | None:
        parts = tuple(self.expr(child, depth) for child in node.named_children)
        return s.ExprStmt(s.Other(parts)) if parts else None

    # -- expressions ------------------------------------------------------------------

    def expr(self, node: Node, depth: int) -> s.Expr:
        if depth > _MAX_DEPTH:
            return _UNREAD
        lowering = _EXPRESSIONS.get(node.type)
        if lowering is None:
            return self._parts(node, depth)
        return lowering(self, node, depth + 1)

    def _field(self, node: Node, name: str, depth: int) -> s.Expr:
        child = node.child_by_field_name(name)
        return _UNREAD if child is None else self.expr(child, depth)

    def _parts(self, node: Node, depth: int) -> s.Expr:
        children = node.named_children
        if not children:
            return _UNREAD
        return s.Other(tuple(self.expr(child, depth + 1) for child in children))

    def inner(self, node: Node, depth: int) -> s.Expr:
        return self._only(node, depth) or _UNREAD

    def name(self, node: Node, depth: int) -> s.Expr:
        return s.Name(self._text(node))

    def number(self, node: Node, depth: int) -> s.Expr:
        text = self._text(node).replace("_", "")
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
        prefix = self._text(children[0]).rstrip("\"'").lower()
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
                parts.append(self._field(child, "expression", depth))
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
            self._field(node, "object", depth), self._text(name) if name else ""
        )

    def subscript(self, node: Node, depth: int) -> s.Expr:
        keys = node.children_by_field_name("subscript")
        if len(keys) == 1:
            key = self.expr(keys[0], depth)
        else:
            key = s.ListExpr(tuple(self.expr(key, depth) for key in keys))
        return s.Index(self._field(node, "value", depth), key)

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
                    value = self._field(child, "value", depth)
                    keywords.append((self._text(name) if name else "", value))
                elif child.type == "dictionary_splat":
                    keywords.append((None, self.inner(child, depth)))
                elif child.type != "comment":
                    args.append(self.expr(child, depth))
        return s.Call(
            self._field(node, "function", depth),
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
                key = self._field(child, "key", depth)
                items.append((key, self._field(child, "value", depth)))
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
            self._text(op) if op else "or",
            self._field(node, "left", depth),
            self._field(node, "right", depth),
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
                (self._text(op) if op else "", self._field(left, "right", depth))
            )
            left = left.child_by_field_name("left")
        value: s.Expr = _UNREAD
        if left is not None and left.type != "binary_operator":
            value = self.expr(left, depth)
        if len(rights) > _MAX_DEPTH:
            if all(op == "+" for op, _ in rights):
                return s.Text((value, *(right for _, right in reversed(rights))))
            return s.Other((value, *(right for _, right in rights)))
        for operator, right in reversed(rights):
            value = s.Binary(operator, value, right)
        return value

    def lambda_(self, node: Node, depth: int) -> s.Expr:
        params = self._params(node.child_by_field_name("parameters"), depth)
        return s.Lambda(params, self._field(node, "body", depth))

    def comp(self, node: Node, depth: int) -> s.Expr:
        kind: Literal["list", "dict"] = "list"
        parts: list[s.Expr] = []
        clauses: list[tuple[s.Expr | None, s.Expr]] = []
        for child in node.named_children:
            if child.type == "for_in_clause":
                target = self._field(child, "left", depth)
                clauses.append((target, self._field(child, "right", depth)))
            elif child.type == "if_clause":
                clauses.append((None, self.inner(child, depth)))
            elif child.type == "pair":
                kind = "dict"
                parts.append(self._field(child, "key", depth))
                parts.append(self._field(child, "value", depth))
            elif child.type != "comment":
                parts.append(self.expr(child, depth))
        return s.Comp(kind, tuple(parts), tuple(clauses))

    def walrus(self, node: Node, depth: int) -> s.Expr:
        name = node.child_by_field_name("name")
        value = self._field(node, "value", depth)
        return s.Walrus(self._text(name) if name else "", value)

    def yield_(self, node: Node, depth: int) -> s.Expr:
        return s.Yield(self._only(node, depth))


def _children(node: Node) -> Iterable[Node]:
    """Return the children that are read: of a huge literal only the first ones."""
    if node.named_child_count <= _MAX_ITEMS:
        return node.named_children
    return [node.named_child(position) for position in range(_MAX_ITEMS)]


def _span(node: Node) -> s.Span:
    row, column = node.start_point
    end_row, end_column = node.end_point
    return s.Span(row, column, end_row, end_column)


def _with_parts(value: Node | None) -> Iterator[Node]:
    """Yield the items of a `with`: tree-sitter reads `with (a as b, c):` as a tuple."""
    if value is None:
        return
    if value.type in ("tuple", "parenthesized_expression"):
        for child in value.named_children:
            yield from _with_parts(child)
    elif value.type != "comment":
        yield value


def _captured(node: Node, text: Callable[[Node], str], depth: int) -> Iterator[str]:
    """Yield the names that a `case` pattern binds."""
    if depth > _MAX_DEPTH:
        return
    for child in node.named_children:
        if child.type == "dotted_name" and child.named_child_count == 1:
            if node.type != "class_pattern":
                yield text(child)
        elif child.type == "identifier" and node.type == "as_pattern":
            yield text(child)
        else:
            yield from _captured(child, text, depth + 1)


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


_Expression = Callable[[_Lowering, Node, int], s.Expr]
_Statement = Callable[[_Lowering, Node, int], Stmt | None]
L = _Lowering
# pyright: reportPrivateUsage=false
_EXPRESSIONS: dict[str, _Expression] = {
    "identifier": L.name,
    "string": L.string,
    "concatenated_string": L.strings,
    "integer": L.number,
    "float": L.number,
    "true": L.constant,
    "false": L.constant,
    "none": L.constant,
    "attribute": L.attribute,
    "subscript": L.subscript,
    "slice": L.slice,
    "call": L.call,
    "list_splat": L.splat,
    "list_splat_pattern": L.splat,
    "list": L.sequence,
    "tuple": L.sequence,
    "set": L.sequence,
    "pattern_list": L.sequence,
    "tuple_pattern": L.sequence,
    "list_pattern": L.sequence,
    "expression_list": L.sequence,
    "dictionary": L.mapping,
    "conditional_expression": L.cond,
    "boolean_operator": L.either,
    "binary_operator": L.binary,
    "lambda": L.lambda_,
    "list_comprehension": L.comp,
    "set_comprehension": L.comp,
    "generator_expression": L.comp,
    "dictionary_comprehension": L.comp,
    "named_expression": L.walrus,
    "yield": L.yield_,
    "await": L.inner,
    "parenthesized_expression": L.inner,
    "type": L.inner,
    "keyword_identifier": L.name,
}
_STATEMENTS: dict[str, _Statement] = {
    "if_statement": L.if_,
    "for_statement": L.for_,
    "while_statement": L.while_,
    "try_statement": L.try_,
    "with_statement": L.with_,
    "match_statement": L.match_,
    "function_definition": L.function,
    "class_definition": L.class_,
    "decorated_definition": L.decorated,
    "return_statement": L.return_,
    "raise_statement": L.jump,
    "break_statement": L.jump,
    "continue_statement": L.jump,
    "import_statement": L.import_,
    "import_from_statement": L.import_from,
    "global_statement": L.global_,
    "nonlocal_statement": L.global_,
    "delete_statement": L.del_,
    "assert_statement": L.other_statement,
    "print_statement": L.other_statement,
    "exec_statement": L.other_statement,
}
