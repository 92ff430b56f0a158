"""What an object does first in a forked child."""

import os
import weakref
from collections.abc import Callable
from typing import TypeVar

__all__ = ["in_forked_child"]

T = TypeVar("T")


def in_forked_child(owner: T, work: Callable[[T], object]) -> None:
    """Call `work(owner)` in every forked child while `owner` lives.

    It is not kept alive for it, though the hook stays for ever.
    """
    alive = weakref.ref(owner)

    def after_fork() -> None:
        found = alive()
        if found is not None:
            work(found)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=after_fork)
