"""The expressions and statements that the analysis looks at: plain immutable values.

Rows count from the start of the chunk, columns are UTF-8 bytes.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

__all__ = [
    "Assign",
    "Attr",
    "Augment",
    "Binary",
    "Body",
    "Call",
    "ClassDef",
    "Comp",
    "Cond",
    "Const",
    "Del",
    "DictExpr",
    "Either",
    "Expr",
    "ExprStmt",
    "For",
    "FuncDef",
    "Global",
    "If",
    "Import",
    "ImportFrom",
    "Index",
    "Jump",
    "Lambda",
    "ListExpr",
    "Match",
    "Name",
    "Other",
    "Param",
    "Return",
    "Span",
    "Splat",
    "Stmt",
    "Text",
    "Try",
    "Walrus",
    "While",
    "With",
    "Yield",
]


class Span(NamedTuple):
    """Where something is in its chunk."""

    row: int
    column: int
    end_row: int
    end_column: int


class Const(NamedTuple):
    value: str | int | float | bool | None
    span: Span | None


class Text(NamedTuple):
    """An f-string, or literals side by side."""

    parts: "tuple[Expr, ...]"


class Name(NamedTuple):
    id: str


class Attr(NamedTuple):
    of: "Expr"
    name: str


class Index(NamedTuple):
    of: "Expr"
    key: "Expr"


class Call(NamedTuple):
    func: "Expr"
    args: "tuple[Expr, ...]"
    keywords: "tuple[tuple[str | None, Expr], ...]"
    """A keyword None is a `**mapping`."""
    span: Span


class Splat(NamedTuple):
    of: "Expr"


class ListExpr(NamedTuple):
    items: "tuple[Expr, ...]"


class DictExpr(NamedTuple):
    items: "tuple[tuple[Expr | None, Expr], ...]"
    """A key None is a `**mapping`."""


class Cond(NamedTuple):
    test: "Expr"
    then: "Expr"
    otherwise: "Expr"


class Either(NamedTuple):
    """`left or right`, `left and right`."""

    op: str
    left: "Expr"
    right: "Expr"


class Binary(NamedTuple):
    op: str
    left: "Expr"
    right: "Expr"


class Lambda(NamedTuple):
    params: "tuple[Param, ...]"
    body: "Expr"


class Comp(NamedTuple):
    kind: Literal["list", "dict"]
    parts: "tuple[Expr, ...]"
    clauses: "tuple[tuple[Expr | None, Expr], ...]"
    """(target, iterable), or (None, condition)."""


class Walrus(NamedTuple):
    name: str
    value: "Expr"


class Yield(NamedTuple):
    value: "Expr | None"


class Other(NamedTuple):
    """Something whose value does not matter; calls inside it do."""

    parts: "tuple[Expr, ...]"


Expr: TypeAlias = (
    Const
    | Text
    | Name
    | Attr
    | Index
    | Call
    | Splat
    | ListExpr
    | DictExpr
    | Cond
    | Either
    | Binary
    | Lambda
    | Comp
    | Walrus
    | Yield
    | Other
)

Body: TypeAlias = "tuple[Stmt, ...]"


class Param(NamedTuple):
    name: str
    kind: Literal["", "*", "**", "keyword"]
    default: Expr | None
    annotation: Expr | None


class Assign(NamedTuple):
    targets: tuple[Expr, ...]
    value: Expr | None
    annotation: Expr | None


class Augment(NamedTuple):
    target: Expr
    op: str
    value: Expr


class ExprStmt(NamedTuple):
    value: Expr


class If(NamedTuple):
    branches: "tuple[tuple[Expr, Body], ...]"
    otherwise: "Body"


class For(NamedTuple):
    target: Expr
    over: Expr
    body: "Body"
    otherwise: "Body"


class While(NamedTuple):
    test: Expr
    body: "Body"
    otherwise: "Body"


class Try(NamedTuple):
    body: "Body"
    handlers: "tuple[tuple[str, Body], ...]"
    otherwise: "Body"
    final: "Body"


class With(NamedTuple):
    items: tuple[tuple[Expr, Expr | None], ...]
    body: "Body"


class Match(NamedTuple):
    subject: Expr
    cases: "tuple[tuple[tuple[str, ...], Body, bool], ...]"
    """Names that the pattern binds, the body, and whether it always matches."""


class Return(NamedTuple):
    value: Expr | None


class Jump(NamedTuple):
    """`break`, `continue` or `raise`."""

    kind: str
    value: Expr | None


class Import(NamedTuple):
    names: tuple[tuple[str, str], ...]
    """(dotted module, name it is bound to or "")."""


class ImportFrom(NamedTuple):
    module: str
    """With its leading dots."""
    names: tuple[tuple[str, str], ...]
    """(name, name it is bound to); `*` for everything."""


class Global(NamedTuple):
    names: tuple[str, ...]


class Del(NamedTuple):
    targets: tuple[Expr, ...]


class FuncDef(NamedTuple):
    name: str
    params: tuple[Param, ...]
    decorators: tuple[Expr, ...]
    returns: Expr | None
    body: "Callable[[], Body]"
    """Read when the function is first looked into."""
    words: Callable[[], frozenset[str]]
    row: int
    end_row: int


class ClassDef(NamedTuple):
    name: str
    bases: tuple[Expr, ...]
    decorators: tuple[Expr, ...]
    body: "Body"
    row: int
    end_row: int


Stmt: TypeAlias = (
    Assign
    | Augment
    | ExprStmt
    | If
    | For
    | While
    | Try
    | With
    | Match
    | Return
    | Jump
    | Import
    | ImportFrom
    | Global
    | Del
    | FuncDef
    | ClassDef
)
