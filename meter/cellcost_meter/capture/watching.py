"""Whether our hooks are still where we put them: any code may replace a method.

A wrapper around ours is fine, and so is one that we cannot see through as long as it
holds a reference to ours. A replacement that does not is no reason to wrap it in turn
(a test's fake spends nothing), but silence would mean that no call was made.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cellcost_meter.capture import STACKS

__all__ = ["HookWatch"]

_METHODS = (("Client", "send"), ("AsyncClient", "send"))
_DEPTH = 5
"""How many wrappers around ours are looked through."""


class HookWatch:
    """Tells when a stack's hook was replaced, and when it is back."""

    def __init__(self, announce: Callable[[str, str], object]) -> None:
        self._announce = announce
        self._replaced: set[str] = set()

    def look(self, stacks: Mapping[str, str]) -> None:
        """Compare `stacks` (stack -> state, as announced) with what is there now."""
        for stack, state in tuple(stacks.items()):
            if stack not in STACKS or stack not in sys.modules:
                continue
            by = _replaced_by(sys.modules[stack])
            if by and state == "hooked":
                self._replaced.add(stack)
                self._announce(stack, f"not captured: {by}")
            elif not by and stack in self._replaced:
                self._replaced.discard(stack)
                self._announce(stack, "hooked")


def _replaced_by(module: Any) -> str:
    for owner, name in _METHODS:
        function = getattr(getattr(module, owner, None), name, None)
        if function is not None and not _leads_to_us(function, _DEPTH):
            home = getattr(function, "__module__", "") or "unknown code"
            said = getattr(function, "__qualname__", "") or type(function).__name__
            return (
                f"{owner}.{name} is now {said} of {home}; "
                "%reload_ext cellcost_meter hooks it again"
            )
    return ""


def _leads_to_us(function: Any, depth: int) -> bool:
    if hasattr(function, "__cellcost_patch__"):
        return True
    return depth > 0 and any(
        _leads_to_us(below, depth - 1) for below in _reached_from(function)
    )


def _reached_from(function: Any) -> Iterator[Any]:
    """Yield the callables that a wrapper holds: it may call them."""
    for name in ("__wrapped__", "__func__", "func", "__self__"):
        yield from _callables(getattr(function, name, None))
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield from _callables(cell.cell_contents)
        except ValueError:
            continue  # a cell that nothing was put into yet
    for name in ("__defaults__", "args"):
        yield from _callables(*(getattr(function, name, None) or ()))
    for name in ("__kwdefaults__", "keywords"):
        yield from _callables(*(getattr(function, name, None) or {}).values())
    code = getattr(function, "__code__", None)
    known = getattr(function, "__globals__", {})
    for name in code.co_names if code is not None else ():
        yield from _callables(known.get(name))
    if code is None:
        yield from _callables(*getattr(function, "__dict__", {}).values())


def _callables(*values: Any) -> Iterator[Any]:
    return (value for value in values if callable(value))
