"""Ids made where things happen: UUIDv7, sortable by time, unique without a server."""

import os
import threading
import time

__all__ = ["new_id"]

_DRAWN_BYTES = 512
"""Random bytes fetched at once: a system call an id would double what it takes."""

_lock = threading.Lock()
_last = 0
_random = ""
"""Hexadecimal digits that no id has used yet."""


def _start_anew() -> None:
    global _lock, _random
    _lock = threading.Lock()
    _random = ""


if hasattr(os, "register_at_fork"):
    # A fork while another thread makes an id must not leave the child a held lock, and
    # parent and child must not draw the same bytes.
    os.register_at_fork(after_in_child=_start_anew)


def new_id() -> str:
    """Return a new UUIDv7 (RFC 9562); ids of one process sort in the order made.

    The 12 bits after the version hold the fraction of the millisecond (RFC 9562,
    6.2 method 3); the remaining 62 bits are random.
    """
    global _last, _random
    with _lock:
        ticks = time.time_ns() * 4096 // 1_000_000  # 48 bits ms + 12 bits fraction
        _last = ticks = max(ticks, _last + 1)
        if not _random:
            _random = os.urandom(_DRAWN_BYTES).hex()
        drawn, _random = _random[:16], _random[16:]
    moment = f"{ticks:015x}"
    # The two highest of the 64 drawn bits say which kind of UUID this is.
    variant = "89ab"[int(drawn[0], 16) & 3]
    return (
        f"{moment[-15:-7]}-{moment[-7:-3]}-7{moment[-3:]}"
        f"-{variant}{drawn[1:4]}-{drawn[4:]}"
    )
