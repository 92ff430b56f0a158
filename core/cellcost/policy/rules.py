"""A policy as data: rules, caps, and what each file says for itself."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fnmatch import translate

from cellcost.policy.actions import LARGE_OUTPUT_RATE, Action, PolicyLayer, Scope

__all__ = ["Cap", "Hours", "Match", "Patterns", "Policy", "Rule"]

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Names that match: `gpt-5*`, and those that must not: `!gpt-5-mini`.

    Upper and lower case are one. Where only `!` patterns stand, all other names match.
    """

    texts: tuple[str, ...]
    wanted: frozenset[str]
    """Plain names."""
    wanted_like: re.Pattern[str] | None
    """Those with wildcards, as one."""
    unwanted: frozenset[str]
    unwanted_like: re.Pattern[str] | None

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Patterns":
        """Return the patterns that these texts write, each once, in one order."""
        found = tuple(sorted({text.strip().casefold() for text in texts}))
        wanted = [text for text in found if not text.startswith("!")]
        unwanted = [text[1:] for text in found if text.startswith("!")]
        return cls(found, *_split(wanted), *_split(unwanted))

    def match(self, *names: str) -> bool:
        """Say whether one of the names of a thing matches, and none is unwanted."""
        return self.match_folded([name.casefold() for name in names])

    def match_folded(self, names: Sequence[str]) -> bool:
        """Say so of names whose case is folded already: many rules ask of one call."""
        if self.unwanted or self.unwanted_like is not None:
            like = self.unwanted_like
            for name in names:
                if name in self.unwanted or (like is not None and like.match(name)):
                    return False
        like = self.wanted_like
        if like is None and not self.wanted:
            return True
        for name in names:
            if name in self.wanted or (like is not None and like.match(name)):
                return True
        return False


def _split(texts: Iterable[str]) -> tuple[frozenset[str], re.Pattern[str] | None]:
    """Return the plain names, and those with wildcards as one expression."""
    every = frozenset(texts)
    plain = frozenset(text for text in every if _WILD.isdisjoint(text))
    joined = "|".join(translate(text) for text in sorted(every - plain))
    return plain, re.compile(joined) if joined else None


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the day, local time: from `start` up to `end`, over midnight too."""

    start: int
    end: int

    def hold(self, at: datetime) -> bool:
        """Say whether `at`, in its own time zone, is within them."""
        if self.start < self.end:
            return self.start <= at.hour < self.end
        return at.hour >= self.start or at.hour < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which calls a rule is about: all that is said must hold; nothing said is all."""

    environment: Patterns | None = None
    team: Patterns | None = None
    function: Patterns | None = None
    user: Patterns | None = None
    provider: Patterns | None = None
    model: Patterns | None = None
    gpu: Patterns | None = None
    large: bool = False
    """Only models whose output costs what their file calls large, or more."""
    call_nusd: int | None = None
    """Only calls that may cost so much, or more."""
    tokens: int | None = None
    """Only calls that may take so many tokens, or more."""
    hours: Hours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One `[[policy.rules]]` entry."""

    action: Action
    match: Match = field(default_factory=Match)
    name: str = ""
    message: str = ""
    suggest: str = ""
    """The model to use instead."""
    source: str = ""
    """The file that says so."""
    line: int | None = None
    layer: PolicyLayer = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most so many nano-USD: `soft` warns, `hard` stops."""

    scope: Scope
    hard_nusd: int | None = None
    soft_nusd: int | None = None
    source: str = ""
    line: int | None = None
    layer: PolicyLayer = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one settings file says."""

    layer: PolicyLayer = "project"
    source: str = ""
    rules: tuple[Rule, ...] = ()
    caps: tuple[Cap, ...] = ()
    unpriced: Action | None = None
    unpriced_line: int | None = None
    large_output_rate: Decimal | None = None
    require_tags: tuple[str, ...] = ()

    @property
    def large_from(self) -> Decimal:
        """Return USD per 1,000,000 output tokens from which its rules say large."""
        rate = self.large_output_rate
        return LARGE_OUTPUT_RATE if rate is None else rate
