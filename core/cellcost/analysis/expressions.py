"""What expressions may be worth, and the calls that evaluating them makes."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from cellcost.analysis import syntax as s
from cellcost.analysis.attributes import attribute, index, iterate, store
from cellcost.analysis.calling import call_method, call_value
from cellcost.analysis.carriers import combined
from cellcost.analysis.run import Loop, Run
from cellcost.analysis.scopes import NEXT, Flow, Frame, lookup
from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Atom,
    Foreign,
    Func,
    Key,
    Lit,
    Mapped,
    Object,
    Origin,
    Seq,
    Unknown,
    Value,
    Words,
    join,
)

__all__ = ["attribute", "evaluate", "index", "iterate", "store"]

_BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "bool",
        "bytes",
        "callable",
        "chr",
        "classmethod",
        "dict",
        "dir",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "hasattr",
        "hash",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "object",
        "open",
        "ord",
        "pow",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "slice",
        "sorted",
        "staticmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
        "display",
        "globals",
        "locals",
        "__import__",
        "exit",
        "quit",
        "Exception",
        "ValueError",
        "KeyError",
    ]
)
_LONGEST = 1_000_000


def evaluate(run: Run, frame: Frame, expr: s.Expr) -> Value:
    """Return what `expr` may be worth here, making the calls in it."""
    run.step()
    return _EVALUATE[type(expr)](run, frame, expr)


def _const(run: Run, frame: Frame, expr: s.Const) -> Value:
    span = expr.span
    return (Lit(expr.value, Origin(frame.place, span) if span else None),)


def _name(run: Run, frame: Frame, expr: s.Name) -> Value:
    value = lookup(frame, expr.id)
    if value is not None:
        return value
    if expr.id in _BUILTINS:
        return (Foreign(f"builtins.{expr.id}"),)
    if expr.id in ("__name__", "__file__"):
        return UNKNOWN
    return (Unknown(expr.id, declared=True),)


def _attr(run: Run, frame: Frame, expr: s.Attr) -> Value:
    return attribute(run, evaluate(run, frame, expr.of), expr.name, frame=frame)


def _index(run: Run, frame: Frame, expr: s.Index) -> Value:
    of = evaluate(run, frame, expr.of)
    return index(run, of, evaluate(run, frame, expr.key))


def _call(run: Run, frame: Frame, expr: s.Call) -> Value:
    func = expr.func
    if isinstance(func, s.Attr):
        of = evaluate(run, frame, func.of)
        args = _arguments(run, frame, expr)
        return call_method(run, frame, of, func.name, args, expr.span)
    callee = evaluate(run, frame, func)
    args = _arguments(run, frame, expr)
    return call_value(run, frame, callee, args, expr.span)


def _arguments(run: Run, frame: Frame, expr: s.Call) -> Args:
    args = Args()
    for arg in expr.args:
        if isinstance(arg, s.Splat):
            _spread(evaluate(run, frame, arg.of), args)
        else:
            args.at.append(evaluate(run, frame, arg))
    for name, value in expr.keywords:
        if name is not None:
            args.named[name] = evaluate(run, frame, value)
        else:
            _spread_named(evaluate(run, frame, value), args)
    return args


def _spread(value: Value, args: Args) -> None:
    for atom in value:
        if isinstance(atom, Seq) and len(value) == 1:
            args.at.extend(atom.items)
            args.whole = args.whole and atom.whole
        else:
            args.whole = False


def _spread_named(value: Value, args: Args) -> None:
    given = dict(args.named)
    for number, atom in enumerate(value):
        if isinstance(atom, Object):
            items: dict[Key, Value] = {}
            items.update(atom.attributes)
            atom = Mapped(items, whole=False)
        if not isinstance(atom, Mapped):
            args.whole = False
            continue
        args.whole = args.whole and atom.whole
        for key, item in atom.items.items():
            if isinstance(key, str):
                known = args.named.get(key) if number and key not in given else None
                args.named[key] = join(known, item) if known else item


def _list(run: Run, frame: Frame, expr: s.ListExpr) -> Value:
    made = Seq([])
    for item in expr.items:
        if isinstance(item, s.Splat):
            for atom in evaluate(run, frame, item.of):
                if isinstance(atom, Seq):
                    made.items.extend(atom.items)
                    made.whole = made.whole and atom.whole
                else:
                    made.whole = False
        else:
            made.items.append(evaluate(run, frame, item))
    return (made,)


def _dict(run: Run, frame: Frame, expr: s.DictExpr) -> Value:
    made = Mapped({})
    for key, item in expr.items:
        value = evaluate(run, frame, item)
        if key is None:
            for atom in value:
                if isinstance(atom, Mapped):
                    made.items.update(atom.items)
                    made.whole = made.whole and atom.whole
                else:
                    made.whole = False
            continue
        for atom in evaluate(run, frame, key):
            if isinstance(atom, Lit):
                made.items[atom.value] = value
            else:
                made.whole = False
                # Kept under a key of its own: it is one of the values.
                made.items[f"\0{len(made.items)}"] = value
    return (made,)


def _cond(run: Run, frame: Frame, expr: s.Cond) -> Value:
    evaluate(run, frame, expr.test)
    results: list[Value] = []

    def option(part: s.Expr) -> Callable[[], Flow]:
        def run_it() -> Flow:
            results.append(evaluate(run, frame, part))
            return NEXT

        return run_it

    run.trail.branch([option(expr.then), option(expr.otherwise)])
    return join(*results)


def _either(run: Run, frame: Frame, expr: s.Either) -> Value:
    left = evaluate(run, frame, expr.left)
    right = evaluate(run, frame, expr.right)
    if expr.op == "and":
        falsy = tuple(a for a in left if isinstance(a, Lit) and not a.value)
        return join(falsy, right) if falsy else right
    sure = [a for a in left if not (isinstance(a, Lit) and not a.value)]
    if len(sure) == len(left) and all(_surely_true(atom) for atom in left):
        return left
    if not sure:
        return right
    # What is unknown on the left is most often an unset variable or an absent
    # parameter: both sides stay.
    return join(tuple(sure), right)


def _surely_true(atom: Atom) -> bool:
    if isinstance(atom, Lit):
        return bool(atom.value)
    return not isinstance(atom, Unknown | Foreign | Words | Seq | Mapped)


def _binary(run: Run, frame: Frame, expr: s.Binary) -> Value:
    left = evaluate(run, frame, expr.left)
    right = evaluate(run, frame, expr.right)
    if expr.op in ("|", "||", ">>"):
        chain = combined(run, (left, right))
        if chain is not None:
            return chain
    if expr.op == "|":
        return _united(left, right)
    results: list[Atom] = []
    for a, b in product(left[:8], right[:8]):
        atom = _combine(expr.op, a, b)
        if atom not in results:
            results.append(atom)
    return tuple(results) or UNKNOWN


def _united(left: Value, right: Value) -> Value:
    for a, b in product(left, right):
        if isinstance(a, Mapped) and isinstance(b, Mapped):
            return (Mapped({**a.items, **b.items}, a.whole and b.whole),)
    # Type unions (`OpenAI | None`) and sets.
    return join(left, right)


def _combine(op: str, a: Atom, b: Atom) -> Atom:
    if isinstance(a, Lit) and isinstance(b, Lit):
        result = _arithmetic(op, a.value, b.value)
        return Lit(result) if result is not None else Unknown()
    if op == "+":
        if isinstance(a, Seq) and isinstance(b, Seq):
            return Seq([*a.items, *b.items], a.whole and b.whole)
        if isinstance(a, Seq) or isinstance(b, Seq):
            sure = a if isinstance(a, Seq) else b
            return Seq(list(sure.items), False) if isinstance(sure, Seq) else sure
        if _is_text(a) or _is_text(b):
            return add_texts((a, b))
    if op == "%" and isinstance(a, Lit) and isinstance(a.value, str):
        return _percent(a.value, b)
    if op == "*" and isinstance(a, Seq) and isinstance(b, Lit):
        if isinstance(b.value, int) and 0 <= len(a.items) * b.value <= 10_000:
            return Seq(a.items * b.value, a.whole)
        return Seq(list(a.items), False)
    if op == "/" and isinstance(b, Lit) and isinstance(b.value, str):
        return Words(b.value)
    return Unknown()


def _is_text(atom: Atom) -> bool:
    return isinstance(atom, Words) or (
        isinstance(atom, Lit) and isinstance(atom.value, str)
    )


def _arithmetic(op: str, a: Any, b: Any) -> Any:
    try:
        if op == "+":
            if isinstance(a, str) and len(a) > _LONGEST:
                return None
            return a + b
        if op == "%":
            return a % b
        if op == "-":
            return a - b
        if op == "*":
            size = max(len(x) if isinstance(x, str) else 0 for x in (a, b))
            times = max(x if isinstance(x, int) else 0 for x in (a, b))
            return None if size * times > _LONGEST else _times(a, b)
        if op == "//":
            return a // b
        if op == "/":
            return a / b
    except (ArithmeticError, TypeError, ValueError):
        return None
    return None


def _times(a: Any, b: Any) -> Any:
    return a * b


def _percent(template: str, value: Atom) -> Atom:
    if isinstance(value, Seq) and value.whole:
        texts = [_only_text(item) for item in value.items]
        if None not in texts:
            try:
                return Lit(template % tuple(texts))
            except (TypeError, ValueError):
                return Words(template)
    return Words(template)


def _only_text(value: Value) -> str | int | float | None:
    if len(value) == 1 and isinstance(value[0], Lit):
        only = value[0].value
        return only if isinstance(only, str | int | float) else None
    return None


def add_texts(atoms: Sequence[Atom]) -> Atom:
    """Return texts one after the other."""
    known: list[str] = []
    whole = True
    start: str | None = None
    for atom in atoms:
        if isinstance(atom, Lit):
            known.append(str(atom.value))
            continue
        if start is None:
            start = "".join(known) + (atom.start if isinstance(atom, Words) else "")
        if isinstance(atom, Words):
            known.append(atom.known)
        whole = False
    joined = "".join(known)
    return Lit(joined) if whole else Words(joined, start or "")


def _text(run: Run, frame: Frame, expr: s.Text) -> Value:
    values = [evaluate(run, frame, part) for part in expr.parts]
    many = 1
    for value in values:
        many *= len(value)
    if many > 16:
        return (add_texts([v[0] if len(v) == 1 else Unknown() for v in values]),)
    return tuple(dict.fromkeys(add_texts(atoms) for atoms in product(*values)))


def _lambda(run: Run, frame: Frame, expr: s.Lambda) -> Value:
    func = Func(expr, frame.place, frame, qualified=frame.name)
    for param in expr.params:
        if param.default is not None:
            func.defaults[param.name] = evaluate(run, frame, param.default)
    run.define(func)
    return (func,)


def _comp(run: Run, frame: Frame, expr: s.Comp) -> Value:
    from cellcost.analysis.statements import bind

    inner = Frame(
        frame.module, frame.place, {}, frame, func=frame.func, name=frame.name
    )
    entered = 0
    whole: int | None = 1
    values: list[Value] = []
    try:
        for target, over in expr.clauses:
            if target is None:
                evaluate(run, inner, over)
                whole = None
                continue
            items, count = iterate(run, evaluate(run, inner, over))
            whole = None if count is None or whole is None else whole * count
            bind(run, inner, target, items)
            run.loops.append(Loop(count))
            entered += 1
        if whole != 0:
            values = [evaluate(run, inner, part) for part in expr.parts]
    finally:
        del run.loops[len(run.loops) - entered :]
    if not values:
        return (Seq([]),) if expr.kind == "list" else (Mapped({}),)
    if expr.kind == "dict":
        made = Mapped({}, whole=False)
        for atom in values[0]:
            key = atom.value if isinstance(atom, Lit) else "\0"
            made.items[key] = values[-1]
        made.whole = whole == len(made.items) and "\0" not in made.items
        return (made,)
    if whole is not None and whole <= 1000:
        return (Seq([values[0]] * whole),)
    return (Seq([values[0]], whole=False),)


def _walrus(run: Run, frame: Frame, expr: s.Walrus) -> Value:
    value = evaluate(run, frame, expr.value)
    run.trail.write(frame.home(expr.name), expr.name, value)
    return value


def _yield(run: Run, frame: Frame, expr: s.Yield) -> Value:
    if expr.value is not None:
        frame.yields.append(evaluate(run, frame, expr.value))
    return UNKNOWN


def _other(run: Run, frame: Frame, expr: s.Other) -> Value:
    for part in expr.parts:
        evaluate(run, frame, part)
    return UNKNOWN


def _splat(run: Run, frame: Frame, expr: s.Splat) -> Value:
    return evaluate(run, frame, expr.of)


_EVALUATE: dict[type, Callable[[Run, Frame, Any], Value]] = {
    s.Const: _const,
    s.Name: _name,
    s.Attr: _attr,
    s.Index: _index,
    s.Call: _call,
    s.ListExpr: _list,
    s.DictExpr: _dict,
    s.Cond: _cond,
    s.Either: _either,
    s.Binary: _binary,
    s.Text: _text,
    s.Lambda: _lambda,
    s.Comp: _comp,
    s.Walrus: _walrus,
    s.Yield: _yield,
    s.Other: _other,
    s.Splat: _splat,
}
