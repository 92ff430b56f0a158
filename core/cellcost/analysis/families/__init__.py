"""Every SDK that the analysis knows. A new one is a file with a FAMILY, named here."""

from dataclasses import dataclass
from functools import cache

from cellcost.analysis.families import anthropic, langchain, litellm, openai
from cellcost.analysis.families.table import Bills, Family, Kind, Makes, Method

__all__ = ["FAMILIES", "Found", "ducks", "find", "hot_words", "kind_named", "root_of"]

FAMILIES: tuple[Family, ...] = (
    openai.FAMILY,
    anthropic.FAMILY,
    langchain.FAMILY,
    litellm.FAMILY,
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a dotted path of an SDK is."""

    family: Family
    makes: Kind | None = None
    method: Method | None = None
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
    """Return what a dotted path of an SDK is, or None if it belongs to none."""
    rooted = root_of(path)
    if rooted is None:
        return None
    family, below = rooted
    parts = below.split(".")
    for start in range(len(parts)):
        end = ".".join(parts[start:])
        method = family.functions.get(end)
        if method is not None:
            return Found(family, method=method, name=end)
        made = family.makers.get(end)
        if made is not None:
            kind = _kinds()[made]
            provider = family.providers.get(end, kind.provider)
            return Found(family, makes=kind, provider=provider, name=end)
    return Found(family)


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
def hot_words() -> frozenset[str]:
    """Return the words of which a source that spends money holds at least one."""
    words: set[str] = set()
    for family in FAMILIES:
        words.update(root.partition(".")[0] for root in family.roots)
        words.update(family.makers)
        for name, method in family.functions.items():
            if isinstance(method, Bills | Makes):
                words.add(name.rpartition(".")[2])
        for kind in family.kinds:
            words.update(chain.rpartition(".")[2] for chain in kind.methods)
    return frozenset(words)
