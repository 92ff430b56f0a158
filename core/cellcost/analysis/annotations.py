"""What a type annotation says that a value is."""

from cellcost.analysis import syntax as s
from cellcost.analysis.attributes import enum_members
from cellcost.analysis.families import find
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame, lookup
from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Class,
    Foreign,
    Lit,
    Origin,
    Seq,
    Thing,
    Value,
    join,
)

__all__ = ["instance_of", "is_literal"]

_THROUGH = frozenset(
    [
        "Optional",
        "Annotated",
        "Union",
        "Final",
        "ClassVar",
        "Required",
        "NotRequired",
        "Mapped",
        "Awaitable",
    ]
)
_MANY = frozenset(
    ["list", "List", "Sequence", "Iterable", "tuple", "Tuple", "set", "Set", "Iterator"]
)
_ANYTHING = frozenset({"Any", "object", "typing.Any"})


def instance_of(run: Run, frame: Frame, annotation: s.Expr) -> Value | None:
    """Return a value of the annotated type, or None if it says nothing."""
    match annotation:
        case s.Const(str() as text):
            text = text.replace("Optional[", "").strip("[] ").partition("|")[0].strip()
            head, *rest = text.split(".")
            named: s.Expr = s.Name(head)
            for part in rest:
                named = s.Attr(named, part)
            return instance_of(run, frame, named) if head.isidentifier() else None
        case s.Index(of, key):
            return _subscripted(run, frame, of, key)
        case s.Binary("|", left, right):
            return instance_of(run, frame, left) or instance_of(run, frame, right)
        case s.Name() | s.Attr():
            return _named(run, frame, annotation)
        case s.Other(parts) if len(parts) == 2:
            # tree-sitter's generic_type: a name and its parameters.
            inner = parts[1]
            key = (
                inner.parts[0] if isinstance(inner, s.Other) and inner.parts else inner
            )
            if isinstance(inner, s.Other) and len(inner.parts) > 1:
                key = s.ListExpr(inner.parts)
            return _subscripted(run, frame, parts[0], key)
        case _:
            return None


def is_literal(annotation: s.Expr) -> bool:
    """Say whether it is `Literal[...]`."""
    match annotation:
        case s.Index(of, _):
            return _last(of) == "Literal"
        case s.Other(parts) if parts:
            return _last(parts[0]) == "Literal"
        case _:
            return False


def _last(expr: s.Expr) -> str:
    match expr:
        case s.Name(name):
            return name
        case s.Attr(_, name):
            return name
        case _:
            return ""


def _subscripted(run: Run, frame: Frame, of: s.Expr, key: s.Expr) -> Value | None:
    name = _last(of)
    keys = key.items if isinstance(key, s.ListExpr) else (key,)
    if name == "Literal":
        texts = [
            (Lit(k.value, Origin(frame.place, k.span) if k.span else None),)
            for k in keys
            if isinstance(k, s.Const)
        ]
        return join(*texts) if texts else None
    if name in _THROUGH:
        for part in keys:
            found = instance_of(run, frame, part)
            if found is not None and found != UNKNOWN:
                return found
            if isinstance(part, s.Call):
                from cellcost.analysis.expressions import evaluate

                return evaluate(run, frame, part)
        return None
    if name in _MANY and keys:
        found = instance_of(run, frame, keys[0])
        return (Seq([found], whole=False),) if found is not None else None
    return _named(run, frame, of)


def _named(run: Run, frame: Frame, annotation: s.Expr) -> Value | None:
    from cellcost.analysis.expressions import evaluate

    if isinstance(annotation, s.Name) and lookup(frame, annotation.id) is None:
        return None if annotation.id in _ANYTHING else UNKNOWN
    found: list[Value] = []
    for atom in evaluate(run, frame, annotation):
        made = _made(run, atom)
        if made is not None:
            found.append(made)
    return join(*found) if found else None


def _made(run: Run, atom: object) -> Value | None:
    if isinstance(atom, Class):
        if atom.is_enum:
            return join(*enum_members(atom)) if enum_members(atom) else UNKNOWN
        if not atom.objects:
            from cellcost.analysis.calling import construct

            return construct(run, None, atom, Args(whole=False), None)
        return tuple(atom.objects)
    if isinstance(atom, Foreign):
        if atom.path in _ANYTHING:
            return None
        sdk = find(atom.path)
        if sdk is not None and sdk.makes is not None:
            args = Args(whole=False)
            return (Thing(sdk.makes, args, sdk.provider, made=sdk.name),)
        return (Foreign(f"{atom.path}()", called=True),)
    return None
