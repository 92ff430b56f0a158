"""What the user says about the code that runs: tags, and outcomes.

Also the one slot through which a running meter is reached. Standard library only, and
nothing heavy before an outcome is recorded: this is imported with `import cellcost`.
"""

import functools
import inspect
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import FrameType, MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from cellcost.records import Event, Where

__all__ = [
    "Recorder",
    "TagLayer",
    "current_tags",
    "running",
    "set_running",
    "tag_layers",
    "tags",
]

P = ParamSpec("P")
R = TypeVar("R")

_NO_TAGS: Mapping[str, str] = MappingProxyType({})
_log = logging.getLogger("cellcost")


class Recorder(Protocol):
    """What a running meter offers to the core: it knows where we are, and it writes."""

    def where(self, frame: FrameType | None) -> "Where":
        """Return who runs at this moment, with every tag that holds here.

        `frame` is where the user's code called cellcost.
        """
        ...

    def record(self, event: "Event") -> None:
        """Write an event that had no intent; never raises."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class TagLayer:
    """One `with cellcost.tags(...)` block that is open in this context."""

    merged: Mapping[str, str]
    own: Mapping[str, str]
    owner: object
    outer: "TagLayer | None"


tag_layers: ContextVar[TagLayer | None] = ContextVar("cellcost_tags", default=None)
"""The innermost open block; the meter carries it into threads and pools."""

_running: list[Recorder] = []


def running() -> Recorder | None:
    """Return the meter of this process, None when there is none."""
    return _running[-1] if _running else None


def set_running(recorder: Recorder | None) -> None:
    """Make `recorder` the meter of this process; None when it stops."""
    _running[:] = [] if recorder is None else [recorder]


def current_tags() -> Mapping[str, str]:
    """Return the tags of the open `cellcost.tags` blocks; the inner one wins."""
    layer = tag_layers.get()
    return _NO_TAGS if layer is None else layer.merged


class tags:  # noqa: N801 - users write it as a function: `with cellcost.tags(...)`
    """Tags every model call made inside: a context manager and a decorator.

    `with cellcost.tags(team="search", function="rerank", run="7"): ...`, or above a
    function, a coroutine function, a generator or an async generator. Nested blocks
    add up; the inner one wins. Values are kept as text; None leaves a tag out.

    One object may be entered many times, by many tasks: the blocks live in the
    context, not in the object.
    """

    __slots__ = ("_own",)

    def __init__(
        self,
        *,
        team: str | None = None,
        function: str | None = None,
        environment: str | None = None,
        **free: object,
    ) -> None:
        given = {"team": team, "function": function, "environment": environment, **free}
        self._own = {k: str(v) for k, v in given.items() if v is not None}

    def __enter__(self) -> "tags":
        outer = tag_layers.get()
        merged = self._own if outer is None else {**outer.merged, **self._own}
        tag_layers.set(TagLayer(MappingProxyType(merged), self._own, self, outer))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # No token: a generator may be closed in another context than it was opened in,
        # and a token would then raise ValueError into the user's code.
        tag_layers.set(_without(self, tag_layers.get()))

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]:
        if isinstance(function, type) or not callable(function):
            raise TypeError("cellcost.tags decorates functions and methods")
        if inspect.iscoroutinefunction(function):
            wrapped: Callable[..., Any] = self._around_coroutine(function)
        elif inspect.isasyncgenfunction(function):
            wrapped = self._around_async_generator(function)
        elif inspect.isgeneratorfunction(function):
            wrapped = self._around_generator(function)
        else:
            wrapped = self._around_function(function)
        return cast(Callable[P, R], functools.update_wrapper(wrapped, function))

    def _around_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def tagged(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return tagged

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def tagged(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return tagged

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Tag the generator's body only: between two items the caller runs."""

        def tagged(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    with self:
                        item = step()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield item
                except GeneratorExit:
                    with self:
                        generator.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - it belongs to the body
                    step = functools.partial(generator.throw, error)
                else:
                    step = functools.partial(generator.send, sent)

        return tagged

    def _around_async_generator(
        self, function: Callable[..., Any]
    ) -> Callable[..., Any]:
        async def tagged(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = functools.partial(generator.asend, None)
            while True:
                try:
                    with self:
                        item = await step()
                except StopAsyncIteration:
                    return
                try:
                    sent = yield item
                except GeneratorExit:
                    with self:
                        await generator.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - it belongs to the body
                    step = functools.partial(generator.athrow, error)
                else:
                    step = functools.partial(generator.asend, sent)

        return tagged


def _without(owner: object, layer: TagLayer | None) -> TagLayer | None:
    """Return the open blocks less the innermost one of `owner`, wherever it is."""
    if layer is None or layer.owner is owner:
        return None if layer is None else layer.outer
    outer = _without(owner, layer.outer)
    if outer is layer.outer:
        return layer  # not open in this context: nothing to close
    merged = layer.own if outer is None else {**outer.merged, **layer.own}
    return TagLayer(MappingProxyType(merged), layer.own, layer.owner, outer)
