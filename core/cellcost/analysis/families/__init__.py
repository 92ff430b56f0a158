"""Every SDK that the analysis knows. A new one is a file with a FAMILY, named here."""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cache

from cellcost.analysis.families import (
    agents,
    anthropic,
    bedrock,
    cohere,
    google,
    http,
    instructor,
    langchain,
    litellm,
    llamaindex,
    mistral,
    ollama,
    openai,
    openai_like,
    small,
    weights,
)
from cellcost.analysis.families.table import Bills, Family, Kind, Makes, Method

__all__ = [
    "FAMILIES",
    "Found",
    "Loads",
    "duck_words",
    "ducks",
    "family_words",
    "find",
    "kind_named",
    "root_of",
]

FAMILIES: tuple[Family, ...] = (
    openai.FAMILY,
    anthropic.FAMILY,
    langchain.FAMILY,
    litellm.FAMILY,
    google.FAMILY,
    mistral.FAMILY,
    cohere.FAMILY,
    ollama.FAMILY,
    bedrock.FAMILY,
    llamaindex.FAMILY,
    instructor.FAMILY,
    http.FAMILY,
    *openai_like.FAMILIES,
    *agents.FAMILIES,
    *small.FAMILIES,
    *weights.FAMILIES,
)


@dataclass(frozen=True, slots=True)
class Loads:
    """Weights are loaded; these arguments name them."""

    names: tuple[str, ...]
    position: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a dotted path of an SDK is."""

    family: Family
    makes: Kind | None = None
    methods: tuple[Method, ...] = ()
    loads: Loads | None = None
    provider: str = ""
    name: str = ""


@cache
def _roots() -> dict[str, Family]:
    return {root: family for family in FAMILIES for root in family.roots}


@cache
def _kinds() -> dict[str, Kind]:
    return {kind.name: kind for family in FAMILIES for kind in family.kinds}


def kind_named(name: str) -> Kind | None:
    """Return a kind by its name."""
    return _kinds().get(name)


@cache
def root_of(path: str) -> tuple[Family, str] | None:
    """Return the family that a dotted path belongs to, and the path below its root."""
    roots = _roots()
    head = path
    while head:
        family = roots.get(head)
        if family is not None:
            return family, path[len(head) + 1 :]
        head = head.rpartition(".")[0]
    return None


@cache
def find(path: str) -> Found | None:
    """Return what a dotted path of an SDK is, or None if it belongs to none.

    A path with a call in it (`boto3.Session().client`) must be known whole.
    """
    rooted = root_of(path)
    if rooted is None:
        return None
    family, below = rooted
    if "(" in below or "[" in below:
        return _end(family, below) or Found(family)
    parts = below.split(".")
    for start in range(len(parts)):
        found = _end(family, ".".join(parts[start:]))
        if found is not None:
            return found
    for pattern, names, position in family.loads_like:
        if re.search(pattern, below):
            return Found(family, loads=Loads(names, position), name=below)
    return Found(family)


def _end(family: Family, end: str) -> Found | None:
    loads = family.loads.get(end)
    if loads is not None:
        return Found(family, loads=Loads((loads[0],), loads[1]), name=end)
    method = family.functions.get(end)
    if method is not None:
        methods = method if isinstance(method, tuple) else (method,)
        return Found(family, methods=methods, provider=family.provider, name=end)
    made = family.makers.get(end)
    if made is not None:
        kind = _kinds()[made]
        provider = family.providers.get(end, kind.provider)
        return Found(family, makes=kind, provider=provider, name=end)
    return None


@cache
def ducks() -> dict[str, tuple[Bills, str]]:
    """Return the method chains that are known on an object of unknown kind."""
    found: dict[str, tuple[Bills, str]] = {}
    for kind in _kinds().values():
        for chain, method in kind.methods.items():
            if isinstance(method, Bills) and method.duck and "." in chain:
                found.setdefault(chain, (method, kind.provider))
    return found


@cache
def _words_of() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Return, by family, the names of its roots and the words of its paid calls."""
    found: list[tuple[frozenset[str], frozenset[str]]] = []
    for family in FAMILIES:
        roots = frozenset(root.partition(".")[0] for root in family.roots)
        words = set(roots)
        for names in (family.makers, family.loads):
            words.update(name.rpartition(".")[2] for name in names)
        for methods in (family.functions, *(kind.methods for kind in family.kinds)):
            words.update(
                chain.rpartition(".")[2]
                for chain, method in methods.items()
                if not isinstance(method, Makes)
            )
        if family.loads_like:
            words |= {"from_pretrained", "from_single_file"}
        words -= {"__call__", ""}
        found.append((roots, frozenset(words)))
    return tuple(found)


def family_words(words: Set[str]) -> frozenset[str]:
    """Return the words of the paid calls of every family that is named in `words`."""
    found: set[str] = set()
    for roots, own in _words_of():
        if not roots.isdisjoint(words):
            found |= own
    return frozenset(found)


@cache
def duck_words() -> frozenset[str]:
    """Return the last words of method chains known on objects of unknown kind."""
    return frozenset(chain.rpartition(".")[2] for chain in ducks())
