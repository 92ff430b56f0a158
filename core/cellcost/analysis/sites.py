"""What is seen where a call spends money or loads weights."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cellcost.analysis import syntax as s
from cellcost.analysis.carriers import carried_things
from cellcost.analysis.families import ducks, root_of
from cellcost.analysis.families.table import Bills, Makes
from cellcost.analysis.run import Loop, Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.shapes import SHAPES
from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Foreign,
    Func,
    Lit,
    Mapped,
    Place,
    Seq,
    Thing,
    Unknown,
    Value,
    join,
    lit,
    literals,
)

__all__ = [
    "Look",
    "Sighting",
    "call_duck",
    "call_thing",
    "record",
    "record_wrapper",
    "whole_models",
]

_MOST_LOOKS = 12


@dataclass(frozen=True, slots=True)
class Look:
    """One way in which a call site was reached."""

    models: Value
    prompt: tuple[Value, ...]
    cap: Value | None
    loops: tuple[Loop, ...]
    provider: str
    url: Value | None = None
    many: bool = False


@dataclass(slots=True)
class Sighting:
    """A call site, and every way in which it was reached."""

    place: Place
    span: s.Span
    kind: str
    scope: str
    """The qualified name of the function that it stands in."""
    family: str = ""
    wraps: bool = False
    """Whether it is the call of the user's own function that passes a model on."""
    looks: list[Look] = field(default_factory=list[Look])


Logged = tuple[Sighting, Look, int]
"""A sighting, how it was reached, and how deep in function calls."""


def record(
    run: Run,
    frame: Frame | None,
    span: s.Span | None,
    kind: str,
    look: Look,
    *,
    wraps: bool = False,
    family: str = "",
) -> None:
    """Keep that a call site was reached."""
    if frame is None or span is None:
        return
    place = frame.place
    key = (
        place.module.path,
        place.cell,
        place.row + span.row,
        span.column,
        "wrapper" if wraps else kind,
    )
    found = run.sightings.get(key)
    if found is None:
        found = Sighting(place, span, kind, _scope(frame), family, wraps)
        run.sightings[key] = found
    if look not in found.looks and len(found.looks) < _MOST_LOOKS:
        found.looks.append(look)
    run.log.append((found, look, len(run.stack)))


def _scope(frame: Frame) -> str:
    names: list[str] = []
    at: Frame | None = frame
    while at is not None:
        func = at.func
        if func is not None and isinstance(func.definition, s.FuncDef):
            name = func.definition.name
            if func.owner is not None:
                name = f"{func.owner.name}.{name}"
            if name not in names:
                names.append(name)
        at = at.above
    return ".".join(reversed(names))


# -- the SDKs' own objects ------------------------------------------------------------


def call_thing(
    run: Run, frame: Frame | None, thing: Thing, args: Args, span: s.Span | None
) -> Value:
    """Return what calling a method of an SDK's object returns."""
    method = thing.kind.methods.get(thing.chain or "__call__")
    if isinstance(method, Bills):
        bill(run, frame, span, method, args, thing)
        return (Foreign(f"{thing.kind.name}.answer", called=True),)
    if isinstance(method, Makes):
        from cellcost.analysis.families import kind_named

        parts = tuple(dict.fromkeys((*thing.parts, *carried_things(args.every()))))
        changed = {k: v for k, v in args.named.items() if k in thing.kind.model}
        kept = thing.args.over(Args([], changed))
        kind = kind_named(method.kind) or thing.kind
        if method.kind:
            kept = Args([], {**thing.args.named, **args.named}, args.whole)
            if args.at:
                kept.at = list(args.at)
        return (Thing(kind, kept, thing.provider, parts, made=thing.made),)
    return (Foreign(f"{thing.kind.name}.{thing.chain}()", called=True),)


def bill(
    run: Run,
    frame: Frame | None,
    span: s.Span | None,
    bills: Bills,
    args: Args,
    thing: Thing | None = None,
    *,
    provider: str = "",
    family: str = "",
) -> None:
    """Record a call of a method or function that spends money."""
    url = None
    if thing is not None:
        url = thing.args.get(("base_url", "openai_api_base", "api_base"))
        provider = thing.provider or provider
        family = family or thing.kind.name.partition(".")[0]
    look = Look(
        models=_models(bills, args, thing),
        prompt=_prompt(bills, args),
        cap=args.get(bills.cap) or (thing.args.get(bills.cap) if thing else None),
        loops=tuple(run.loops),
        provider=provider,
        url=url or args.get(("base_url", "api_base")),
        many=bills.many,
    )
    record(run, frame, span, bills.kind, look, family=family)


def _models(bills: Bills, args: Args, thing: Thing | None) -> Value:
    shape = SHAPES.get(bills.shape)
    if shape is not None:
        found = shape(args, thing)
        if found is not None:
            return found
    if bills.where != "receiver":
        given = args.get(bills.model, bills.position)
        if given is not None and any(True for _ in literals(given)):
            return given
        if given is not None and not _absent(given):
            nested = whole_models(carried_things([given]))
            return nested or given
    found = whole_models([thing]) if thing is not None else ()
    if found:
        return found
    default = bills.default or (thing.kind.default if thing else "")
    return lit(default) if default and args.whole else UNKNOWN


def _absent(value: Value) -> bool:
    return all(isinstance(atom, Lit) and atom.value is None for atom in value)


def whole_models(things: Iterable[Thing]) -> Value:
    """Return every model that some objects, and those inside them, call."""
    found: list[Value] = []
    seen: set[int] = set()
    queue = list(things)
    for thing in queue:
        if id(thing) in seen or len(seen) > 64:
            continue
        seen.add(id(thing))
        queue.extend(thing.parts)
        own = thing.args.get(thing.kind.model, thing.kind.position)
        if own is not None and not _absent(own):
            texts = tuple(atom for atom in own if not isinstance(atom, Thing))
            named = [a for a in texts if isinstance(a, Lit | Unknown | Foreign)]
            if any(isinstance(a, Lit) for a in named) or not thing.parts:
                found.append(texts or UNKNOWN)
        elif thing.kind.default:
            found.append(lit(thing.kind.default))
    return join(*found) if found else ()


def _prompt(bills: Bills, args: Args) -> tuple[Value, ...]:
    values = [args.named[name] for name in bills.prompt if name in args.named]
    at = bills.prompt_at
    if not values and at is not None and at < len(args.at):
        values.append(args.at[at])
    return tuple(values)


# -- objects of unknown kind ----------------------------------------------------------

_MODEL_LIKE = re.compile(
    r"(?:[\w.-]+[/:])?(?:gpt-|o[1-9](?:-|$)|chatgpt|claude|gemini|text-embedding|dall-e"
    r"|whisper|tts-|gpt_|llama|mistral|mixtral|command-|deepseek|qwen|grok|davinci)",
    re.IGNORECASE,
)
_DOUBLES = re.compile(r"mock|fake|stub|dummy|patch|monkey|spy|double", re.IGNORECASE)
_THROUGH = frozenset({"beta", "with_raw_response", "with_streaming_response"})


def call_duck(
    run: Run, frame: Frame | None, name: str, args: Args, span: s.Span | None
) -> Value:
    """Record a call on an object of unknown kind that cannot well be another's.

    A parameter called `client` with `.chat.completions.create(model=..., ...)` is one.
    """
    parts = [part for part in name.split(".") if part not in _THROUGH]
    if frame is None or len(parts) < 3 or _DOUBLES.search(name):
        return UNKNOWN
    for start in range(1, len(parts) - 1):
        found = ducks().get(".".join(parts[start:]))
        if found is None:
            continue
        bills, provider = found
        models = args.get(bills.model)
        if models is None and args.whole:
            continue
        wanted = [n for n in bills.duck if n not in args.named]
        if wanted and args.whole:
            continue
        likely = any(_MODEL_LIKE.match(str(a.value)) for a in literals(models or ()))
        if likely or _imports_sdk(frame):
            look = Look(
                models or UNKNOWN,
                _prompt(bills, args),
                args.get(bills.cap),
                tuple(run.loops),
                provider,
            )
            record(run, frame, span, bills.kind, look)
        break
    return UNKNOWN


def _imports_sdk(frame: Frame) -> bool:
    return any(
        isinstance(atom, Foreign) and not atom.called and root_of(atom.path)
        for value in frame.module.vars.values()
        for atom in value
    )


# -- the user's own wrappers ----------------------------------------------------------


def record_wrapper(
    run: Run,
    frame: Frame,
    span: s.Span,
    func: Func,
    given: Sequence[tuple[str, Value]],
    since: int,
) -> None:
    """Record a call of a function that passes on a model which its caller chose."""
    if not isinstance(func.definition, s.FuncDef):
        return
    texts: set[Lit] = set()
    for _, value in given:
        texts.update(_literals_in(value, 0))
    foreign = func.place.module is not frame.place.module
    for seen, look, depth in list(run.log[since:]):
        chosen = tuple(
            atom for atom in literals(look.models) if _comes_from(atom, texts)
        )
        direct = foreign and not seen.wraps and depth == len(run.stack) + 1
        if not chosen and not direct:
            continue
        models = chosen or look.models
        outer = Look(
            models,
            look.prompt,
            look.cap,
            tuple(run.loops),
            look.provider,
            look.url,
            look.many,
        )
        record(run, frame, span, seen.kind, outer, wraps=True, family=seen.family)


def _literals_in(value: Value, depth: int) -> Iterable[Lit]:
    for atom in value:
        if isinstance(atom, Lit):
            if isinstance(atom.value, str) and atom.value:
                yield atom
        elif depth < 2 and isinstance(atom, Mapped):
            for item in atom.items.values():
                yield from _literals_in(item, depth + 1)
        elif depth < 2 and isinstance(atom, Seq):
            for item in atom.items[:50]:
                yield from _literals_in(item, depth + 1)


def _comes_from(atom: Lit, texts: set[Lit]) -> bool:
    if atom in texts:
        return True
    if atom.origin is not None:
        return False
    whole = str(atom.value)
    return any(len(str(text.value)) > 2 and str(text.value) in whole for text in texts)
