"""The state of one analysis: budgets, loops, what was found so far."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cellcost.analysis import syntax as s
from cellcost.analysis.scopes import Module, Trail
from cellcost.analysis.values import Func, Value

if TYPE_CHECKING:
    from cellcost.analysis.sites import Logged, Sighting

__all__ = ["Loop", "OutOfBudget", "Run", "Spot", "Step"]


_MOST_CLOSURES = 6
"""Of the functions that one definition made, so many are looked into."""


class OutOfBudget(Exception):
    """The analysis took as many steps as it may."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop around what runs now; `count` None is not known."""

    count: int | None
    endless: bool = False
    """Whether only a `break` or `return` ends it."""


Spot = tuple[str, int | None, int, int, str]
"""Path, cell, row, column and kind of a call site."""

Step = tuple[str, int | None, int, int]
"""Path, cell, row and column of a call that the user's function was entered by."""

ImportModule = Callable[[str, Module], "Module | None"]
"""From a dotted name (with leading dots) and the importer to a workspace module."""


@dataclass(slots=True)
class Run:
    """Everything that an analysis keeps while it runs."""

    import_module: ImportModule
    steps_left: int = 400_000
    trail: Trail = field(default_factory=Trail)
    loops: list[Loop] = field(default_factory=list[Loop])
    sightings: "dict[Spot, Sighting]" = field(default_factory=dict["Spot", "Sighting"])
    funcs: dict[int, list[Func]] = field(default_factory=dict[int, list[Func]])
    """Every function that was defined, by the id of its definition, in order.

    A function within another is another one each time that the outer one is called.
    """
    called: set[int] = field(default_factory=set[int])
    stack: list[int] = field(default_factory=list[int])
    """The definitions of the functions that run now."""
    way: list[Step] = field(default_factory=list[Step])
    """Where each of them was called: two calls of one function are two ways to it."""
    turns: dict[int, int] = field(default_factory=dict[int, int])
    cell: int | None = None
    """The notebook's cell that runs now; None in a file."""
    answers: dict[int, Value] = field(default_factory=dict[int, Value])
    globals: dict[str, Value] = field(default_factory=dict[str, Value])
    """What frameworks keep for a process: `dspy.configure(lm=...)`."""
    log: "list[Logged]" = field(default_factory=list["Logged"])
    """Every sighting in order, so that a function's caller sees what it reached."""
    hot: set[str] = field(default_factory=set[str])
    """Words of which a function that may spend holds at least one: see `heat.py`."""
    passes: int = 0
    keep: list[s.FuncDef | s.Lambda] = field(
        default_factory=list["s.FuncDef | s.Lambda"]
    )
    """Definitions whose id is a key above: they must not be freed."""

    def step(self) -> None:
        """Count one step; raise OutOfBudget when there are none left."""
        self.steps_left -= 1
        if self.steps_left < 0:
            raise OutOfBudget

    @contextmanager
    def loop(self, count: int | None, *, endless: bool = False) -> Generator[None]:
        """Be in a loop."""
        self.loops.append(Loop(count, endless))
        try:
            yield
        finally:
            self.loops.pop()

    def define(self, func: Func) -> None:
        """Remember a function, to look into it if nothing calls it."""
        mark = id(func.definition)
        if mark not in self.funcs:
            self.keep.append(func.definition)
        if mark in self.called:
            return
        known = self.funcs.setdefault(mark, [])
        if func.closure is None or all(f.closure is not func.closure for f in known):
            known.append(func)
            del known[:-_MOST_CLOSURES]
        else:
            known[-1] = func
