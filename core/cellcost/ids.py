"""Ids made where things happen: UUIDv7, sortable by time, unique without a server."""

import os
import threading
import time

__all__ = ["new_id"]

_lock = threading.Lock()
_last = 0


def _reset_lock() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    # A fork while another thread makes an id must not leave the child a held lock.
    os.register_at_fork(after_in_child=_reset_lock)


def new_id() -> str:
    """Return a new UUIDv7 (RFC 9562); ids of one process sort in the order made.

    The 12 bits after the version hold the fraction of the millisecond (RFC 9562,
    6.2 method 3); the remaining 62 bits are random.
    """
    global _last
    with _lock:
        ticks = time.time_ns() * 4096 // 1_000_000  # 48 bits ms + 12 bits fraction
        _last = ticks = max(ticks, _last + 1)
    milliseconds, fraction = divmod(ticks, 4096)
    random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= (0x7000 | fraction) << 64 | (0b10 << 62) | random
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
