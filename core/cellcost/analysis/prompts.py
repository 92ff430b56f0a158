"""How much text a call sends, as far as the source tells."""

from dataclasses import dataclass

from cellcost.analysis.sites import Look
from cellcost.analysis.values import (
    Lit,
    Mapped,
    Seq,
    Value,
    Words,
)

__all__ = ["PromptSize", "cap_of", "prompt_size"]

_DEEP = 6
_MOST_PARTS = 2000
# A mapping's keys whose values the provider does not read as text.
_NO_TEXT = frozenset({"role", "type", "cache_control", "media_type", "detail", "id"})


@dataclass(frozen=True, slots=True)
class PromptSize:
    """What is known of one prompt."""

    texts: tuple[str, ...]
    messages: int
    """How many messages it has: each costs a few tokens of its own."""
    whole: bool
    """Whether that is all of it."""
    requests: int = 1
    """How many separate requests the call makes of it."""
    cached: bool = False
    """Whether a part of it is marked for the provider's cache."""


def prompt_size(look: Look) -> PromptSize:
    """Return what is known of the prompt of one way to reach a call."""
    walk = _Walk()
    for value in look.prompt:
        walk.value(value, 0)
    requests = 1
    if look.many and look.prompt and look.prompt[0]:
        only = look.prompt[0][0]
        if isinstance(only, Seq) and only.whole:
            requests = max(len(only.items), 1)
    whole = walk.whole and bool(look.prompt)
    return PromptSize(tuple(walk.texts), walk.messages, whole, requests, walk.cached)


class _Walk:
    """Collects the texts of a value."""

    __slots__ = ("cached", "messages", "texts", "whole")

    def __init__(self) -> None:
        self.cached = False
        self.texts: list[str] = []
        self.messages = 0
        self.whole = True

    def value(self, value: Value, depth: int) -> None:
        if depth > _DEEP or len(self.texts) > _MOST_PARTS:
            self.whole = False
            return
        known = [atom for atom in value if isinstance(atom, Lit | Words | Seq | Mapped)]
        if len(known) < len(value) or not known:
            self.whole = False
        if not known:
            return
        # Of several texts the longest: an estimate is rather too high.
        atom = max(known, key=_weight)
        match atom:
            case Lit(text):
                if isinstance(text, str):
                    self.texts.append(text)
            case Words():
                self.texts.append(atom.known)
                self.whole = False
            case Seq():
                self.whole = self.whole and atom.whole
                for item in list(atom.items)[:_MOST_PARTS]:
                    self.value(item, depth + 1)
            case Mapped():
                self._mapping(atom, depth)
            case _:
                pass

    def _mapping(self, atom: Mapped, depth: int) -> None:
        self.whole = self.whole and atom.whole
        self.cached = self.cached or "cache_control" in atom.items
        if "role" in atom.items:
            self.messages += 1
        for key, item in atom.items.items():
            if key not in _NO_TEXT:
                self.value(item, depth + 1)


def _weight(atom: Lit | Words | Seq | Mapped) -> int:
    match atom:
        case Lit(str() as text):
            return len(text)
        case Words():
            return len(atom.known)
        case Seq() | Mapped():
            return 1 + len(atom.items)
        case _:
            return 0


def cap_of(value: Value | None) -> int | None:
    """Return the most output tokens that an argument allows, if it is known."""
    if value is None:
        return None
    numbers = [
        atom.value
        for atom in value
        if isinstance(atom, Lit)
        and isinstance(atom.value, int)
        and not isinstance(atom.value, bool)
    ]
    return max(numbers) if numbers and len(numbers) == len(value) else None
