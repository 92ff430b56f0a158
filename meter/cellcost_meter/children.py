"""What travels by pickle into a child process: the run, around the user's function.

The child may be forked (the meter is there already), spawned (a new interpreter) or a
pool's worker that serves many cells.
"""

import logging
from collections.abc import Callable
from typing import Any

__all__ = ["ChildRun", "InChild"]

_log = logging.getLogger("cellcost")


class ChildRun:
    """Stands in for `process.run` in the child of a `multiprocessing.Process`."""

    __slots__ = ("_process", "_text")

    def __init__(self, text: str, process: Any) -> None:
        self._text = text
        self._process = process

    def __call__(self) -> Any:
        self._process.__dict__.pop("run", None)
        _meter_child(self._text)
        return self._process.run()


class InChild:
    """A function of one submitter, to be called in a pool's process."""

    __slots__ = ("_function", "_text")

    def __init__(self, text: str, function: Callable[..., Any]) -> None:
        self._text = text
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        before = _meter_child(self._text)
        try:
            return self._function(*args, **kwargs)
        finally:
            if before is not None:
                before()


def _meter_child(text: str) -> Callable[[], None] | None:
    """Meter this process, let `text` hold in this context; return how to undo that."""
    try:
        from cellcost_meter import attribution, bootstrap

        handed = attribution.from_environment({attribution.RUN_VARIABLE: text})
        bootstrap.install()
        before = attribution.enter(attribution.Carried(handed, None))
    except Exception:  # noqa: BLE001 - the user's function must run
        _log.warning("cellcost: a child process is not metered", exc_info=True)
        return None
    return lambda: _restore(before)


def _restore(before: Any) -> None:
    from cellcost_meter import attribution

    attribution.enter(before)
