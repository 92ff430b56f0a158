"""From text to statements by tree-sitter; expressions: `tree_expressions.py`."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import tree_sitter
import tree_sitter_python
from tree_sitter import Node

from cellcost.analysis import syntax as s
from cellcost.analysis.repair import repaired
from cellcost.analysis.source import code_words
from cellcost.analysis.tree_expressions import EXPRESSIONS, MAX_DEPTH, Expressions

__all__ = ["Stmt", "has_error", "lower"]

Stmt = s.Stmt
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
    return _Statements(raw).block(root, 0)


def has_error(text: str) -> bool:
    """Say whether some of `text` is no Python."""
    return _parser().parse(text.encode("utf-8", "replace")).root_node.has_error


class _Statements:
    """The statements of one parse."""

    __slots__ = ("_of",)

    def __init__(self, raw: bytes) -> None:
        self._of = Expressions(raw)

    def block(self, node: Node | None, depth: int) -> tuple[Stmt, ...]:
        if node is None or depth > MAX_DEPTH:
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
        elif node.type in EXPRESSIONS:
            found.append(s.ExprStmt(self._of.expr(node, depth)))

    def _salvage(self, node: Node, depth: int) -> Iterator[Stmt]:
        """Yield what can be read of a part that the grammar cannot."""
        if depth > MAX_DEPTH:
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
                        self._of.field(child, "left", depth),
                        self._of.text(child.children[1]),
                        self._of.field(child, "right", depth),
                    )
                )
            elif child.type not in ("string", "comment"):
                found.append(s.ExprStmt(self._of.expr(child, depth)))

    def _assign(self, node: Node, depth: int) -> s.Assign:
        targets: list[s.Expr] = []
        annotation: s.Expr | None = None
        while True:
            left = node.child_by_field_name("left")
            if left is not None:
                targets.append(self._of.expr(left, depth))
            kind = node.child_by_field_name("type")
            if kind is not None:
                annotation = self._of.expr(kind, depth)
            right = node.child_by_field_name("right")
            if right is None:
                return s.Assign(tuple(targets), None, annotation)
            if right.type != "assignment":
                return s.Assign(tuple(targets), self._of.expr(right, depth), annotation)
            node = right

    def if_(self, node: Node, depth: int) -> Stmt:
        branches = [
            (
                self._of.field(node, "condition", depth),
                self.block(node.child_by_field_name("consequence"), depth),
            )
        ]
        otherwise: s.Body = ()
        for part in node.children_by_field_name("alternative"):
            if part.type == "elif_clause":
                branches.append(
                    (
                        self._of.field(part, "condition", depth),
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
            self._of.field(node, "left", depth),
            self._of.field(node, "right", depth),
            self.block(node.child_by_field_name("body"), depth),
            self._else(node, depth),
        )

    def while_(self, node: Node, depth: int) -> Stmt:
        return s.While(
            self._of.field(node, "condition", depth),
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
                        self._of.text(target)
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
            return self._of.expr(value, depth), None
        alias = value.child_by_field_name("alias")
        target = alias.named_children[0] if alias and alias.named_children else None
        return (
            self._of.expr(value.named_children[0], depth),
            self._of.expr(target, depth) if target else None,
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
                for name in _captured(pattern, self._of.text, depth)
            ]
            always = (
                len(patterns) == 1
                and case.child_by_field_name("guard") is None
                and (self._of.text(patterns[0]) == "_" or len(names) == 1)
                and _WORD.fullmatch(self._of.text(patterns[0])) is not None
            )
            consequence = case.child_by_field_name("consequence")
            cases.append((tuple(names), self.block(consequence, depth), always))
        return s.Match(self._of.field(node, "subject", depth), tuple(cases))

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
                words.append(code_words(self._of.text(node)))
            return words[0]

        return s.FuncDef(
            self._of.text(name),
            self._of.params(node.child_by_field_name("parameters"), depth),
            decorators,
            self._of.expr(returns, depth) if returns else None,
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
            self._of.expr(child, depth)
            for child in (supers.named_children if supers else ())
            if child.type not in ("keyword_argument", "comment")
        ]
        return s.ClassDef(
            self._of.text(name),
            tuple(bases),
            decorators,
            self.block(node.child_by_field_name("body"), depth),
            node.start_point[0],
            node.end_point[0],
        )

    def decorated(self, node: Node, depth: int) -> Stmt | None:
        decorators = tuple(
            self._of.expr(child.named_children[0], depth)
            for child in node.named_children
            if child.type == "decorator" and child.named_children
        )
        inner = node.child_by_field_name("definition")
        if inner is None:
            return None
        if inner.type == "class_definition":
            return self.class_(inner, depth, decorators)
        return self.function(inner, depth, decorators)

    def return_(self, node: Node, depth: int) -> Stmt:
        return s.Return(self._of.only(node, depth))

    def jump(self, node: Node, depth: int) -> Stmt:
        return s.Jump(node.type.removesuffix("_statement"), self._of.only(node, depth))

    def import_(self, node: Node, depth: int) -> Stmt:
        return s.Import(tuple(self._aliased(node.children_by_field_name("name"))))

    def import_from(self, node: Node, depth: int) -> Stmt:
        module = node.child_by_field_name("module_name")
        names = list(self._aliased(node.children_by_field_name("name")))
        if any(child.type == "wildcard_import" for child in node.named_children):
            names = [("*", "*")]
        return s.ImportFrom(
            self._of.text(module).replace(" ", "") if module else "",
            tuple((name, alias or name) for name, alias in names),
        )

    def _aliased(self, nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
        for node in nodes:
            if node.type == "aliased_import":
                name = node.child_by_field_name("name")
                alias = node.child_by_field_name("alias")
                if name is not None and alias is not None:
                    yield self._of.text(name), self._of.text(alias)
            else:
                yield self._of.text(node), ""

    def global_(self, node: Node, depth: int) -> Stmt:
        return s.Global(tuple(self._of.text(c) for c in node.named_children))

    def del_(self, node: Node, depth: int) -> Stmt:
        targets: list[s.Expr] = []
        for child in node.named_children:
            many = child.type == "expression_list"
            parts = child.named_children if many else [child]
            targets.extend(self._of.expr(part, depth) for part in parts)
        return s.Del(tuple(targets))

    def other_statement(self, node: Node, depth: int) -> Stmt | None:
        parts = tuple(self._of.expr(child, depth) for child in node.named_children)
        return s.ExprStmt(s.Other(parts)) if parts else None


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
    if depth > MAX_DEPTH:
        return
    for child in node.named_children:
        if child.type == "dotted_name" and child.named_child_count == 1:
            if node.type != "class_pattern":
                yield text(child)
        elif child.type == "identifier" and node.type == "as_pattern":
            yield text(child)
        else:
            yield from _captured(child, text, depth + 1)


_Statement = Callable[[_Statements, Node, int], Stmt | None]
L = _Statements
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
