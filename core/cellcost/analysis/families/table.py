"""How an SDK's paid calls are told to the analysis: as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = ["Bills", "Family", "Kind", "Makes", "Method", "Sets", "When", "Where"]

Where = Literal["call", "receiver", "both"]
"""Whether the model is an argument of the call or of what made its object."""


class When(NamedTuple):
    """A literal argument that decides what is made."""

    name: str
    position: int
    among: frozenset[str]


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
    """How to find the model where it is no plain argument: see `shapes.py`."""
    many: bool = False
    """Whether the prompt is a list of separate requests."""
    duck: tuple[str, ...] = ()
    """Argument names by which the call is known on an object of unknown kind."""
    makes: str = ""
    """The kind of object that it also returns."""
    ambient: tuple[str, ...] = ()
    """Process-wide settings that name the model where nothing else does."""
    sure: bool = False
    """Whether it counts only where its model is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Makes:
    """A method or function that returns an object of a kind; "" keeps the kind."""

    kind: str = ""
    when: When | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """A function that sets the model of a whole process."""

    argument: str
    into: str


Method = Bills | Makes | Sets


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
    carries: bool = False
    """Whether what is built from it carries its model on."""
    ambient: tuple[str, ...] = ()
    """Process-wide settings that name its model where its maker does not."""
    nested: tuple[str, ...] = ()
    """Keys below the model argument at which the name stands."""
    gathers: tuple[str, ...] = ()
    """Methods that add model objects to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """An SDK: what it is imported as, what it makes and what it bills."""

    name: str
    roots: tuple[str, ...]
    """Dotted prefixes of its imports."""
    provider: str = ""
    """Whose models its functions call."""
    kinds: tuple[Kind, ...] = ()
    makers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Last name (or dotted end) of a class or function -> the kind it makes."""
    providers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Maker -> whose models it calls, where it is not its kind's provider."""
    functions: Mapping[str, Method | tuple[Makes, ...]] = field(
        default_factory=dict[str, "Method | tuple[Makes, ...]"]
    )
    """Dotted end below the root -> what calling it does."""
    loads: Mapping[str, tuple[str, int | None]] = field(
        default_factory=dict[str, tuple[str, int | None]]
    )
    """What loads weights -> the argument that names them, and its position."""
    loads_like: tuple[tuple[str, tuple[str, ...], int | None], ...] = ()
    """The same by pattern: (pattern of the path below the root, names, position)."""
    default_kind: str = ""
    """The kind of everything else in it that is built from a model object."""
