"""Methods of texts, lists and mappings."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from cellcost.analysis import syntax as s
from cellcost.analysis.attributes import index, iterate
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.values import (
    NONE,
    PARSER,
    UNKNOWN,
    Args,
    Atom,
    Lit,
    Mapped,
    Seq,
    Unknown,
    Value,
    Words,
    join,
)

__all__ = ["call_container"]

_TEXT_TO_TEXT = frozenset(
    [
        "capitalize",
        "casefold",
        "lower",
        "lstrip",
        "removeprefix",
        "removesuffix",
        "replace",
        "rstrip",
        "strip",
        "title",
        "upper",
    ]
)


def call_container(
    run: Run, frame: Frame, atom: Atom, name: str, args: Args, span: s.Span | None
) -> Value:
    """Return what a method of a text, list or mapping returns."""
    match atom:
        case Lit(str() as text):
            return _text(run, text, name, args)
        case Words():
            return (Words(atom.known, atom.start),)
        case Seq():
            return _seq(run, atom, name, args)
        case Mapped() if PARSER in atom.items:
            return _parser(run, frame, atom, name, args)
        case Mapped():
            return _mapped(run, frame, atom, name, args, span)
        case _:
            return UNKNOWN


def _text(run: Run, text: str, name: str, args: Args) -> Value:
    texts = [_only(value) for value in args.at]
    if name in _TEXT_TO_TEXT and None not in texts:
        try:
            return (Lit(getattr(text, name)(*texts)),)
        except TypeError:
            return UNKNOWN
    if name == "format":
        return _formatted(text, args)
    if name == "join" and args.at:
        return _joined(run, text, args.at[0])
    if name in ("split", "rsplit", "splitlines") and None not in texts:
        try:
            parts: Sequence[str] = getattr(text, name)(*texts)
        except (TypeError, ValueError):
            return UNKNOWN
        return (Seq([(Lit(part),) for part in parts[:1000]]),)
    if name in ("partition", "rpartition") and texts and texts[0]:
        return (Seq([(Lit(p),) for p in getattr(text, name)(texts[0])]),)
    if name in ("format_map", "substitute", "safe_substitute", "expandtabs"):
        return (Words(text),)
    if name in ("encode", "decode"):
        return (Lit(text),)
    return UNKNOWN


def _only(value: Value) -> Any:
    if len(value) == 1 and isinstance(value[0], Lit):
        return value[0].value
    return None


def _formatted(text: str, args: Args) -> Value:
    options: list[list[Any]] = [
        [a.value if isinstance(a, Lit) else None for a in value][:4]
        for value in args.every()
    ]
    names = list(args.named)
    found: list[Atom] = []
    for chosen in list(product(*options))[:16]:
        if None in chosen or not args.whole:
            found.append(Words(text))
            continue
        at, named = chosen[: len(args.at)], chosen[len(args.at) :]
        try:
            filled = text.format(*at, **dict(zip(names, named, strict=True)))
        except (ValueError, LookupError, AttributeError, TypeError, MemoryError):
            found.append(Words(text))
            continue
        found.append(Lit(filled) if len(filled) < 1_000_000 else Words(text))
    return tuple(dict.fromkeys(found)) or UNKNOWN


def _joined(run: Run, text: str, value: Value) -> Value:
    for atom in value:
        if isinstance(atom, Seq) and atom.whole and len(value) == 1:
            texts = [_only(item) for item in atom.items]
            if all(isinstance(part, str) for part in texts):
                return (Lit(text.join(texts)),)
            return (Words(text.join(part for part in texts if isinstance(part, str))),)
    return (Words(""),)


def _seq(run: Run, atom: Seq, name: str, args: Args) -> Value:
    first = args.at[0] if args.at else UNKNOWN
    if name in ("append", "add", "appendleft"):
        atom.items.append(first)
        if run.loops or len(atom.items) > 1000:
            atom.whole = False
            del atom.items[1000:]
        return NONE
    if name == "insert" and len(args.at) > 1:
        atom.items.insert(0, args.at[1])
        return NONE
    if name in ("extend", "update"):
        for other in first:
            if isinstance(other, Seq):
                atom.items.extend(other.items)
                atom.whole = atom.whole and other.whole and not run.loops
                del atom.items[1000:]
            else:
                atom.whole = False
        return NONE
    if name == "copy":
        return (Seq(list(atom.items), atom.whole),)
    if name in ("pop", "popleft"):
        return index(run, (atom,), first if args.at else (Lit(-1),))
    return UNKNOWN


def _mapped(
    run: Run, frame: Frame, atom: Mapped, name: str, args: Args, span: s.Span | None
) -> Value:
    first = args.at[0] if args.at else UNKNOWN
    if name in ("get", "pop", "setdefault", "getenv"):
        return _get(run, atom, name, first, args)
    if name == "items":
        return (
            Seq(
                [(Seq([(Lit(k),), v]),) for k, v in atom.items.items()],
                atom.whole,
            ),
        )
    if name == "values":
        return (Seq(list(atom.items.values()), atom.whole),)
    if name == "keys":
        return (Seq([(Lit(key),) for key in atom.items], atom.whole),)
    if name == "update":
        for other in first if args.at else ():
            if isinstance(other, Mapped):
                for key, value in other.items.items():
                    run.trail.write(atom.items, key, value)
            else:
                atom.whole = False
        for key, value in args.named.items():
            run.trail.write(atom.items, key, value)
        return NONE
    if name == "copy":
        return (Mapped(dict(atom.items), atom.whole),)
    if name in ("encode", "decode"):
        # `json.dumps(...)` is read as what it was given.
        return (atom,)
    method = atom.items.get(name)
    if method is not None:
        from cellcost.analysis.calling import call_value

        return call_value(run, frame, method, args, span)
    return UNKNOWN


def _get(run: Run, atom: Mapped, name: str, key: Value, args: Args) -> Value:
    default = args.at[1] if len(args.at) > 1 else args.named.get("default", NONE)
    found: list[Value] = []
    for k in key:
        if not isinstance(k, Lit):
            found += [*atom.items.values(), default]
        elif k.value in atom.items:
            found.append(atom.items[k.value])
        else:
            found.append(default if atom.whole else join(default, UNKNOWN))
            if name == "setdefault":
                run.trail.write(atom.items, k.value, default)
    return join(*found) if found else UNKNOWN


def _parser(run: Run, frame: Frame, atom: Mapped, name: str, args: Args) -> Value:
    if name == "add_argument":
        names = [a for a in map(_only, args.at) if isinstance(a, str)]
        longest = next((n for n in names if n.startswith("--")), (names or [""])[0])
        dest = args.named.get("dest")
        key = _only(dest) if dest else longest.lstrip("-").replace("-", "_")
        known = [args.named["default"]] if "default" in args.named else []
        if "choices" in args.named:
            known.append(iterate(run, args.named["choices"])[0])
        atom.items[key] = join(*known) if known else UNKNOWN
        return UNKNOWN
    if name == "set_defaults":
        atom.items.update(args.named)
        return NONE
    if name == "parse_known_args":
        return (Seq([(atom,), UNKNOWN]),)
    if name in (
        "add_argument_group",
        "add_mutually_exclusive_group",
        "add_parser",
        "add_subparsers",
        "parse_args",
    ):
        return (atom,)
    return (Unknown(),)
