"""Figures as text, in the language of every view."""

from decimal import Decimal
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from cellcost.money import format_usd
from cellcost.records import Tokens

if TYPE_CHECKING:
    from cellcost.views import Tally

__all__ = [
    "cached_text",
    "cost_text",
    "count_text",
    "duration_text",
    "memory_text",
    "notes_text",
    "path_text",
    "percent_text",
    "tokens_text",
]


def cost_text(tally: "Tally") -> str:
    """Return what it cost: plain when measured, `≈` estimated, `≥` incomplete."""
    cost = tally.cost_nusd
    if cost is None:
        return "unpriced" if tally.n_unpriced else "unknown"
    money = format_usd(cost)
    if tally.n_unpriced or tally.n_partial or tally.live_calls:
        return f"≥ {money}"
    return f"≈ {money}" if tally.n_estimated else money


def tokens_text(tokens: Tokens) -> str:
    """Return `in → out`; "" for none."""
    if not (tokens.input or tokens.output):
        return ""
    return f"{count_text(tokens.input)} → {count_text(tokens.output)}"


def cached_text(tokens: Tokens) -> str:
    """Return how much of the input came from a cache: `40%`; "" for nothing."""
    if tokens.cache_read <= 0 or tokens.input <= 0:
        return ""
    share = round(100 * tokens.cache_read / tokens.input)
    return f"{share}%" if share else "<1%"


def count_text(count: int) -> str:
    """Return a count of tokens: `812`, `1.2k`, `133k`, `3.4M`."""
    if count < 0:
        return f"-{count_text(-count)}"
    if count < 1_000:
        return str(count)
    # The bounds are where the shorter form would round up: 999,500 is 1.0M, not 1000k.
    if count < 99_950:
        return f"{count / 1_000:.1f}k"
    if count < 999_500:
        return f"{count / 1_000:.0f}k"
    if count < 99_950_000:
        return f"{count / 1_000_000:.1f}M"
    return f"{count / 1_000_000:,.0f}M"


def duration_text(seconds: float) -> str:
    """Return a duration: `0.6 s`, `41 s`, `2 m 5 s`, `2 h 10 m`; "" for none."""
    if seconds <= 0:
        return ""
    if seconds < 0.05:
        return "<0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} m"


def memory_text(size: int) -> str:
    """Return an amount of memory as people read it: `16 GB`, `0.5 GB`, `46 MB`."""
    if size >= 9_500_000_000:
        return f"{size / 1e9:,.0f} GB"
    return f"{size / 1e9:.1f} GB" if size >= 95_000_000 else f"{size / 1e6:.0f} MB"


def percent_text(share: Decimal) -> str:
    """Return a share of one in percent: `15 %`."""
    return f"{(share * 100).normalize():f} %"


def notes_text(tally: "Tally", *, counted: bool = True) -> str:
    """Return why a figure is not exact: `2 unpriced · 1 stopped early`.

    For a single call the counts are left out.
    """
    notes = (
        (tally.live_calls, "running"),
        (tally.n_unpriced, "unpriced"),
        (tally.n_partial, "stopped early"),
        (tally.n_estimated, "estimated"),
        (tally.failed_calls, "failed"),
    )
    return " · ".join(
        f"{count} {word}" if counted else word for count, word in notes if count
    )


def path_text(path: str) -> str:
    """Return a path as a person in this folder writes it; whole if it lies outside."""
    here = Path.cwd()
    return (
        str(PurePath(path).relative_to(here))
        if PurePath(path).is_relative_to(here)
        else path
    )
