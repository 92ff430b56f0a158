"""Outcomes: what the money bought, said by the user's own code."""

import inspect
import logging
import os
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import FrameType
from typing import TYPE_CHECKING

from cellcost import context

if TYPE_CHECKING:
    from cellcost.records import Event, Where

__all__ = ["outcome"]

_log = logging.getLogger("cellcost")


def outcome(
    name: str,
    *,
    count: int = 1,
    quality: float | None = None,
    value: "Decimal | float | str | None" = None,
    **tags: object,
) -> None:
    """Record that this code produced something: `cellcost.outcome("summary", count=3)`.

    `quality` is the caller's own score, `value` what one is worth in USD; both are kept
    as given and never summed with costs. The outcome belongs to the cell and the tags
    that hold here, so that unit cost = cost / count by any of them. Works without a
    running meter too. Never raises: what cannot be recorded is logged.
    """
    try:
        detail = _detail(name, count, quality, value)
        here = inspect.currentframe()
        frame = None if here is None else here.f_back
        meter = context.running()
        with context.tags(**tags):  # type: ignore[arg-type]
            if meter is not None:
                meter.record(_event(meter.where(frame), detail))
            else:
                _record_alone(frame, detail)
    except Exception:  # noqa: BLE001 - an outcome must not break the code it describes
        _log.warning("cellcost could not record the outcome %r", name, exc_info=True)


def _detail(
    name: str,
    count: int,
    quality: float | None,
    value: "Decimal | float | str | None",
) -> Mapping[str, object]:
    detail: dict[str, object] = {"name": str(name), "count": int(count)}
    if quality is not None:
        detail["quality"] = float(quality)
    if value is not None:
        try:
            # As text, by way of str: a float would turn 0.1 into 0.1000000000000000055.
            detail["value"] = str(Decimal(str(value)))
        except InvalidOperation:
            raise ValueError(f"value={value!r} is not a number") from None
    return detail


def _event(where: "Where", detail: Mapping[str, object]) -> "Event":
    from cellcost.clock import utc_now
    from cellcost.ids import new_id
    from cellcost.records import Event

    return Event(
        id=new_id(), time=utc_now(), kind="outcome", where=where, detail=detail
    )


def _record_alone(frame: FrameType | None, detail: Mapping[str, object]) -> None:
    """Write one outcome of a process that no meter runs in."""
    from cellcost import __version__
    from cellcost.home import journal_home
    from cellcost.journal import About, Writer
    from cellcost.records import Where

    host, user = machine_and_user()
    where = Where(
        origin="script",
        call_site=_site(frame),
        host=host,
        user=user,
        tags=dict(context.current_tags()),
    )
    about = About(
        host=host,
        pid=os.getpid(),
        version=__version__,
        kernel_id="",
        session_id="",
        notebook="",
    )
    writer = Writer(journal_home(os.environ), about=about)
    try:
        writer.settle(_event(where, detail))
    finally:
        writer.close()


def _site(frame: FrameType | None) -> str:
    if frame is None:
        return ""
    code = frame.f_code
    return f"{code.co_filename}:{code.co_qualname}:{frame.f_lineno}"


def machine_and_user() -> tuple[str, str]:
    """Return the host's name and the user's, "" where the system knows none."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = ""  # a container's uid without a passwd entry
    return socket.gethostname(), user
