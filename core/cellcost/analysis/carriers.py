"""Objects built from model objects: chains, agents, engines."""

from collections.abc import Iterable, Iterator, Sequence

from cellcost.analysis.families import kind_named
from cellcost.analysis.run import Run
from cellcost.analysis.values import (
    Args,
    Atom,
    Mapped,
    Object,
    Partial,
    Seq,
    Thing,
    Value,
    join,
)

__all__ = ["carried_things", "combined", "things_in"]

_DEEP = 3


def things_in(values: Iterable[Value], depth: int = 0) -> Iterator[Thing]:
    """Yield the model objects in some values, also inside lists and mappings."""
    for value in values:
        for atom in value:
            yield from _things(atom, depth)


def _things(atom: Atom, depth: int) -> Iterator[Thing]:
    if isinstance(atom, Thing):
        yield atom
    elif depth >= _DEEP:
        return
    elif isinstance(atom, Seq):
        yield from things_in(atom.items, depth + 1)
    elif isinstance(atom, Mapped):
        yield from things_in(atom.items.values(), depth + 1)
    elif isinstance(atom, Object):
        yield from things_in(
            (v for k, v in atom.attributes.items() if k.startswith("\0thing")), depth
        )
    elif isinstance(atom, Partial):
        yield from things_in((atom.target, *atom.args.every()), depth + 1)


def carried_things(values: Iterable[Value]) -> tuple[Thing, ...]:
    """Return the model objects in some values that what is built from them calls."""
    found = [thing for thing in things_in(values) if thing.kind.carries]
    return tuple(dict.fromkeys(found))


def combined(run: Run, values: Sequence[Value]) -> Value | None:
    """Return the chain that `a | b` is, or None if no part of it is one."""
    if not any(isinstance(atom, Thing) for value in values for atom in value):
        return None
    parts = carried_things(values)
    if not parts:
        return None
    kind = kind_named("langchain.runnable")
    owner = next((thing.kind for thing in parts), kind)
    if kind is None or owner is None:
        return None
    if owner.name.startswith("langchain"):
        owner = kind
    return join((Thing(owner, Args(), parts=parts),))
