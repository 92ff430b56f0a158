"""What a call of an SDK does: it bills, it makes an object, it sets a default."""

import re
from collections.abc import Iterable, Sequence

from cellcost.analysis import syntax as s
from cellcost.analysis.carriers import carried_things
from cellcost.analysis.families import ducks, kind_named, root_of
from cellcost.analysis.families.table import Bills, Makes, Method, Sets, When
from cellcost.analysis.posts import post_look
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.shapes import SHAPES, item
from cellcost.analysis.sites import Look, record
from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Foreign,
    Lit,
    Thing,
    Unknown,
    Value,
    is_none,
    join,
    lit,
    literals,
    named_values,
)

__all__ = ["apply_method", "call_duck", "call_thing", "whole_models"]


def call_thing(
    run: Run, frame: Frame | None, thing: Thing, args: Args, span: s.Span | None
) -> Value:
    """Return what calling a method of an SDK's object returns."""
    chain = thing.chain or "__call__"
    method = thing.kind.methods.get(chain)
    if method is not None:
        result = apply_method(run, frame, span, (method,), args, thing=thing)
        if result is not None:
            return result
    if chain in thing.kind.gathers:
        added = carried_things(args.every())
        thing.parts = tuple(dict.fromkeys((*thing.parts, *added)))
    return (Foreign(f"{thing.kind.name}.{thing.chain}()", called=True),)


def apply_method(
    run: Run,
    frame: Frame | None,
    span: s.Span | None,
    methods: Sequence[Method],
    args: Args,
    *,
    thing: Thing | None = None,
    provider: str = "",
    family: str = "",
) -> Value | None:
    """Do what the table says of a call; None if none of its conditions holds."""
    for method in methods:
        if isinstance(method, Bills):
            _bill(run, frame, span, method, args, thing, provider, family)
            kind = kind_named(method.makes)
            if kind is not None:
                parts = carried_things(args.every())
                return (Thing(kind, args, "", parts),)
            return (Foreign(f"{family}.answer", called=True),)
        if isinstance(method, Sets):
            value = args.get((method.argument,), 0)
            if value is not None:
                run.trail.write(run.globals, method.into, value)
            return UNKNOWN
        if method.when is None or _holds(method.when, args):
            return _make(method, args, thing)
    return None


def _holds(when: When, args: Args) -> bool:
    given = args.get((when.name,), when.position)
    return any(atom.value in when.among for atom in literals(given or ()))


def _make(method: Makes, args: Args, thing: Thing | None) -> Value:
    if thing is None:
        kind = kind_named(method.kind)
        return (Thing(kind, args),) if kind is not None else UNKNOWN
    parts = tuple(dict.fromkeys((*thing.parts, *carried_things(args.every()))))
    kind = kind_named(method.kind)
    if kind is None:
        changed = {k: v for k, v in args.named.items() if k in thing.kind.model}
        kept = thing.args.over(Args([], changed))
        return (Thing(thing.kind, kept, thing.provider, parts, made=thing.made),)
    # What it makes takes over the model of what makes it.
    named = {**thing.args.named, **args.named}
    kept = Args(list(args.at or thing.args.at), named, args.whole and thing.args.whole)
    return (Thing(kind, kept, thing.provider, parts, made=thing.made),)


def _bill(
    run: Run,
    frame: Frame | None,
    span: s.Span | None,
    bills: Bills,
    args: Args,
    thing: Thing | None,
    provider: str,
    family: str,
) -> None:
    """Record a call of a method or function that spends money."""
    if bills.kind == "http":
        found = post_look(bills, args, thing, tuple(run.loops))
        if found is not None:
            kind, look = found
            record(run, frame, span, kind, look, family="http")
        return
    url = None
    if thing is not None:
        url = thing.args.get(("base_url", "openai_api_base", "api_base"))
        provider = thing.provider or provider
        family = family or thing.kind.name.partition(".")[0]
    models = _models(run, bills, args, thing)
    if bills.sure and not any(True for _ in literals(models)):
        return
    look = Look(
        models=models,
        prompt=_prompt(bills, args),
        cap=args_cap(bills, args) or (thing and _made_cap(bills, thing)) or None,
        loops=tuple(run.loops),
        provider=provider,
        url=url or args.get(("base_url", "api_base")),
        many=bills.many,
    )
    record(run, frame, span, bills.kind, look, family=family)


_DEEPEST_PART = 4
_OPTIONS = (
    "config",
    "generation_config",
    "inferenceConfig",
    "model_settings",
    "options",
    "sampling_params",
)


def _made_cap(bills: Bills, thing: Thing, depth: int = 0) -> Value | None:
    """Return the cap that an object was made with, or all the models inside it."""
    own = args_cap(bills, thing.args)
    if own is not None or depth > _DEEPEST_PART:
        return own
    caps: list[Value] = []
    for part in thing.parts:
        cap = _made_cap(bills, part, depth + 1)
        if cap is None:
            return None
        caps.append(cap)
    return join(*caps) if caps else None


def args_cap(bills: Bills, args: Args) -> Value | None:
    """Return the argument that caps the output, also from among nested options."""
    found = args.get(bills.cap)
    if found is None:
        options = args.get(_OPTIONS)
        nested = named_values(options or ())
        for name in (*bills.cap, "maxTokens", "max_tokens", "num_predict"):
            if name in nested:
                return nested[name]
    return found


def _models(run: Run, bills: Bills, args: Args, thing: Thing | None) -> Value:
    shape = SHAPES.get(bills.shape)
    if shape is not None:
        found = shape(args, thing)
        if found is not None:
            return found
    if bills.where != "receiver":
        given = args.get(bills.model, bills.position)
        if given is not None and any(True for _ in literals(given)):
            return given
        if given is not None and not is_none(given):
            return whole_models(carried_things([given]), run) or given
    found = whole_models([thing], run) if thing is not None else ()
    if found:
        return found
    ambient = _ambient(run, bills.ambient)
    if ambient:
        return ambient
    default = bills.default or (thing.kind.default if thing else "")
    return lit(default) if default and args.whole else UNKNOWN


def _ambient(run: Run, names: Sequence[str]) -> Value:
    for name in names:
        for key, value in run.globals.items():
            if key == name or key.endswith("." + name):
                things = [atom for atom in value if isinstance(atom, Thing)]
                found = whole_models(things, run)
                if found:
                    return found
                if any(True for _ in literals(value)):
                    return value
    return ()


def whole_models(things: Iterable[Thing], run: Run | None = None) -> Value:
    """Return every model that some objects, and those inside them, call."""
    found: list[Value] = []
    seen: set[int] = set()
    queue = list(things)
    ambient: Value = ()
    for thing in queue:
        if id(thing) in seen or len(seen) > 64:
            continue
        seen.add(id(thing))
        queue.extend(thing.parts)
        kind = thing.kind
        own = thing.args.get(kind.model, kind.position)
        if own is not None and kind.nested:
            own = item(own, *kind.nested) or item(own, kind.nested[-1]) or own
        if own is not None and not is_none(own):
            texts = tuple(atom for atom in own if not isinstance(atom, Thing))
            named = [a for a in texts if isinstance(a, Lit | Unknown | Foreign)]
            if any(isinstance(a, Lit) for a in named) or not thing.parts:
                found.append(texts or UNKNOWN)
        elif kind.default:
            found.append(lit(kind.default))
        if kind.ambient and run is not None and not ambient:
            ambient = _ambient(run, kind.ambient)
    if found:
        return join(*found)
    return ambient


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
_MAKES_CLIENT = re.compile(r"(?:^|[._])(?:client|llm|openai|anthropic)$", re.IGNORECASE)
_THROUGH = frozenset({"beta", "with_raw_response", "with_streaming_response"})


def call_duck(
    run: Run, frame: Frame | None, name: str, args: Args, span: s.Span | None
) -> Value:
    """Record a call on an object of unknown kind that cannot well be another's.

    A parameter called `client` with `.chat.completions.create(model=..., ...)` is one.
    """
    if _MAKES_CLIENT.search(name):
        return (Unknown(f"{name}()", declared=True),)
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
