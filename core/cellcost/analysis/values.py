"""What an expression may be: a tuple of alternatives, never empty."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cellcost.analysis import syntax as s

if TYPE_CHECKING:
    from cellcost.analysis.families.table import Kind
    from cellcost.analysis.scopes import Frame, Module

__all__ = [
    "NONE",
    "PARSER",
    "UNKNOWN",
    "Args",
    "Atom",
    "Bound",
    "Class",
    "Foreign",
    "Func",
    "Key",
    "Lit",
    "Mapped",
    "Mod",
    "Object",
    "Origin",
    "Partial",
    "Place",
    "Seq",
    "SuperOf",
    "Thing",
    "Unknown",
    "Value",
    "Words",
    "is_none",
    "join",
    "lit",
    "literals",
]

_MOST = 24
"""More alternatives than this are cut: a set of models is never that large."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A chunk where it stands in a module: its first row."""

    module: "Module"
    cell: int | None
    row: int
    column: "Callable[[int, int], int]"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a literal is written."""

    place: Place
    span: s.Span


Key: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Lit:
    value: Key
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A text of which only parts are known."""

    known: str
    start: str = ""
    """The known text that it starts with."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that this source does not tell; `name` is what it is called here."""

    name: str = ""
    declared: bool = False
    """Whether it is a parameter or an undefined name, which could be anything."""


@dataclass(slots=True, eq=False)
class Seq:
    """A list, tuple or set."""

    items: "list[Value]"
    whole: bool = True
    """Whether `items` is all of it."""


@dataclass(slots=True, eq=False)
class Mapped:
    """A dict, or something with keys like one."""

    items: "dict[Key, Value]"
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something of an installed package, by its dotted path; `called` marks results."""

    path: str
    called: bool = False
    relative: bool = False
    """Imported from a module of the user's own that could not be read."""


@dataclass(slots=True, eq=False)
class Mod:
    """A module of the workspace."""

    module: "Module"


@dataclass(slots=True)
class Args:
    """The arguments of one call."""

    at: "list[Value]" = field(default_factory=list["Value"])
    named: "dict[str, Value]" = field(default_factory=dict[str, "Value"])
    whole: bool = True
    """Whether no `*args` or `**mapping` hides more."""

    def get(self, names: Iterable[str], position: int | None = None) -> "Value | None":
        """Return the argument that has one of these names or this position."""
        for name in names:
            if name in self.named:
                return self.named[name]
        if position is not None and position < len(self.at):
            return self.at[position]
        return None

    def every(self) -> "Iterator[Value]":
        """Yield every argument."""
        yield from self.at
        yield from self.named.values()

    def over(self, other: "Args") -> "Args":
        """Return these arguments followed by others, which win."""
        return Args(
            [*self.at, *other.at],
            {**self.named, **other.named},
            self.whole and other.whole,
        )


@dataclass(slots=True, eq=False)
class Thing:
    """An object of a known kind of some SDK, as it was made."""

    kind: "Kind"
    args: Args
    provider: str = ""
    parts: "tuple[Thing, ...]" = ()
    """The model objects that it was built with."""
    chain: str = ""
    """What was read from it since: `chat.completions`."""
    made: str = ""
    """The name of what made it."""


@dataclass(slots=True, eq=False)
class Func:
    """A function or lambda of the user's own."""

    definition: "s.FuncDef | s.Lambda"
    place: Place
    closure: "Frame | None"
    owner: "Class | None" = None
    defaults: "dict[str, Value]" = field(default_factory=dict[str, "Value"])
    flavour: str = ""
    """`property`, `staticmethod`, `classmethod`, `manager`, `fixture` or ""."""
    qualified: str = ""
    """Its name with those of the functions and classes around it; "" for a lambda."""


@dataclass(slots=True, eq=False)
class Class:
    """A class of the user's own."""

    name: str
    bases: "list[Value]"
    attributes: "dict[str, Value]"
    fields: "list[tuple[str, s.Expr | None]]"
    """Annotated attributes in order, for `__init__` of dataclasses and models."""
    place: Place
    closure: "Frame | None"
    is_enum: bool = False
    objects: "list[Object]" = field(default_factory=list["Object"])


@dataclass(slots=True, eq=False)
class Object:
    """An instance of a class of the user's own."""

    of: Class
    attributes: "dict[str, Value]"


@dataclass(frozen=True, slots=True)
class Bound:
    """A method with its object (or class)."""

    func: Func
    of: "Object | Class"


@dataclass(slots=True, eq=False)
class Partial:
    target: "Value"
    args: Args


@dataclass(slots=True, eq=False)
class SuperOf:
    of: Object
    above: Class


Atom: TypeAlias = (
    Lit
    | Words
    | Unknown
    | Seq
    | Mapped
    | Foreign
    | Mod
    | Thing
    | Func
    | Class
    | Object
    | Bound
    | Partial
    | SuperOf
)
Value: TypeAlias = tuple[Atom, ...]

PARSER = "\0parser"
"""The key by which a mapping is an argparse parser and the namespace it parses to."""

UNKNOWN: Value = (Unknown(),)
NONE: Value = (Lit(None),)


def is_none(value: Value) -> bool:
    """Say whether a value is nothing but None."""
    return all(isinstance(atom, Lit) and atom.value is None for atom in value)


def lit(value: str | int | float | bool | None) -> Value:
    """Return a value that is exactly this."""
    return (Lit(value),)


def join(*values: Value) -> Value:
    """Return what may be any of `values`."""
    if len(values) == 1:
        return values[0]
    seen: dict[Atom, None] = {}
    for value in values:
        for atom in value:
            seen[atom] = None
    atoms = tuple(seen)
    return atoms if len(atoms) <= _MOST else (*atoms[: _MOST - 1], Unknown())


def literals(value: Value) -> Iterator[Lit]:
    """Yield the literal texts among the alternatives."""
    for atom in value:
        if isinstance(atom, Lit) and isinstance(atom.value, str):
            yield atom


def named_values(value: Value) -> "Mapping[str, Value]":
    """Return the items of the first mapping among the alternatives, by text key."""
    for atom in value:
        if isinstance(atom, Mapped):
            return {k: v for k, v in atom.items.items() if isinstance(k, str)}
    return {}
