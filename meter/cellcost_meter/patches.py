"""Replacing a function of foreign code so that others can do the same around us.

A patch keeps signature and `__wrapped__`, is put on once however often it is asked for,
and comes off only when it is on top: below somebody else's wrapper it goes quiet.
"""

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["Patch", "put_on"]

Function = Callable[..., Any]


class Patch:
    """One attribute of a class or module that we replaced."""

    __slots__ = ("_inherited", "_name", "_original", "_owner", "_wrapper", "active")

    def __init__(self, owner: Any, name: str, original: Function) -> None:
        self._owner = owner
        self._name = name
        self._original = original
        self._inherited = name not in vars(owner)
        self._wrapper: Function = original
        self.active = True

    def put_on(self, around: Callable[[Function], Function]) -> None:
        replacement = around(self._original)
        original = self._original

        @functools.wraps(original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return (replacement if self.active else original)(*args, **kwargs)

        wrapper.__cellcost_patch__ = self  # type: ignore[attr-defined]
        self._wrapper = wrapper
        setattr(self._owner, self._name, wrapper)

    def take_off(self) -> None:
        """Restore the original if nobody wrapped us; else only stop doing anything."""
        self.active = False
        if vars(self._owner).get(self._name) is not self._wrapper:
            return
        if self._inherited:
            delattr(self._owner, self._name)
        else:
            setattr(self._owner, self._name, self._original)


def put_on(owner: Any, name: str, around: Callable[[Function], Function]) -> Patch:
    """Replace `owner.name` by `around(original)`; return the patch, to take it off.

    If our patch is there already, also below foreign wrappers, it is switched on again
    instead of being wrapped twice.
    """
    function = getattr(owner, name)
    below: Any = function
    while below is not None:
        patch = getattr(below, "__cellcost_patch__", None)
        if isinstance(patch, Patch) and patch._owner is owner:  # noqa: SLF001 - own class
            patch.active = True
            return patch
        below = getattr(below, "__wrapped__", None)
    patch = Patch(owner, name, function)
    patch.put_on(around)
    return patch
