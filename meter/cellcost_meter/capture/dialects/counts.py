"""Which counts off the wire can be believed."""

from cellcost.records import Usage
from cellcost_meter.capture.dialects.foreign import Object

__all__ = ["MAX_TOKENS", "Counts", "clipped"]

MAX_TOKENS = 100_000_000
"""Ten times the largest context window of 2026: more in one answer is no count."""


class Counts:
    """Reads counts out of one usage object and remembers what was wrong with it."""

    __slots__ = ("doubt", "fatal")

    def __init__(self) -> None:
        self.doubt = ""
        self.fatal = False

    def required(self, source: Object, *names: str) -> int:
        """Return the first of `names` present; the whole usage is doubted without."""
        for name in names:
            value = source.get(name)
            if value is not None:
                return self._count(value, name, fatal=True)
        self._say(f"no {names[0]} in usage", fatal=True)
        return 0

    def optional(self, source: Object, *names: str) -> int:
        """Return the first of `names` present, or 0."""
        for name in names:
            value = source.get(name)
            if value is not None:
                return self._count(value, name, fatal=False)
        return 0

    def _count(self, value: object, name: str, *, fatal: bool) -> int:
        if type(value) is int and 0 <= value <= MAX_TOKENS:
            return value  # as nearly always
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            if 0 <= value <= MAX_TOKENS:
                return value
            # An integer off the wire may have more digits than a float holds.
            shown = f"{value:g}" if abs(value) < 10**300 else "a huge number"
        elif isinstance(value, float):
            shown = f"{value:g}"
        else:
            shown = type(value).__name__
        self._say(f"{name} is {shown}", fatal=fatal)
        return 0

    def _say(self, doubt: str, *, fatal: bool) -> None:
        self.doubt = self.doubt or doubt
        self.fatal = self.fatal or fatal

    def total(self, source: Object, *possible: int) -> None:
        """Doubt the usage if its own total is none of the `possible` sums."""
        value = source.get("total_tokens")
        if value is not None:
            said = self._count(value, "total_tokens", fatal=False)
            if said not in possible and not self.doubt:
                self._say(
                    f"total_tokens is {said}, its parts make {possible[0]}", fatal=False
                )


def clipped(usage: Usage, counts: Counts) -> Usage | None:
    """Return `usage` with every part within its whole; None if not to be believed.

    A part that had to be clipped leaves a doubt in `counts`.
    """
    if counts.fatal:
        return None
    if (
        not usage.cache_write_tokens
        and not usage.input_audio_tokens
        and not usage.output_audio_tokens
        and usage.cache_read_tokens <= usage.input_tokens
        and usage.reasoning_tokens <= usage.output_tokens
    ):
        return usage
    cached = min(usage.cache_read_tokens, usage.input_tokens)
    written = min(usage.cache_write_tokens, usage.input_tokens - cached)
    audio_in = min(usage.input_audio_tokens, usage.input_tokens - written)
    reasoning = min(usage.reasoning_tokens, usage.output_tokens)
    audio_out = min(usage.output_audio_tokens, usage.output_tokens - reasoning)
    result = Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=min(usage.cache_write_1h_tokens, written),
        reasoning_tokens=reasoning,
        input_audio_tokens=audio_in,
        cache_read_audio_tokens=min(usage.cache_read_audio_tokens, cached, audio_in),
        output_audio_tokens=audio_out,
        other=usage.other,
    )
    if result != usage and not counts.doubt:
        counts.doubt = "parts of the usage are larger than the whole"
    return result
