"""Which models people step down to."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from cellcost.prices.retirement import retirement

__all__ = ["SMALLER", "leaves_soon"]

SMALLER: Mapping[str, tuple[str, ...]] = {
    "openai": ("gpt-6.1-terra", "gpt-6-luna"),
    "anthropic": ("claude-sonnet-5-5", "claude-haiku-5-5"),
    "google": ("gemini-3.8-flash", "gemini-3.1-flash-lite"),
    "mistral": ("mistral-small-latest",),
    "cohere": ("command-r7b-12-2024",),
    "deepseek": ("deepseek-v4-flash",),
    "x-ai": ("grok-4.3", "grok-4-1-fast-reasoning"),
}
"""What people step down to, the nearest step first.

General text models that genai-prices 0.2.3 lists (2026-11-24); prices come from the
book. Of the own provider only: the same code then works, and tokens count alike.
"""

_STAYS = timedelta(days=90)


def leaves_soon(provider: str, model: str, at: datetime) -> bool:
    """Say whether a model is shut down within 90 days: nothing to move to."""
    day = retirement(provider, model)
    return day is not None and day < (at + _STAYS).date()
