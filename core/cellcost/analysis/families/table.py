"""How an SDK's paid calls are told to the analysis: as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Bills", "Family", "Kind", "Makes", "Method", "Where"]

Where = Literal["call", "receiver", "both"]
"""Whether the model is an argument of the call or of what made its object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bills:
    """A method or function that spends money."""

    kind: str
    model: tuple[str, ...] = ("model",)
    position: int | None = None
    """Which positional argument may be the model."""
    default: str = ""
    """The model that the SDK takes when none is named."""
    prompt: tuple[str, ...] = ("messages",)
    prompt_at: int | None = None
    cap: tuple[str, ...] = ("max_tokens",)
    where: Where = "both"
    shape: str = ""
    """How to find the model where it is no plain argument: see `sites.py`."""
    many: bool = False
    """Whether the prompt is a list of separate requests."""
    duck: tuple[str, ...] = ()
    """Argument names by which the call is known on an object of unknown kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Makes:
    """A method or function that returns an object of a kind; "" keeps the kind."""

    kind: str = ""


Method = Bills | Makes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object that an SDK makes."""

    name: str
    provider: str = ""
    methods: Mapping[str, Method] = field(default_factory=dict[str, "Method"])
    model: tuple[str, ...] = ("model",)
    """The arguments of its maker that name the model."""
    position: int | None = None
    default: str = ""
    loads: bool = False
    """Whether making it loads weights."""
    carries: bool = False
    """Whether what is built from it carries its model on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """An SDK: what it is imported as, what it makes and what it bills."""

    name: str
    roots: tuple[str, ...]
    """Dotted prefixes of its imports."""
    kinds: tuple[Kind, ...] = ()
    makers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Last name (or dotted end) of a class or function -> the kind it makes."""
    providers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Maker -> whose models it calls, where it is not its kind's provider."""
    functions: Mapping[str, Method] = field(default_factory=dict[str, "Method"])
    """Dotted end below the root -> what calling it does."""
    default_kind: str = ""
    """The kind of everything else in it that is built from a model object."""
