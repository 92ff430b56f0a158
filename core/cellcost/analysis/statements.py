"""What statements do to the names around them."""

from collections.abc import Callable, Sequence

from cellcost.analysis import syntax as s
from cellcost.analysis.calling import call_value, instance_of
from cellcost.analysis.expressions import attribute, evaluate, index, iterate, store
from cellcost.analysis.imports import import_from, import_names
from cellcost.analysis.magics import COUNTED
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import END, LOOP, NEXT, Flow, Frame
from cellcost.analysis.values import (
    NONE,
    UNKNOWN,
    Args,
    Bound,
    Class,
    Foreign,
    Func,
    Lit,
    Mapped,
    Object,
    Seq,
    Value,
    is_none,
    join,
)

__all__ = ["bind", "execute", "make_func"]

_Turn = Callable[[], Flow]
_DELETED: Value = (Foreign("a deleted name", called=True),)
_MANAGERS = frozenset({"contextmanager", "asynccontextmanager"})
_ENUMS = frozenset(
    {"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag", "TextChoices", "StrEnumMeta"}
)


def execute(run: Run, frame: Frame, body: Sequence[s.Stmt]) -> Flow:
    """Run statements in order; return what follows the last one."""
    for stmt in body:
        run.step()
        flow = _execute(run, frame, stmt)
        if flow != NEXT:
            return flow
    return NEXT


def _execute(run: Run, frame: Frame, stmt: s.Stmt) -> Flow:
    match stmt:
        case s.Assign():
            _assign(run, frame, stmt)
        case s.ExprStmt(value):
            evaluate(run, frame, value)
            if isinstance(value, s.Call) and _exits(run, frame, value):
                return END
        case s.Return(value):
            result = NONE if value is None else evaluate(run, frame, value)
            frame.returns.append(result)
            return END
        case s.If():
            return _if(run, frame, stmt)
        case s.For():
            return _for(run, frame, stmt)
        case s.While():
            return _while(run, frame, stmt)
        case s.Try():
            return _try(run, frame, stmt)
        case s.With():
            return _with(run, frame, stmt)
        case s.Match():
            return _match(run, frame, stmt)
        case s.FuncDef():
            _define(run, frame, stmt)
        case s.ClassDef():
            _define_class(run, frame, stmt)
        case s.Import():
            import_names(run, frame, stmt)
        case s.ImportFrom():
            import_from(run, frame, stmt)
        case s.Augment():
            _augment(run, frame, stmt)
        case s.Global(names):
            frame.globals.update(names)
        case s.Del(targets):
            _delete(run, frame, targets)
        case s.Jump(kind, value):
            if value is not None:
                evaluate(run, frame, value)
            return END if kind == "raise" else LOOP
    return NEXT


_EXITS = frozenset({"sys.exit", "os._exit", "builtins.exit", "builtins.quit"})


def _exits(run: Run, frame: Frame, call: s.Call) -> bool:
    if not isinstance(call.func, s.Name | s.Attr) or run.loops:
        return False
    callee = evaluate(run, frame, call.func)
    return all(isinstance(a, Foreign) and a.path in _EXITS for a in callee)


# -- names ----------------------------------------------------------------------------


def bind(run: Run, frame: Frame, target: s.Expr, value: Value) -> None:
    """Assign `value` to a target."""
    match target:
        case s.Name(name):
            run.trail.write(frame.home(name), name, value)
        case s.Attr(of, name):
            store(run, evaluate(run, frame, of), name, value)
        case s.Index(of, key):
            keys = evaluate(run, frame, key)
            for atom in evaluate(run, frame, of):
                if isinstance(atom, Mapped):
                    _store_key(run, atom, keys, value)
                elif isinstance(atom, Foreign):
                    for k in keys:
                        if isinstance(k, Lit):
                            run.trail.write(
                                run.globals, f"{atom.path}.{k.value}", value
                            )
        case s.ListExpr(items):
            _unpack(run, frame, items, value)
        case s.Splat(of):
            bind(run, frame, of, value)
        case s.Other(parts):
            for part in parts:
                evaluate(run, frame, part)
        case _:
            pass


def _store_key(run: Run, into: Mapped, keys: Value, value: Value) -> None:
    for key in keys:
        if isinstance(key, Lit):
            run.trail.write(into.items, key.value, value)
        else:
            into.whole = False


def _unpack(run: Run, frame: Frame, targets: Sequence[s.Expr], value: Value) -> None:
    for position, target in enumerate(targets):
        if isinstance(target, s.Splat):
            items, _ = iterate(run, value)
            bind(run, frame, target.of, (Seq([items], whole=False),))
        else:
            bind(run, frame, target, index(run, value, (Lit(position),)))


def _assign(run: Run, frame: Frame, stmt: s.Assign) -> None:
    if stmt.value is None:
        if stmt.annotation is not None and not frame.is_class:
            made = instance_of(run, frame, stmt.annotation)
            for target in stmt.targets:
                if made is not None and isinstance(target, s.Name):
                    bind(run, frame, target, made)
        return
    value = evaluate(run, frame, stmt.value)
    if stmt.annotation is not None and value and is_none(value):
        # `client: OpenAI | None = None` is set before it is used.
        made = instance_of(run, frame, stmt.annotation)
        value = join(value, made) if made is not None else value
    for target in stmt.targets:
        bind(run, frame, target, value)


def _augment(run: Run, frame: Frame, stmt: s.Augment) -> None:
    op = stmt.op.removesuffix("=")
    bind(
        run,
        frame,
        stmt.target,
        evaluate(run, frame, s.Binary(op, stmt.target, stmt.value)),
    )


def _delete(run: Run, frame: Frame, targets: Sequence[s.Expr]) -> None:
    for target in targets:
        if isinstance(target, s.Name):
            bind(run, frame, target, _DELETED)
        elif isinstance(target, s.Attr):
            store(run, evaluate(run, frame, target.of), target.name, _DELETED)


# -- branches and loops ---------------------------------------------------------------


def truth(value: Value) -> bool | None:
    """Return whether a value is true, or None if it may be either."""
    found: set[bool | None] = set()
    for atom in value:
        if isinstance(atom, Lit):
            found.add(bool(atom.value))
        elif isinstance(atom, Seq | Mapped) and atom.whole:
            found.add(bool(atom.items))
        else:
            found.add(None)
    return found.pop() if len(found) == 1 else None


def _fixed(test: s.Expr) -> bool | None:
    """Return what a test written as a constant is: `if False`, `while 1`."""
    if isinstance(test, s.Const):
        return bool(test.value)
    if isinstance(test, s.Name) and test.id == "TYPE_CHECKING":
        return True
    return None


def _if(run: Run, frame: Frame, stmt: s.If) -> Flow:
    bodies: list[Sequence[s.Stmt]] = []
    always = False
    for test, body in stmt.branches:
        evaluate(run, frame, test)
        fixed = _fixed(test)
        if fixed is False:
            continue
        bodies.append(body)
        if fixed:
            always = True
            break
    if not always:
        bodies.append(stmt.otherwise)
    if len(bodies) == 1:
        return execute(run, frame, bodies[0])
    return run.trail.branch([_later(run, frame, body) for body in bodies])


class _later:  # noqa: N801  # a closure that the loop variable cannot change
    __slots__ = ("_body", "_frame", "_run")

    def __init__(self, run: Run, frame: Frame, body: Sequence[s.Stmt]) -> None:
        self._run = run
        self._frame = frame
        self._body = body

    def __call__(self) -> Flow:
        return execute(self._run, self._frame, self._body)


def _for(run: Run, frame: Frame, stmt: s.For) -> Flow:
    over = evaluate(run, frame, stmt.over)
    items, count = iterate(run, over)
    if count == 0:
        return execute(run, frame, stmt.otherwise)

    def turn() -> Flow:
        bind(run, frame, stmt.target, items)
        return execute(run, frame, stmt.body)

    with run.loop(count):
        _turns(run, turn, certain=count is not None)
    return execute(run, frame, stmt.otherwise)


def _while(run: Run, frame: Frame, stmt: s.While) -> Flow:
    evaluate(run, frame, stmt.test)
    fixed = _fixed(stmt.test)
    if fixed is False:
        return execute(run, frame, stmt.otherwise)

    def turn() -> Flow:
        return execute(run, frame, stmt.body)

    counted = COUNTED.match(stmt.test.id) if isinstance(stmt.test, s.Name) else None
    with run.loop(int(counted[1]) if counted else None, endless=bool(fixed)):
        flow = _turns(run, turn, certain=bool(fixed))
        evaluate(run, frame, stmt.test)
    if fixed and flow == END:
        return END
    return execute(run, frame, stmt.otherwise)


def _turns(run: Run, turn: _Turn, *, certain: bool) -> Flow:
    """Run a loop's body; again if what it left changes what its next turn sees."""
    flow, changes = run.trail.attempt(turn)
    carried = any(
        key in into and into[key] != value for into, key, value in changes.values()
    )
    if flow != END:
        run.trail.merge([changes] if certain else [changes, {}])
    if carried and run.passes < 2 and flow != END:
        run.passes += 1
        try:
            run.trail.merge([changes, {}])
            again, more = run.trail.attempt(turn)
            if again != END:
                run.trail.merge([more, {}])
        finally:
            run.passes -= 1
    return flow


def _try(run: Run, frame: Frame, stmt: s.Try) -> Flow:
    flow, changes = run.trail.attempt(_later(run, frame, stmt.body))

    def fine() -> Flow:
        if flow != END:
            run.trail.merge([changes])
        return flow if flow != NEXT else execute(run, frame, stmt.otherwise)

    def handler(name: str, body: Sequence[s.Stmt]) -> Flow:
        run.trail.merge([changes, {}])
        if name:
            bind(run, frame, s.Name(name), UNKNOWN)
        return execute(run, frame, body)

    def handled(position: int) -> _Turn:
        name, body = stmt.handlers[position]
        return lambda: handler(name, body)

    options = [fine, *(handled(n) for n in range(len(stmt.handlers)))]
    result = run.trail.branch(options)
    final = execute(run, frame, stmt.final)
    return final if final != NEXT else result


def _with(run: Run, frame: Frame, stmt: s.With) -> Flow:
    for context, target in stmt.items:
        value = evaluate(run, frame, context)
        entered = _entered(run, frame, value)
        if target is not None:
            bind(run, frame, target, entered)
    return execute(run, frame, stmt.body)


def _entered(run: Run, frame: Frame, value: Value) -> Value:
    found: list[Value] = []
    for atom in value:
        enter: Value = ()
        if isinstance(atom, Object):
            for name in ("__enter__", "__aenter__"):
                enter = attribute(run, (atom,), name)
                if any(isinstance(a, Bound) for a in enter):
                    break
                enter = ()
        found.append(call_value(run, frame, enter, Args(), None) if enter else (atom,))
    return join(*found)


def _match(run: Run, frame: Frame, stmt: s.Match) -> Flow:
    subject = evaluate(run, frame, stmt.subject)

    def case(names: Sequence[str], body: Sequence[s.Stmt]) -> Flow:
        for name in names:
            bind(run, frame, s.Name(name), subject if len(names) == 1 else UNKNOWN)
        return execute(run, frame, body)

    def option(position: int) -> _Turn:
        names, body, _ = stmt.cases[position]
        return lambda: case(names, body)

    always = any(certain for *_, certain in stmt.cases)
    options = [option(position) for position in range(len(stmt.cases))]
    return run.trail.branch(options, always=always) if options else NEXT


# -- functions and classes ------------------------------------------------------------


def _last_name(expr: s.Expr) -> str:
    if isinstance(expr, s.Call):
        return _last_name(expr.func)
    if isinstance(expr, s.Attr):
        return expr.name
    return expr.id if isinstance(expr, s.Name) else ""


def make_func(frame: Frame, definition: s.FuncDef | s.Lambda) -> Func:
    """Return a function that closes over `frame`."""
    flavour = ""
    if isinstance(definition, s.FuncDef):
        for decorator in definition.decorators:
            name = _last_name(decorator)
            if name in ("property", "cached_property", "computed_field"):
                flavour = "property"
            elif name in ("staticmethod", "classmethod", "fixture"):
                flavour = name
            elif name in _MANAGERS:
                flavour = "manager"
    closure = frame
    while closure.is_class and closure.above is not None:
        closure = closure.above
    name = definition.name if isinstance(definition, s.FuncDef) else ""
    return Func(
        definition,
        frame.place,
        closure,
        flavour=flavour,
        qualified=frame.qualified(name),
    )


def _define(run: Run, frame: Frame, stmt: s.FuncDef) -> None:
    func = make_func(frame, stmt)
    for decorator in stmt.decorators:
        if not isinstance(decorator, s.Name | s.Attr):
            evaluate(run, frame, decorator)
    for param in stmt.params:
        if param.default is not None:
            func.defaults[param.name] = evaluate(run, frame, param.default)
    run.define(func)
    run.trail.write(frame.home(stmt.name), stmt.name, (func,))


def _define_class(run: Run, frame: Frame, stmt: s.ClassDef) -> None:
    bases = [evaluate(run, frame, base) for base in stmt.bases]
    attributes: dict[str, Value] = {}
    name = frame.qualified(stmt.name)
    inner = Frame(
        frame.module, frame.place, attributes, frame, is_class=True, name=name
    )
    made = Class(stmt.name, bases, attributes, [], frame.place, frame)
    made.is_enum = any(_last_name(base) in _ENUMS for base in stmt.bases) or any(
        isinstance(atom, Class) and atom.is_enum for base in bases for atom in base
    )
    execute(run, inner, stmt.body)
    for part in stmt.body:
        if isinstance(part, s.Assign) and part.annotation is not None:
            made.fields += [
                (target.id, part.annotation)
                for target in part.targets
                if isinstance(target, s.Name)
            ]
    for value in attributes.values():
        for atom in value:
            if isinstance(atom, Func) and atom.owner is None:
                atom.owner = made
    run.trail.write(frame.home(stmt.name), stmt.name, (made,))
