"""A raw HTTP post to a known host as a model call."""

from cellcost.analysis.families.http import HOSTS
from cellcost.analysis.families.table import Bills
from cellcost.analysis.run import Loop
from cellcost.analysis.sites import Look
from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Lit,
    Mapped,
    Thing,
    Value,
    Words,
    lit,
    named_values,
)

__all__ = ["post_look"]

_KINDS = {
    "chat/completions": "chat",
    "completions": "completion",
    "complete": "completion",
    "generate": "completion",
    "fim/completions": "completion",
    "embed": "embeddings",
}
_PROMPTS = ("messages", "input", "prompt", "contents", "message", "system", "texts")
_CAPS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def post_look(
    bills: Bills, args: Args, thing: Thing | None, loops: tuple[Loop, ...]
) -> tuple[str, Look] | None:
    """Return the kind of call that a post is and how it was reached, or None."""
    at = 0
    if bills.shape == "request":
        verb = args.get(("method",), 0)
        said = [str(a.value).upper() for a in verb or () if isinstance(a, Lit)]
        if said and "POST" not in said:
            return None
        at = 1
    elif bills.shape == "urlopen":
        request = args.at[0] if args.at else args.named.get("url", ())
        for atom in request:
            if isinstance(atom, Thing):
                args = atom.args
        if "data" not in args.named and len(args.at) < 2:
            return None
    url = args.get(("url",), at)
    if url is None:
        return None
    base = thing.args.get(("base_url",), None) if thing is not None else None
    body = _body(args, at)
    for address in _addresses(url, base):
        for host in HOSTS:
            found = host.pattern.search(address)
            if found is None:
                continue
            groups = found.groupdict()
            kind = groups.get("kind") or host.kind
            kind = _KINDS.get(kind, kind.partition("/")[0])
            named = groups.get("model")
            models = lit(named) if named else body.get("model", UNKNOWN)
            caps = [body[name] for name in _CAPS if name in body]
            look = Look(
                models=models,
                prompt=tuple(body[name] for name in _PROMPTS if name in body),
                cap=caps[0] if caps else None,
                loops=loops,
                provider=host.provider,
            )
            return {"images": "image"}.get(kind, kind), look
    return None


def _addresses(url: Value, base: Value | None) -> list[str]:
    found: list[str] = []
    for text in _texts(url):
        found.append(text)
        if base is not None and "://" not in text:
            found += [f"{b.rstrip('/')}/{text.lstrip('/')}" for b in _texts(base)]
    return found


def _texts(value: Value) -> list[str]:
    texts: list[str] = []
    for atom in value:
        if isinstance(atom, Lit) and isinstance(atom.value, str):
            texts.append(atom.value)
        elif isinstance(atom, Words):
            texts.append(atom.known)
    return texts


def _body(args: Args, url_at: int) -> dict[str, Value]:
    for name in ("json", "data", "content", "body"):
        value = args.named.get(name)
        if value is not None and any(isinstance(atom, Mapped) for atom in value):
            return dict(named_values(value))
    for value in args.at[url_at + 1 :]:
        if any(isinstance(atom, Mapped) for atom in value):
            return dict(named_values(value))
    return {}
