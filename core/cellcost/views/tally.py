"""Tally: exact sums over calls, which add and subtract, and the state they amount to.

Every figure that a view shows is a Tally. Because a Tally is a plain sum, parts that
partition the calls always add up to their total, and a running total can be kept by
subtracting what a call was and adding what it is now.
"""

from dataclasses import dataclass
from typing import Literal

from cellcost.records import Tokens

__all__ = ["STATES", "State", "Tally"]

State = Literal["live", "unpriced", "partial", "estimated", "measured"]

STATES: tuple[State, ...] = ("live", "unpriced", "partial", "estimated", "measured")
"""Worst first: the state of a whole is the worst state among its parts."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What some calls used and cost, and how certain that is.

    The counts overlap: an unpriced call that stopped early is in both `n_unpriced` and
    `n_partial`.
    """

    known_nusd: int = 0
    n_priced: int = 0
    """Calls of which at least a part has a price."""
    n_unknown: int = 0
    """Calls of which at least a part has no known cost (unpriced, or just sent)."""
    n_unpriced: int = 0
    n_partial: int = 0
    n_estimated: int = 0
    calls: int = 0
    live_calls: int = 0
    failed_calls: int = 0
    retried_calls: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    gpu_busy_ms: int = 0
    """Device time in which kernels ran, weighted by the share of the device."""
    gpu_held_ms: int = 0
    """Device time in which memory was held and nothing ran, weighted likewise."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.known_nusd + other.known_nusd,
            self.n_priced + other.n_priced,
            self.n_unknown + other.n_unknown,
            self.n_unpriced + other.n_unpriced,
            self.n_partial + other.n_partial,
            self.n_estimated + other.n_estimated,
            self.calls + other.calls,
            self.live_calls + other.live_calls,
            self.failed_calls + other.failed_calls,
            self.retried_calls + other.retried_calls,
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.reasoning + other.reasoning,
            self.gpu_busy_ms + other.gpu_busy_ms,
            self.gpu_held_ms + other.gpu_held_ms,
        )

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(
            self.known_nusd - other.known_nusd,
            self.n_priced - other.n_priced,
            self.n_unknown - other.n_unknown,
            self.n_unpriced - other.n_unpriced,
            self.n_partial - other.n_partial,
            self.n_estimated - other.n_estimated,
            self.calls - other.calls,
            self.live_calls - other.live_calls,
            self.failed_calls - other.failed_calls,
            self.retried_calls - other.retried_calls,
            self.input - other.input,
            self.output - other.output,
            self.cache_read - other.cache_read,
            self.cache_write - other.cache_write,
            self.reasoning - other.reasoning,
            self.gpu_busy_ms - other.gpu_busy_ms,
            self.gpu_held_ms - other.gpu_held_ms,
        )

    @property
    def cost_nusd(self) -> int | None:
        """The sum of what is known; None when something was used and nothing is."""
        return self.known_nusd if self.n_priced or not self.n_unknown else None

    @property
    def tokens(self) -> Tokens:
        """The token totals."""
        return Tokens(
            input=self.input,
            output=self.output,
            cache_read=self.cache_read,
            cache_write=self.cache_write,
            reasoning=self.reasoning,
        )

    @property
    def state(self) -> State:
        """The worst state among the calls."""
        if self.live_calls:
            return "live"
        if self.n_unpriced:
            return "unpriced"
        if self.n_partial:
            return "partial"
        return "estimated" if self.n_estimated else "measured"
