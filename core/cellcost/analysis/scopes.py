"""Names and what they hold, and the branches that code may take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from cellcost.analysis.values import Func, Unknown, Value, join

if TYPE_CHECKING:
    from cellcost.analysis.values import Place

__all__ = ["END", "LOOP", "NEXT", "Flow", "Frame", "Module", "Trail", "lookup"]

Flow = Literal["next", "loop", "end"]
"""What follows a statement: the next one, the loop's next turn or end, or nothing."""
NEXT: Flow = "next"
LOOP: Flow = "loop"
END: Flow = "end"


@dataclass(slots=True, eq=False)
class Module:
    """One file or notebook while it is looked at."""

    path: str
    name: str = ""
    """Its dotted name in the workspace."""
    vars: dict[str, Value] = field(default_factory=dict[str, Value])
    words: frozenset[str] = frozenset()
    is_package: bool = False
    done: bool = True


@dataclass(slots=True, eq=False)
class Frame:
    """The names of one function call, class body or module."""

    module: Module
    place: "Place"
    vars: dict[str, Value]
    above: "Frame | None" = None
    is_class: bool = False
    func: Func | None = None
    name: str = ""
    """The qualified name of the function or class; "" for a module."""
    globals: set[str] = field(default_factory=set[str])
    returns: list[Value] = field(default_factory=list[Value])
    yields: list[Value] = field(default_factory=list[Value])

    def qualified(self, name: str) -> str:
        """Return the qualified name of what is defined here as `name`."""
        return f"{self.name}.{name}" if self.name and name else name or self.name

    def home(self, name: str) -> dict[str, Value]:
        """Return where an assignment to `name` goes."""
        if name in self.globals:
            frame = self.above
            while frame is not None:
                if name in frame.vars and not frame.is_class:
                    return frame.vars
                frame = frame.above
            return self.module.vars
        return self.vars


def lookup(frame: Frame, name: str) -> Value | None:
    """Return what a name holds, or None if nothing defines it."""
    at: Frame | None = frame
    while at is not None:
        if at is frame or not at.is_class:
            value = at.vars.get(name)
            if value is not None:
                return value
        at = at.above
    return frame.module.vars.get(name)


_MISSING: Value = (Unknown("\0missing"),)
_Key = tuple[int, Any]
_Changes = dict[_Key, tuple[dict[Any, Value], Any, Value]]


class Trail:
    """Writes that can be taken back, so that two branches start from one state."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: _Changes | None = None

    def write(self, into: dict[Any, Value], key: Any, value: Value) -> None:
        """Set `into[key]`."""
        if self._open is not None:
            mark = (id(into), key)
            if mark not in self._open:
                self._open[mark] = (into, key, into.get(key, _MISSING))
        into[key] = value

    def branch(
        self, options: Sequence[Callable[[], Flow]], *, always: bool = True
    ) -> Flow:
        """Run each option from the same state and join what they leave.

        Without `always` none of them may be taken.
        """
        ends = [self.attempt(option) for option in options]
        if not always:
            ends.append((NEXT, {}))
        alive = [changes for flow, changes in ends if flow != END]
        self.merge(alive)
        flows = {flow for flow, _ in ends}
        return NEXT if NEXT in flows else LOOP if LOOP in flows else END

    def attempt(self, option: Callable[[], Flow]) -> tuple[Flow, _Changes]:
        """Run an option; return its end and what it wrote, and take that back."""
        outer, self._open = self._open, {}
        try:
            flow = option()
        finally:
            written, self._open = self._open, outer
        changes: _Changes = {}
        for mark, (into, key, old) in (written or {}).items():
            changes[mark] = (into, key, into.get(key, _MISSING))
            if old is _MISSING:
                into.pop(key, None)
            else:
                into[key] = old
        return flow, changes

    def merge(self, alive: Sequence[_Changes]) -> None:
        """Write what may hold after one of these sets of changes, or none of one."""
        marks = {mark: change for changes in alive for mark, change in changes.items()}
        for mark, (into, key, _) in marks.items():
            options: list[Value] = []
            for changes in alive:
                change = changes.get(mark)
                value = change[2] if change else into.get(key, _MISSING)
                if value is not _MISSING:
                    options.append(value)
            if options:
                self.write(into, key, join(*options))
