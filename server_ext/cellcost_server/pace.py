"""Pace: how often one notebook's figures may be sent."""

__all__ = ["Pace"]


class Pace:
    """Lets a burst through at once, and then so many a second.

    A single change (the final figure, above all) never waits; a loop of many short
    calls is sent `per_second` times a second.
    """

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, *, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = float(burst)
        self._at = float("-inf")

    def allows(self, now: float) -> bool:
        """Tell whether one may be sent at `now` (monotonic seconds), and count it."""
        earned = (now - self._at) * self._per_second
        self._left = min(float(self._burst), self._left + max(earned, 0.0))
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
