"""Calling what is installed: the standard library, SDKs, and everything else."""

import re
from collections.abc import Iterator

from cellcost.analysis import syntax as s
from cellcost.analysis.billing import apply_method, whole_models
from cellcost.analysis.builtin import BUILTINS
from cellcost.analysis.carriers import carried_things
from cellcost.analysis.families import Found, find, kind_named
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.sites import Look, record
from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Atom,
    Bound,
    Class,
    Foreign,
    Func,
    Lit,
    Mapped,
    Object,
    Partial,
    Thing,
    Value,
    lit,
)

__all__ = ["call_foreign"]

# Functions and methods that call their first function for each of many elements.
_MAPPERS = frozenset(
    [
        "apply",
        "applymap",
        "apply_async_many",
        "async_map",
        "imap",
        "imap_unordered",
        "map",
        "map_async",
        "map_batches",
        "map_elements",
        "map_partitions",
        "map_rows",
        "parallel_apply",
        "process_map",
        "progress_apply",
        "progress_map",
        "starmap",
        "starmap_async",
        "swifter_apply",
        "thread_map",
        "transform",
        "agg",
        "aggregate",
        "for_each",
        "foreach",
        "filter",
        "amap",
        "gather_map",
    ]
)
# Functions and methods that call their first function once.
_RUNNERS = frozenset(
    [
        "apply_async",
        "call_later",
        "call_soon",
        "create_task",
        "defer",
        "delay",
        "run",
        "run_in_executor",
        "run_in_threadpool",
        "run_sync",
        "retry_call",
        "start_soon",
        "submit",
        "to_thread",
        "ensure_future",
        "Thread",
        "Process",
        "Timer",
        "call",
        "Depends",
        "pipe",
        "Retrying",
        "add_task",
        "repeat",
        "AsyncRetrying",
        "run_until_complete",
    ]
)
# Functions that return the client (or function) they are given, observed.
_WRAPPERS = frozenset(
    {
        "instrument_anthropic",
        "instrument_openai",
        "observe",
        "op",
        "traceable",
        "trace",
        "track_anthropic",
        "track_openai",
        "wrap",
        "wrap_anthropic",
        "wrap_openai",
        "wraps",
    }
)
_NO_DECORATOR = re.compile(
    r"^builtins\.|mock|autospec|patch|spy|fake|stub", re.IGNORECASE
)
_OPTIONS = re.compile(r"[a-z](?:Config|ConfigDict|Options|Params|Settings)$")
_NAMED_TARGETS = ("target", "func", "function", "fn", "stmt")


def call_foreign(
    run: Run, frame: Frame | None, atom: Foreign, args: Args, span: s.Span | None
) -> Value:
    """Return what calling something installed returns."""
    known = BUILTINS.get(atom.path)
    if known is not None:
        return known(run, frame, args, span)
    result = _sdk(run, frame, atom.path, args, span)
    if result is not None:
        return result
    name = atom.path.rpartition(".")[2]
    if name in _WRAPPERS and args.at:
        return args.at[0]
    if name == "timeit" and args.at:
        return _timed(run, frame, args, span)
    result = _calls_back(run, frame, name, args, span)
    if result is not None:
        return result
    made = Foreign(f"{atom.path}()", called=True, relative=atom.relative)
    if len(args.at) == 1 and not _NO_DECORATOR.search(atom.path):
        # Whatever wraps a function or a client most likely acts like it.
        return (made, *_callables(args.at[0]), *_clients(args.at[0]))
    return (made,)


def _clients(value: Value) -> Iterator[Atom]:
    for atom in value:
        if isinstance(atom, Thing) and not atom.chain:
            yield atom


def _timed(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    from cellcost.analysis.calling import call_value

    times = args.get(("number",), 3)
    only = times[0] if times and len(times) == 1 else Lit(1_000_000)
    count = only.value if isinstance(only, Lit) else None
    with run.loop(count if isinstance(count, int) else None):
        call_value(run, frame, args.at[0], Args(), span)
    return UNKNOWN


def _sdk(
    run: Run, frame: Frame | None, path: str, args: Args, span: s.Span | None
) -> Value | None:
    found = find(path)
    if found is None:
        return None
    family = found.family
    if found.methods:
        result = apply_method(
            run,
            frame,
            span,
            found.methods,
            args,
            thing=_given_request(args),
            provider=found.provider,
            family=family.name,
        )
        if result is not None:
            return result
    if found.loads is not None:
        return _load(run, frame, span, found, args)
    parts = carried_things(args.every())
    if found.makes is not None:
        return (Thing(found.makes, args, found.provider, parts, made=found.name),)
    if parts and family.default_kind:
        owner = kind_named(family.default_kind)
        if owner is not None:
            return (Thing(owner, args, "", parts, made=path.rpartition(".")[2]),)
    if path.endswith("Message") and family.name == "langchain":
        content = args.get(("content",), 0) or UNKNOWN
        return (Mapped({"role": lit("user"), "content": content}),)
    if _OPTIONS.search(path) and not args.at:
        # `GenerateContentConfig(max_output_tokens=9)` reads like the mapping it is.
        options = Mapped({}, args.whole)
        options.items.update(args.named.items())
        return (options,)
    return None


def _given_request(args: Args) -> Thing | None:
    for atom in args.at[0] if args.at else ():
        if isinstance(atom, Thing) and atom.kind.name == "http.request":
            return atom
    return None


def _load(
    run: Run, frame: Frame | None, span: s.Span | None, found: Found, args: Args
) -> Value:
    """Record that weights are loaded; what is built on a loaded object loads none."""
    loads = found.loads
    given = args.get(loads.names, loads.position) if loads is not None else None
    parts = carried_things([given]) if given is not None else ()
    if parts:
        given = whole_models(parts, run) or UNKNOWN
    result = Foreign(f"{found.family.name}.{found.name}()", called=True)
    again = given is not None and all(
        isinstance(atom, Foreign) and atom.called for atom in given
    )
    if not again:
        look = Look(given or UNKNOWN, (), None, tuple(run.loops), found.family.provider)
        record(run, frame, span, "load", look, family=found.family.name)
    return (result,)


def _callables(value: Value) -> Iterator[Atom]:
    for atom in value:
        if (
            isinstance(atom, Func | Bound | Partial | Class)
            or (isinstance(atom, Thing) and atom.chain)
            or (isinstance(atom, Object) and "__call__" in atom.of.attributes)
        ):
            yield atom


def _calls_back(
    run: Run, frame: Frame | None, name: str, args: Args, span: s.Span | None
) -> Value | None:
    if name not in _MAPPERS and name not in _RUNNERS:
        return None
    from cellcost.analysis.attributes import iterate
    from cellcost.analysis.calling import call_value

    target = args.get(_NAMED_TARGETS)
    rest = list(args.at)
    if target is None:
        for number, value in enumerate(args.at):
            if any(True for _ in _callables(value)):
                target = value
                rest = args.at[number + 1 :]
                break
    atoms: Value = tuple(_callables(target)) if target is not None else ()
    if not atoms:
        return None
    if name in _RUNNERS:
        given = rest
        packed = args.get(("args",))
        if packed is not None:
            from cellcost.analysis.values import Seq

            given = [v for a in packed if isinstance(a, Seq) for v in a.items]
        named = {
            k: v for k, v in args.named.items() if k not in (*_NAMED_TARGETS, "args")
        }
        whole = bool(given or named)
        return call_value(run, frame, atoms, Args(given, named, whole), span)
    columns = [iterate(run, value) for value in rest]
    counts = [count for _, count in columns if count is not None]
    count = min(counts) if counts and len(counts) == len(columns) else None
    given = [items for items, _ in columns] or [UNKNOWN]
    if name.startswith("starmap"):
        from cellcost.analysis.attributes import index
        from cellcost.analysis.values import Lit

        width = _width(atoms)
        given = [index(run, given[0], (Lit(n),)) for n in range(width)]
    with run.loop(count):
        result = call_value(run, frame, atoms, Args(given), span)
    from cellcost.analysis.values import Seq

    return (Seq([result] * count if count and count < 1000 else [result], bool(count)),)


def _width(atoms: Value) -> int:
    for atom in atoms:
        func = atom.func if isinstance(atom, Bound) else atom
        if isinstance(func, Func):
            return len(func.definition.params)
    return 1
