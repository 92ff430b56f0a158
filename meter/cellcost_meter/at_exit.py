"""Finishing at the end of a process, and of children that multiprocessing ends."""

import atexit
import sys
import weakref
from collections.abc import Callable
from typing import TypeVar

__all__ = ["at_exit"]

T = TypeVar("T")


def at_exit(owner: T, finish: Callable[[T], object], *, priority: int = 0) -> None:
    """Call `finish(owner)` at the end of this process and of its forks.

    `owner` is not kept alive for it. Of several the last registered comes first, in
    children of multiprocessing that of the highest `priority`.
    """
    alive = weakref.ref(owner)

    def finish_it() -> None:
        found = alive()
        if found is not None:
            finish(found)

    atexit.register(finish_it)
    # A child of multiprocessing ends by os._exit after its own finalizers, and empties
    # their list when it begins: after this code has run, if its main module installs.
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is None or process is None:
        return

    def finish_child(_: T) -> None:
        util.Finalize(None, finish_it, exitpriority=priority)

    util.register_after_fork(owner, finish_child)
    if process.parent_process() is not None:
        finish_child(owner)
