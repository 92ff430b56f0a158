"""Calling what the user wrote: functions, classes, objects."""

from collections.abc import Iterator

from cellcost.analysis import syntax as s
from cellcost.analysis.annotations import instance_of, is_literal
from cellcost.analysis.attributes import (
    THING,
    attribute,
    enum_members,
    find_in_class,
    lineage,
)
from cellcost.analysis.billing import call_duck, call_thing
from cellcost.analysis.containers import call_container
from cellcost.analysis.families import find
from cellcost.analysis.foreign import call_foreign
from cellcost.analysis.run import Run, Step
from cellcost.analysis.scopes import Frame, lookup
from cellcost.analysis.sites import record_wrapper
from cellcost.analysis.values import (
    NONE,
    UNKNOWN,
    Args,
    Atom,
    Bound,
    Class,
    Foreign,
    Func,
    Key,
    Lit,
    Mapped,
    Object,
    Partial,
    Seq,
    SuperOf,
    Thing,
    Unknown,
    Value,
    Words,
    is_none,
    join,
)

__all__ = ["call_func", "call_method", "call_value", "construct", "instance_of"]

_DEEPEST = 10
_DEEPEST_COLD = 4
_MOST_TURNS = 40
_MOST_COLD = 8
"""A function is looked into at most so often; then its last answer stands."""
_MOST_OBJECTS = 12


def call_value(
    run: Run, frame: Frame | None, callee: Value, args: Args, span: s.Span | None
) -> Value:
    """Return what calling any of the alternatives returns."""
    results = [_call(run, frame, atom, args, span) for atom in callee]
    return join(*results) if results else UNKNOWN


def _call(
    run: Run, frame: Frame | None, atom: Atom, args: Args, span: s.Span | None
) -> Value:
    run.step()
    match atom:
        case Func():
            return call_func(run, frame, atom, args, span)
        case Bound(func, of):
            return call_func(run, frame, func, args, span, of=of)
        case Class():
            return construct(run, frame, atom, args, span)
        case Partial():
            return call_value(run, frame, atom.target, atom.args.over(args), span)
        case Thing():
            return call_thing(run, frame, atom, args, span)
        case Foreign():
            return call_foreign(run, frame, atom, args, span)
        case Unknown(name, declared) if declared:
            return call_duck(run, frame, name, args, span)
        case Object():
            return _call_object(run, frame, atom, args, span)
        case _:
            return UNKNOWN


def _call_object(
    run: Run, frame: Frame | None, atom: Object, args: Args, span: s.Span | None
) -> Value:
    for name in ("__call__", "forward"):
        if find_in_class(atom.of, name) is not None:
            method = attribute(run, (atom,), name)
            return call_value(run, frame, method, args, span)
    inner = atom.attributes.get(THING)
    return call_value(run, frame, inner, args, span) if inner else UNKNOWN


def call_method(
    run: Run, frame: Frame, of: Value, name: str, args: Args, span: s.Span | None
) -> Value:
    """Return what `of.name(...)` returns."""
    results: list[Value] = []
    for atom in of:
        match atom:
            case Lit() | Words() | Seq() | Mapped():
                results.append(call_container(run, frame, atom, name, args, span))
            case SuperOf() if name == "__init__":
                results.append(_super_init(run, frame, atom, args, span))
            case Func() | Bound() if name in ("delay", "remote", "submit", "__call__"):
                results.append(call_value(run, frame, (atom,), args, span))
            case Func() | Bound() if name in ("map", "starmap", "for_each"):
                with run.loop(None):
                    results.append(call_value(run, frame, (atom,), Args(), span))
            case Object() if name in _DUMPS and not find_in_class(atom.of, name):
                results.append(_dumped(atom, name, args))
            case _:
                method = attribute(run, (atom,), name, frame=frame)
                results.append(call_value(run, frame, method, args, span))
    return join(*results) if results else UNKNOWN


_DUMPS = frozenset(
    {"model_dump", "dict", "_asdict", "to_dict", "model_copy", "copy", "_replace"}
)


def _dumped(atom: Object, name: str, args: Args) -> Value:
    """Return an object of a model or dataclass as a mapping, or a changed copy."""
    if name in ("model_copy", "copy", "_replace"):
        changed = dict(atom.attributes)
        changed.update(args.named if name == "_replace" else {})
        for update in args.get(("update",)) or ():
            if isinstance(update, Mapped):
                changed.update((str(k), v) for k, v in update.items.items())
        return (Object(atom.of, changed),)
    kept: dict[Key, Value] = {k: v for k, v in atom.attributes.items() if k[:1] != "\0"}
    return (Mapped(kept),)


# -- functions ------------------------------------------------------------------------


def call_func(
    run: Run,
    frame: Frame | None,
    func: Func,
    args: Args,
    span: s.Span | None,
    *,
    of: Object | Class | None = None,
) -> Value:
    """Return what a function of the user's own returns, after running its body."""
    definition = func.definition
    mark = id(definition)
    run.called.add(mark)
    run.funcs.pop(mark, None)
    turns = run.turns.get(mark, 0)
    cold = (
        isinstance(definition, s.FuncDef)
        and definition.name not in ("__init__", "__post_init__")
        and run.hot.isdisjoint(definition.words())
    )
    deepest, most = (_DEEPEST_COLD, _MOST_COLD) if cold else (_DEEPEST, _MOST_TURNS)
    if mark in run.stack or len(run.stack) >= deepest or turns >= most:
        return run.answers.get(mark, UNKNOWN)
    run.turns[mark] = turns + 1
    inner = Frame(
        func.place.module,
        func.place,
        {},
        func.closure,
        func=func,
        name=func.qualified,
    )
    bound = Args([(of,), *args.at], args.named, args.whole) if of is not None else args
    _bind(run, inner, func, bound)
    given = list(inner.vars.items())
    since = len(run.log)
    run.stack.append(mark)
    run.way.append(_step(frame, span))
    try:
        result = _body(run, inner, func)
    finally:
        run.stack.pop()
        run.way.pop()
    run.answers[mark] = result
    gives = bool(args.at or args.named or not args.whole)
    if frame is not None and span is not None and gives and len(run.log) > since:
        record_wrapper(run, frame, span, func, given, since)
    return result


def _step(frame: Frame | None, span: s.Span | None) -> Step:
    if frame is None or span is None:
        return "", None, 0, 0
    place = frame.place
    return place.module.path, place.cell, place.row + span.row, span.column


def _body(run: Run, inner: Frame, func: Func) -> Value:
    from cellcost.analysis.expressions import evaluate
    from cellcost.analysis.statements import execute

    definition = func.definition
    if isinstance(definition, s.Lambda):
        return evaluate(run, inner, definition.body)
    execute(run, inner, definition.body())
    if inner.yields:
        if func.flavour in ("manager", "fixture"):
            return join(*inner.yields)
        return (Seq([join(*inner.yields)], whole=False),)
    if not inner.returns:
        return NONE
    result = join(*inner.returns)
    if definition.returns is not None and not any(map(_tells, result)):
        declared = instance_of(run, func.closure or inner, definition.returns)
        result = join(result, declared) if declared is not None else result
    return result


def _tells(atom: Atom) -> bool:
    """Say whether it is more than something that an unread library returned."""
    if isinstance(atom, Lit):
        return atom.value is not None
    return not isinstance(atom, Unknown | Foreign)


def _bind(run: Run, inner: Frame, func: Func, args: Args) -> None:
    at = iter(args.at)
    named = dict(args.named)
    rest: Mapped | None = None
    for param in func.definition.params:
        value: Value | None = None
        if param.kind == "*":
            value = (Seq(list(at), args.whole),)
        elif param.kind == "**":
            rest = Mapped({}, args.whole)
            rest.items.update(named)
            inner.vars[param.name] = (rest,)
            continue
        else:
            if param.kind == "":
                value = next(at, None)
            if value is None:
                value = named.pop(param.name, None)
            if value is None:
                value = _absent(run, inner, func, param, args)
        inner.vars[param.name] = value
    if rest is not None:
        taken = {p.name for p in func.definition.params if p.kind != "**"}
        for name in taken:
            rest.items.pop(name, None)


def _absent(run: Run, inner: Frame, func: Func, param: s.Param, args: Args) -> Value:
    """Return what a parameter is that the caller did not give."""
    from cellcost.analysis.clis import option_default

    outer = func.closure or inner
    option = option_default(run, outer, func.definition, param)
    if option is not None:
        return option
    default = func.defaults.get(param.name)
    if default is not None and not (is_none(default) and param.annotation is not None):
        return default
    if param.annotation is not None:
        made = instance_of(run, outer, param.annotation)
        if made is not None:
            return join(default, made) if default else made
    if default is not None:
        return default
    if "mock" in param.name.lower() or "fake" in param.name.lower():
        return (Foreign("mock", called=True),)
    if param.name == "self":
        return UNKNOWN
    fixture = lookup(outer, param.name)
    for atom in fixture or ():
        if isinstance(atom, Func) and atom.flavour == "fixture":
            return call_func(run, None, atom, Args(), None)
    return (Unknown(param.name, declared=True),)


# -- classes --------------------------------------------------------------------------


def construct(
    run: Run, frame: Frame | None, cls: Class, args: Args, span: s.Span | None
) -> Value:
    """Return an object of a class of the user's own, after running its `__init__`."""
    if cls.is_enum:
        given = args.at[0] if args.at else UNKNOWN
        if all(isinstance(atom, Lit) for atom in given):
            return given
        members = enum_members(cls)
        return join(*members) if members else UNKNOWN
    made = Object(cls, {})
    if len(cls.objects) < _MOST_OBJECTS:
        cls.objects.append(made)
    _extend_thing(made, args)
    init = find_in_class(cls, "__init__")
    if init is not None:
        method = attribute(run, (made,), "__init__")
        call_value(run, frame, method, args, span)
    else:
        _fill_fields(run, made, args)
    for name in ("__post_init__", "model_post_init"):
        if find_in_class(cls, name) is not None:
            call_value(run, frame, attribute(run, (made,), name), Args(), None)
    return (made,)


def _extend_thing(made: Object, args: Args) -> None:
    """Let an object whose class extends an SDK's be one of that kind."""
    for path in _foreign_bases(made.of):
        found = find(path)
        if found is not None and found.makes is not None:
            thing = Thing(
                found.makes,
                Args(list(args.at), dict(args.named), args.whole),
                found.provider,
                made=found.name,
            )
            for name, value in made.of.attributes.items():
                thing.args.named.setdefault(name, value)
            made.attributes[THING] = (thing,)
            return


def _foreign_bases(cls: Class) -> Iterator[str]:
    for of in lineage(cls):
        for base in of.bases:
            for atom in base:
                if isinstance(atom, Foreign):
                    yield atom.path


def _super_init(
    run: Run, frame: Frame, atom: SuperOf, args: Args, span: s.Span | None
) -> Value:
    for base in lineage(atom.above)[1:]:
        init = base.attributes.get("__init__")
        if init is not None:
            for found in init:
                if isinstance(found, Func):
                    call_func(run, frame, found, args, None, of=atom.of)
            return NONE
    if THING in atom.of.attributes:
        del atom.of.attributes[THING]
        _extend_thing(atom.of, args)
    else:
        _fill_fields(run, atom.of, args)
    return NONE


def _fill_fields(run: Run, made: Object, args: Args) -> None:
    fields: dict[str, tuple[Class, s.Expr | None]] = {}
    for cls in reversed(lineage(made.of)):
        for name, annotation in cls.fields:
            fields[name] = (cls, annotation)
    at = iter(args.at)
    for name, (cls, annotation) in fields.items():
        value = args.named.get(name) or next(at, None)
        if value is None and find_in_class(made.of, name) is None:
            frame = cls.closure
            if frame is not None and annotation is not None:
                value = instance_of(run, frame, annotation)
            value = value or UNKNOWN
        elif value is None:
            value = _choices(run, made.of, name, cls.closure, annotation)
        if value is not None:
            made.attributes[name] = value
    for name, value in args.named.items():
        made.attributes.setdefault(name, value)


def _choices(
    run: Run, of: Class, name: str, frame: Frame | None, annotation: s.Expr | None
) -> Value | None:
    """Return what a field `name: Literal[...] = ...` may be; None if it is none."""
    if frame is None or annotation is None or not is_literal(annotation):
        return None
    default, others = find_in_class(of, name), instance_of(run, frame, annotation)
    return join(default or (), others or ())
