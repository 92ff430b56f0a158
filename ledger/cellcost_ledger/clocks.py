"""Which times no right clock could have told."""

from typing import Literal

__all__ = ["AHEAD_US", "BEHIND_US", "wrong_clock"]

AHEAD_US = 3_600_000_000
"""An hour: far more than a clock that is set over the network is ever wrong."""
BEHIND_US = 366 * 24 * 3_600_000_000
"""A year: a journal may wait that long without a network, hardly longer."""


def wrong_clock(time_us: int, received_us: int) -> Literal["", "ahead", "behind"]:
    """Say how the client's clock must have been wrong, by the server's; "" if it need
    not have been."""
    if time_us > received_us + AHEAD_US:
        return "ahead"
    if time_us < received_us - BEHIND_US:
        return "behind"
    return ""
