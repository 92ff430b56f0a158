"""What open journals do around a fork.

SQLite notes its file locks in process memory, which a forked child inherits without the
locks themselves: a child that opens the same file then believes that it holds locks
which it does not, and the WAL can be removed under it. So every connection of this
package is closed before a fork and opened anew when it is needed.
"""

import os
import weakref
from typing import Protocol

__all__ = ["Forkable", "watch_forks"]


class Forkable(Protocol):
    """Something that holds SQLite connections."""

    def before_fork(self) -> None:
        """Take the locks and close the connections."""

    def after_fork_in_parent(self) -> None:
        """Release the locks."""

    def after_fork_in_child(self) -> None:
        """Become a new, independent object: new locks, nothing open."""


_watched: "weakref.WeakSet[Forkable]" = weakref.WeakSet()
_forking: list[Forkable] = []


def watch_forks(journal: Forkable) -> None:
    """Call the three methods of `journal` around every fork while it lives."""
    _watched.add(journal)


def _before() -> None:
    _forking[:] = list(_watched)
    for journal in _forking:
        journal.before_fork()


def _in_parent() -> None:
    for journal in reversed(_forking):
        journal.after_fork_in_parent()
    _forking.clear()


def _in_child() -> None:
    for journal in _forking:
        journal.after_fork_in_child()
    _forking.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_in_parent, after_in_child=_in_child
    )
