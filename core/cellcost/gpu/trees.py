"""Family: whose process a process is, by its parents, safe against reused pids."""

import importlib
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = [
    "Family",
    "Process",
    "Stat",
    "foreign_names",
    "line_of",
    "names_of_self",
    "process_of",
    "stat_of",
]

_PROC: Final = Path("/proc")
_FIRST_NAMESPACE: Final = "pid:[4026531836]"
"""PROC_PID_INIT_INO of Linux: the machine's own, not a container's."""
_RECHECK_LOOKS: Final = 30
_MOST_PARENTS: Final = 64


class Process(NamedTuple):
    """A process; pids are used again, starts are not."""

    pid: int
    start: int


class Stat(NamedTuple):
    """Parent and start of a process; starts are only compared, never read as times."""

    parent: int
    start: int


def stat_of(pid: int) -> Stat | None:
    """Return parent and start of a process; None if it is gone or hidden."""
    if sys.platform != "linux":
        return _stat_elsewhere(pid)
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        text = os.read(file, 1024)
    except OSError:
        return None  # it ended between open and read
    finally:
        os.close(file)
    # The name, in parentheses, may hold anything, spaces and parentheses too.
    fields = text[text.rfind(b")") + 2 :].split()
    return Stat(int(fields[1]), int(fields[19])) if len(fields) > 19 else None


def _stat_elsewhere(pid: int) -> Stat | None:
    psutil: Any = importlib.import_module("psutil")
    try:
        process = psutil.Process(pid)
        return Stat(int(process.ppid()), int(process.create_time() * 1000))
    except psutil.Error:
        return None


def process_of(pid: int) -> Process | None:
    """Return the process that has a pid now."""
    stat = stat_of(pid)
    return None if stat is None else Process(pid, stat.start)


def names_of_self(status: Path = _PROC / "self/status") -> tuple[int, ...]:
    """Return our own pid in each namespace that this /proc knows, outermost first."""
    try:
        text = status.read_text(encoding="utf-8")
    except OSError:
        return (os.getpid(),)
    for line in text.splitlines():
        if line.startswith("NSpid:"):
            return tuple(dict.fromkeys([*map(int, line.split()[1:]), os.getpid()]))
    return (os.getpid(),)


def foreign_names(
    pids: Collection[int],
    *,
    namespace: str | None = None,
    stat: Callable[[int], Stat | None] = stat_of,
) -> bool:
    """Say whether a driver's pids are names of another namespace than ours.

    In a container some drivers list the host's pids. One that nobody has here shows it,
    and then none of them may be matched: 42 there is not 42 here.
    """
    if namespace is None:
        try:
            namespace = str((_PROC / "self/ns/pid").readlink())
        except OSError:
            return False
    if namespace == _FIRST_NAMESPACE:
        return False
    return any(stat(pid) is None for pid in pids)


class Family:
    """Knows by its parents to which of some roots a process belongs; nearest wins."""

    def __init__(self, *, stat: Callable[[int], Stat | None] = stat_of) -> None:
        self._stat = stat
        self._roots: dict[Process, str] = {}
        self._known: dict[int, tuple[int, str]] = {}
        """pid: (start, owner)."""
        self._look = 0
        self._listed: frozenset[int] = frozenset()
        self._ours: list[int] = []

    def look(self, roots: Mapping[Process, str], pids: Iterable[int]) -> dict[int, str]:
        """Return the owner of each of `pids` that has one among `roots`.

        A process once known stays its root's, also when its parent ends before it.
        """
        listed = frozenset(pids)
        self._look += 1
        again = self._look % _RECHECK_LOOKS == 0
        if roots != self._roots:
            self._forget_all_but(roots)
        elif listed == self._listed and not again:
            # Strangers of a moment ago are strangers; ours may have ended since.
            listed_ours = [pid for pid in self._ours if self._owner(pid)]
            if listed_ours == self._ours:
                return {pid: self._known[pid][1] for pid in listed_ours}
        owners = {pid: owner for pid in listed if (owner := self._owner(pid))}
        self._ours = [*owners]
        self._listed = listed
        if again:
            self._forget_the_dead(listed)
        # A stranger that left may come back as ours.
        for pid in self._known.keys() - listed:
            if not self._known[pid][1]:
                del self._known[pid]
        return owners

    def _forget_the_dead(self, listed: Collection[int]) -> None:
        for pid in self._known.keys() - listed:
            stat = self._stat(pid)
            if stat is None or stat.start != self._known[pid][0]:
                del self._known[pid]

    def _forget_all_but(self, roots: Mapping[Process, str]) -> None:
        """Keep orphans of roots that are there still: nothing else tells of them."""
        kept = set(roots.values())
        claimed = roots.keys() - self._roots.keys()
        self._roots = dict(roots)
        self._known = {
            pid: (start, owner)
            for pid, (start, owner) in self._known.items()
            if owner in kept and self._nearest(pid, start, claimed) is None
        }

    def _nearest(
        self, pid: int, start: int, among: Collection[Process]
    ) -> Process | None:
        for ancestor in line_of(Process(pid, start), stat=self._stat):
            if ancestor in among:
                return ancestor
        return None

    def _owner(self, pid: int) -> str:
        known = self._known.get(pid)
        stat = self._stat(pid)
        if stat is None:
            # It has ended since the driver saw it: what it used before is its owner's.
            return known[1] if known is not None else ""
        if known is not None and known[0] == stat.start:
            return known[1]  # as long as the roots are the same, whoever it was
        root = self._nearest(pid, stat.start, self._roots.keys())
        owner = "" if root is None else self._roots[root]
        self._known[pid] = (stat.start, owner)
        return owner


def line_of(
    process: Process, *, stat: Callable[[int], Stat | None] = stat_of
) -> Iterator[Process]:
    """Yield a process and its ancestors, nearest first."""
    for _ in range(_MOST_PARENTS):
        yield process
        found = stat(process.pid)
        if found is None or found.start != process.start or found.parent <= 0:
            return
        parent = stat(found.parent)
        # A parent is older than its child: a younger one has a used pid.
        if parent is None or parent.start > process.start:
            return
        process = Process(found.parent, parent.start)
