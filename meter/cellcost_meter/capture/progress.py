"""How far a request of httpx had come when an error ended it.

Read from the error's traceback: the innermost function of the client says whether the
transport was asked yet, and holds the answer if one was there. What cannot be told
counts as sent: a call that may be billed is never booked at nothing.
"""

from types import FrameType, TracebackType
from typing import Any, NamedTuple

__all__ = ["Progress", "progress_of"]


class Progress(NamedTuple):
    """Where a request was."""

    sent: bool
    """Whether it may have reached the other side."""
    response: Any = None
    """The answer that the client held already, whatever it then stumbled over."""


_NOT_SENT = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
        "LocalProtocolError",
        "InvalidURL",
    }
)
"""Errors of httpx that come before the first byte of the request has left."""

_CONNECTING = frozenset({"_connect", "connect_tcp", "start_tls", "wait_for_connection"})
"""Functions of httpcore in which a connection is being made."""

_SENDING = frozenset({"handle_request", "handle_async_request"})
"""What every transport's sending is called; above it nothing has left."""

_CLIENT = frozenset(
    {"send", "_send_handling_auth", "_send_handling_redirects", "_send_single_request"}
)
"""Functions of the clients through which a request goes down, in this order."""


def progress_of(error: BaseException) -> Progress:
    """Return how far the request had come that ended in `error`."""
    frames = _frames(error.__traceback__)
    innermost = None
    for frame in frames:
        if frame.f_code.co_name in _CLIENT and _is_client(frame):
            innermost = frame
    if innermost is not None:
        response = innermost.f_locals.get("response")
        if response is not None:
            return Progress(sent=True, response=response)
    names = {frame.f_code.co_name for frame in frames}
    if _CONNECTING & names or any(
        kind.__name__ in _NOT_SENT for kind in type(error).__mro__
    ):
        return Progress(sent=False)
    if _SENDING & names:
        return Progress(sent=True)
    # An interrupt may strike between the transport's return and the next statement.
    expected = isinstance(error, Exception)
    if innermost is None:
        # Only our own frame: the arguments did not fit. More: a foreign wrapper failed,
        # before or after it called the client.
        return Progress(sent=not (expected and len(frames) <= 1))
    return Progress(sent=not expected and frames[-1] is innermost)


def _frames(trace: TracebackType | None) -> list[FrameType]:
    frames: list[FrameType] = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    return frames


def _is_client(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    return module.startswith("httpx") and module.endswith("._client")
