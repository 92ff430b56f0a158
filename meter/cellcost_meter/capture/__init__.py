"""Capture: model calls seen at the HTTP clients under the SDKs.

`install` watches for the client libraries and hooks each when the user imports it.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from cellcost_meter.imports import when_imported
from cellcost_meter.patches import Patch

if TYPE_CHECKING:
    from cellcost_meter.recorder import CallRecorder

__all__ = ["STACKS", "install"]

STACKS = ("httpx", "httpx2")
"""The client libraries that are hooked; one implementation serves both."""

UNREAD_STACKS = {
    "requests": "requests",
    "aiohttp": "aiohttp",
    "botocore": "botocore.client",
}
"""Stacks whose answers are not read yet -> the module to wait for: their model calls
are kept, unpriced."""

Stop = Callable[[], None]


def install(
    recorder: "CallRecorder",
    *,
    announce: Callable[[str, str], object],
    stream_usage: Callable[[], Literal["ask", "count"]] = lambda: "count",
) -> Stop:
    """Hook every stack as it gets imported; return how to take all hooks off.

    `announce(stack, state)` is told `hooked` or `not captured: why`.
    """
    stops: list[Stop] = []
    for stack in STACKS:

        def hook(module: ModuleType, *, stack: str = stack) -> None:
            # Only now: what a hook needs is not on the path of a kernel's start.
            from cellcost_meter.capture import httpx_stack

            try:
                stops.append(
                    httpx_stack.hook(
                        module,
                        recorder=recorder,
                        announce=announce,
                        stack=stack,
                        stream_usage=stream_usage,
                    )
                )
            except Exception as error:  # noqa: BLE001 - the import must work without us
                announce(stack, f"not captured: {type(error).__name__}")
                return
            announce(stack, "hooked")
            recorder.warm()

        stops.append(when_imported(stack, hook))
    stops += [_watch(stack, recorder, announce) for stack in UNREAD_STACKS]
    return partial(_stop_all, stops)


def _watch(
    stack: str, recorder: "CallRecorder", announce: Callable[[str, str], object]
) -> Stop:
    patches: list[Patch] = []

    def put(module: ModuleType) -> None:
        from cellcost_meter.capture import other_stacks

        watch = other_stacks.Watch(stack, recorder, announce)
        patches.append(other_stacks.HOOKS[stack](module, watch))

    forget = when_imported(UNREAD_STACKS[stack], put)

    def stop() -> None:
        forget()
        for patch in patches:
            patch.take_off()

    return stop


def _stop_all(stops: list[Stop]) -> None:
    while stops:
        stops.pop()()
