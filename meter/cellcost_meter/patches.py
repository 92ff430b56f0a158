"""Replacing a function of foreign code so that others can do the same around us.

A patch keeps signature and `__wrapped__`, is put on once however often it is asked for,
and comes off only when it is on top: below somebody else's wrapper it goes quiet.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["Patch", "put_on"]

Function = Callable[..., Any]


class Patch:
    """One attribute of a class or module that we replaced."""

    __slots__ = (
        "_inherited",
        "_name",
        "_original",
        "_owner",
        "_replacement",
        "_wrapper",
        "active",
    )

    def __init__(self, owner: Any, name: str, original: Function) -> None:
        self._owner = owner
        self._name = name
        self._original = original
        self._inherited = name not in owner.__dict__
        self._wrapper: Function = original
        self._replacement = original
        self.active = False

    def switch_on(self, around: Callable[[Function], Function]) -> None:
        """Let the wrapper, wherever it is by now, do what `around` says."""
        self._replacement = around(self._original)
        self.active = True

    def put_on(self, around: Callable[[Function], Function]) -> None:
        """Set the wrapper in the attribute's place, switched on."""
        self.switch_on(around)
        wrapper = self._wrap()
        wrapper.__cellcost_patch__ = self
        self._wrapper = wrapper
        setattr(self._owner, self._name, wrapper)

    def _wrap(self) -> Any:
        original = self._original
        if inspect.iscoroutinefunction(original):
            # What asks whether it is one (a scheduler, say) must hear the same.
            @functools.wraps(original)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                function = self._replacement if self.active else original
                return await function(*args, **kwargs)

            return awaited

        @functools.wraps(original)
        def called(*args: Any, **kwargs: Any) -> Any:
            function = self._replacement if self.active else original
            return function(*args, **kwargs)

        return called

    def is_of(self, owner: Any) -> bool:
        """Whether `owner` itself, and no class above it, carries this patch."""
        return self._owner is owner

    def take_off(self) -> None:
        """Restore the original if nobody wrapped us; else only stop doing anything."""
        self.active = False
        if self._owner.__dict__.get(self._name) is not self._wrapper:
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
        if isinstance(patch, Patch) and patch.is_of(owner):
            if not patch.active:
                patch.switch_on(around)
            return patch
        below = getattr(below, "__wrapped__", None)
    patch = Patch(owner, name, function)
    patch.put_on(around)
    return patch
