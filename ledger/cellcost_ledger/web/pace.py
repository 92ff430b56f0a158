"""How many requests one key may send: so that one loop does not starve the others."""

from dataclasses import dataclass, field

__all__ = ["Pace"]


@dataclass(slots=True)
class Pace:
    """A bucket for each key; it fills at `rate` a second, up to four seconds' worth."""

    rate: float
    _buckets: dict[str, tuple[float, float]] = field(
        default_factory=dict[str, tuple[float, float]]
    )

    def take(self, key_id: str, now: float) -> float:
        """Return 0 and count the request, or the seconds until there is room for it."""
        most = 4 * self.rate
        left, then = self._buckets.get(key_id, (most, now))
        left = min(most, left + (now - then) * self.rate)
        if left < 1:
            return (1 - left) / self.rate
        self._buckets[key_id] = (left - 1, now)
        return 0.0
