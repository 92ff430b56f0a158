"""What functions of the standard library return, where values flow through them."""

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from cellcost.analysis import syntax as s
from cellcost.analysis.attributes import attribute, index, iterate, lineage, store
from cellcost.analysis.factories import make_enum, make_namedtuple
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame, lookup
from cellcost.analysis.values import (
    NONE,
    PARSER,
    UNKNOWN,
    Args,
    Foreign,
    Key,
    Lit,
    Mapped,
    Object,
    Partial,
    Seq,
    SuperOf,
    Unknown,
    Value,
    Words,
    join,
)

__all__ = ["BUILTINS", "Handler"]

Handler = Callable[[Run, Frame | None, Args, s.Span | None], Value]


def _first(args: Args) -> Value:
    return args.at[0] if args.at else UNKNOWN


def _same(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return _first(args)


def _second(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return args.at[1] if len(args.at) > 1 else UNKNOWN


def _getenv(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    for name in _first(args):
        if isinstance(name, Lit):
            kept = run.globals.get(f"os.environ.{name.value}")
            if kept is not None:
                return kept
    default = args.get(("default",), 1)
    if default is None:
        return UNKNOWN
    return join(default, UNKNOWN)


def _partial(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    if not args.at:
        return UNKNOWN
    return (Partial(args.at[0], Args(args.at[1:], args.named, args.whole)),)


def _dict(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    made = Mapped({}, args.whole)
    for value in args.at:
        for atom in value:
            if isinstance(atom, Mapped):
                made.items.update(atom.items)
                made.whole = made.whole and atom.whole
            elif isinstance(atom, Seq):
                for pair in atom.items:
                    key = index(run, pair, (Lit(0),))
                    for k in key:
                        if isinstance(k, Lit):
                            made.items[k.value] = index(run, pair, (Lit(1),))
            else:
                made.whole = False
    made.items.update(args.named)
    return (made,)


def _seq(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    if not args.at:
        return (Seq([]),)
    for atom in args.at[0]:
        if isinstance(atom, Seq) and len(args.at[0]) == 1:
            return (Seq(list(atom.items), atom.whole),)
    items, count = iterate(run, args.at[0])
    if count is not None and count <= 1000:
        return (Seq([items] * count),)
    return (Seq([items], whole=False),)


def _reversed(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    value = _seq(run, frame, args, span)
    for atom in value:
        if isinstance(atom, Seq):
            atom.items.reverse()
    return value


def _range(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    numbers: list[int] = []
    for value in args.at:
        only = value[0] if len(value) == 1 else None
        if not isinstance(only, Lit) or not isinstance(only.value, int):
            return (Seq([UNKNOWN], whole=False),)
        numbers.append(only.value)
    try:
        made = range(*numbers)
    except (TypeError, ValueError):
        return (Seq([UNKNOWN], whole=False),)
    count = min(len(made), 10**9) if len(made) < 10**9 else 10**9
    return (Seq(_Repeated(count)),)


class _Repeated(list[Value]):
    """A list that says its length without holding its elements."""

    def __init__(self, count: int) -> None:
        super().__init__([UNKNOWN] if count else [])
        self._count = count

    def __len__(self) -> int:
        return self._count


def _enumerate(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    items, count = iterate(run, _first(args))
    pair: Value = (Seq([UNKNOWN, items]),)
    return _times(pair, count)


def _zip(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    columns = [iterate(run, value) for value in args.at]
    counts = [count for _, count in columns if count is not None]
    row: Value = (Seq([items for items, _ in columns]),)
    return _times(row, min(counts) if counts else None)


def _product(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    columns = [iterate(run, value) for value in args.at]
    total: int | None = 1
    for _, count in columns:
        total = None if total is None or count is None else total * count
    return _times((Seq([items for items, _ in columns]),), total)


def _times(value: Value, count: int | None) -> Value:
    if count is not None and count <= 10_000:
        return (Seq([value] * count),)
    return (Seq([value], whole=False),)


def _element(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return iterate(run, _first(args))[0]


def _any_of(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    if len(args.at) == 1:
        return iterate(run, args.at[0])[0]
    return join(*args.at) if args.at else UNKNOWN


def _cycle(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return (Seq([iterate(run, _first(args))[0]], whole=False),)


def _str(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return tuple(
        Lit(str(atom.value), atom.origin)
        if isinstance(atom, Lit)
        else atom
        if isinstance(atom, Words | Unknown)
        else Unknown()
        for atom in _first(args)
    )


def _int(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    found: list[Value] = []
    for atom in _first(args):
        try:
            found.append((Lit(int(atom.value)),))  # type: ignore[union-attr, arg-type]
        except (AttributeError, TypeError, ValueError):
            found.append(UNKNOWN)
    return join(*found)


def _len(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    count = iterate(run, _first(args))[1]
    return UNKNOWN if count is None else (Lit(count),)


def _slice(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return (Seq([]),)


def _getattr(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    if len(args.at) < 2:
        return UNKNOWN
    found = [
        attribute(run, args.at[0], name.value)
        for name in args.at[1]
        if isinstance(name, Lit) and isinstance(name.value, str)
    ]
    return join(*found, *args.at[2:]) if found else UNKNOWN


def _setattr(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    if len(args.at) == 3:
        for name in args.at[1]:
            if isinstance(name, Lit) and isinstance(name.value, str):
                store(run, args.at[0], name.value, args.at[2])
    return NONE


def _super(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    at = frame
    while at is not None and (at.func is None or at.func.owner is None):
        at = at.above
    if at is None or at.func is None or at.func.owner is None:
        return UNKNOWN
    params = at.func.definition.params
    of = lookup(at, params[0].name) if params else None
    owner = at.func.owner
    return tuple(
        SuperOf(atom, owner) for atom in of or () if isinstance(atom, Object)
    ) or (Foreign("super()", called=True),)


def _type(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return tuple(a.of for a in _first(args) if isinstance(a, Object)) or UNKNOWN


def _vars(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    for atom in _first(args):
        if isinstance(atom, Object):
            items: dict[Key, Value] = {
                k: v for k, v in atom.attributes.items() if k[:1] != "\0"
            }
            for cls in lineage(atom.of):
                for name, _ in cls.fields:
                    if name in cls.attributes:
                        items.setdefault(name, cls.attributes[name])
            return (Mapped(items),)
        if isinstance(atom, Mapped):
            return (Mapped(dict(atom.items), atom.whole),)
    return UNKNOWN


def _field(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    from cellcost.analysis.calling import call_value

    default = args.get(("default",), 0)
    if default is not None:
        return default
    factory = args.get(("default_factory",))
    if factory is not None:
        return call_value(run, frame, factory, Args(), None)
    return UNKNOWN


def _depends(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    from cellcost.analysis.calling import call_value

    return call_value(run, frame, _first(args), Args(), None)


def _replace(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return (
        tuple(
            Object(atom.of, {**atom.attributes, **args.named})
            for atom in _first(args)
            if isinstance(atom, Object)
        )
        or UNKNOWN
    )


def _namespace(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    named: dict[Key, Value] = {}
    named.update(args.named)
    return (Mapped(named, args.whole),)


def _parser(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return (Mapped({PARSER: NONE}),)


def _gather(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    return (Seq(list(args.at), args.whole),)


def _loads(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    for atom in _first(args):
        if isinstance(atom, Lit) and isinstance(atom.value, str):
            try:
                return _from_json(json.loads(atom.value))
            except (ValueError, RecursionError):
                return UNKNOWN
        if isinstance(atom, Mapped | Seq):
            return (atom,)
    return UNKNOWN


def _from_json(value: Any) -> Value:
    if isinstance(value, dict):
        pairs = cast(dict[str, Any], value).items()
        items: dict[Key, Value] = {key: _from_json(item) for key, item in pairs}
        return (Mapped(items),)
    if isinstance(value, list):
        return (Seq([_from_json(item) for item in _items(value)]),)
    return (Lit(value),)


def _items(value: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()


def _options(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    given = args.get(("options", "choices"), 1)
    return iterate(run, given)[0] if given is not None else UNKNOWN


def _chain(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    columns = [iterate(run, value) for value in args.at]
    counts = [count for _, count in columns]
    total = sum(c for c in counts if c is not None) if None not in counts else None
    joined = join(*(items for items, _ in columns)) if columns else UNKNOWN
    return _times(joined, total)


def _repeat(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    times = args.at[1] if len(args.at) > 1 else UNKNOWN
    only = times[0]
    count = (
        only.value if isinstance(only, Lit) and isinstance(only.value, int) else None
    )
    return _times(_first(args), count)


_PLAIN: dict[str, Handler] = {
    "builtins.dict": _dict,
    "builtins.enumerate": _enumerate,
    "builtins.getattr": _getattr,
    "builtins.int": _int,
    "builtins.len": _len,
    "builtins.max": _any_of,
    "builtins.min": _any_of,
    "builtins.next": _element,
    "builtins.range": _range,
    "builtins.reversed": _reversed,
    "tqdm.auto.trange": _range,
    "tqdm.notebook.trange": _range,
    "tqdm.trange": _range,
    "builtins.setattr": _setattr,
    "builtins.slice": _slice,
    "builtins.str": _str,
    "builtins.super": _super,
    "builtins.type": _type,
    "builtins.vars": _vars,
    "builtins.zip": _zip,
    "argparse.ArgumentParser": _parser,
    "argparse.Namespace": _namespace,
    "asyncio.gather": _gather,
    "asyncio.wait_for": _same,
    "collections.ChainMap": _dict,
    "collections.OrderedDict": _dict,
    "collections.namedtuple": make_namedtuple,
    "collections.defaultdict": _dict,
    "dataclasses.asdict": _vars,
    "dataclasses.field": _field,
    "dataclasses.replace": _replace,
    "attr.asdict": _vars,
    "attrs.asdict": _vars,
    "attr.evolve": _replace,
    "attrs.evolve": _replace,
    "attr.ib": _field,
    "attrs.field": _field,
    "attr.field": _field,
    "enum.Enum": make_enum,
    "enum.StrEnum": make_enum,
    "enum.auto": lambda run, frame, args, span: UNKNOWN,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "itertools.batched": _cycle,
    "itertools.chain": _chain,
    "itertools.cycle": _cycle,
    "itertools.product": _product,
    "itertools.repeat": _repeat,
    "itertools.zip_longest": _zip,
    "json.loads": _loads,
    "omegaconf.OmegaConf.create": _same,
    "os.environ.get": _getenv,
    "os.environ.setdefault": _getenv,
    "os.getenv": _getenv,
    "decouple.config": _getenv,
    "environ.get": _getenv,
    "random.choice": _element,
    "random.choices": _cycle,
    "random.sample": _cycle,
    "numpy.random.choice": _element,
    "secrets.choice": _element,
    "simple_namespace": _namespace,
    "types.MappingProxyType": _same,
    "types.SimpleNamespace": _namespace,
    "typing.cast": _second,
    "fastapi.Depends": _depends,
    "pydantic.Field": _field,
    "pydantic.fields.Field": _field,
    "sqlmodel.Field": _field,
    "typer.Option": _field,
    "typer.Argument": _field,
    "fastapi.Query": _field,
    "fastapi.Form": _field,
    "fastapi.Body": _field,
    "fastapi.Header": _field,
}
_SAME = [
    "builtins.await",
    "builtins.bytes",
    "builtins.print",
    "copy.copy",
    "copy.deepcopy",
    "asyncio.create_task",
    "asyncio.ensure_future",
    "asyncio.run",
    "asyncio.shield",
    "json.dumps",
    "textwrap.dedent",
    "inspect.cleandoc",
    "nest_asyncio.run",
    "anyio.run",
    "asyncio.as_completed",
    "builtins.iter",
    "os.path.expandvars",
    "streamlit.cache_resource",
    "html.escape",
    "tqdm.tqdm",
    "tqdm.auto.tqdm",
    "tqdm.notebook.tqdm",
    "tqdm.asyncio.tqdm",
    "tqdm.tqdm_notebook",
    "tqdm.notebook_tqdm",
    "rich.progress.track",
    "concurrent.futures.as_completed",
    "tqdm.asyncio.tqdm_asyncio.as_completed",
    "tqdm.asyncio.tqdm.as_completed",
    "functools.cache",
    "functools.lru_cache",
    "pydantic.SecretStr",
]
_SEQS = ["list", "tuple", "set", "frozenset", "sorted"]
_CHOICES = [
    "selectbox",
    "radio",
    "select_slider",
    "sidebar.selectbox",
    "sidebar.radio",
    "multiselect",
    "pills",
    "segmented_control",
    "sidebar.select_slider",
]

BUILTINS: dict[str, Handler] = {
    **_PLAIN,
    **dict.fromkeys(_SAME, _same),
    **{f"builtins.{name}": _seq for name in _SEQS},
    **{f"streamlit.{name}": _options for name in _CHOICES},
}
