"""When a model's maker shuts it down: the days that makers published."""

import re
from datetime import date

__all__ = ["retirement"]

# Source: the list of deprecated values in the `ChatModel` type of the `openai` package
# 3.57 (2026-11), which repeats https://developers.openai.com/api/docs/deprecations.
_OPENAI = {
    date(2024, 9, 13): (
        "gpt-3.5-turbo-16k",
        "gpt-3.5-turbo-0301",
        "gpt-3.5-turbo-0613",
        "gpt-3.5-turbo-16k-0613",
    ),
    date(2024, 12, 6): ("gpt-4-vision-preview",),
    date(2025, 6, 6): ("gpt-4-32k", "gpt-4-32k-0314", "gpt-4-32k-0613"),
    date(2025, 7, 28): ("o1-preview", "o1-preview-2024-09-12"),
    date(2025, 10, 10): ("gpt-4o-audio-preview-2024-10-01",),
    date(2025, 10, 27): ("o1-mini", "o1-mini-2024-09-12"),
    date(2026, 2, 12): ("codex-mini-latest",),
    date(2026, 2, 17): ("chatgpt-4o-latest",),
    date(2026, 3, 26): ("gpt-4-0125-preview", "gpt-4-turbo-preview", "gpt-4-0314"),
    date(2026, 5, 7): (
        "gpt-4o-audio-preview",
        "gpt-4o-audio-preview-2024-12-17",
        "gpt-4o-audio-preview-2025-06-03",
        "gpt-4o-mini-audio-preview",
        "gpt-4o-mini-audio-preview-2024-12-17",
    ),
    date(2026, 7, 23): (
        "gpt-5.1-codex",
        "gpt-5.1-chat-latest",
        "gpt-5-chat-latest",
        "gpt-4o-search-preview",
        "gpt-4o-search-preview-2025-03-11",
        "gpt-4o-mini-search-preview",
        "gpt-4o-mini-search-preview-2025-03-11",
    ),
    date(2026, 8, 10): ("gpt-5.3-chat-latest", "gpt-5.2-chat-latest"),
    date(2026, 9, 28): ("gpt-3.5-turbo-1106",),
    date(2026, 10, 23): (
        "gpt-4.1-nano",
        "gpt-4.1-nano-2025-04-14",
        "o4-mini",
        "o4-mini-2025-04-16",
        "o3-mini",
        "o3-mini-2025-01-31",
        "o1",
        "o1-2024-12-17",
        "gpt-4o-2024-05-13",
        "gpt-4-turbo",
        "gpt-4-turbo-2024-04-09",
        "gpt-4-1106-preview",
        "gpt-4",
        "gpt-4-0613",
        "gpt-3.5-turbo",
        "gpt-3.5-turbo-0125",
    ),
    date(2026, 12, 11): (
        "gpt-5",
        "gpt-5-mini",
        "gpt-5-nano",
        "gpt-5-2025-08-07",
        "gpt-5-mini-2025-08-07",
        "gpt-5-nano-2025-08-07",
        "o3",
        "o3-2025-04-16",
    ),
    date(2027, 1, 14): (
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-2025-04-14",
        "gpt-4.1-mini-2025-04-14",
        "gpt-4o",
        "gpt-4o-2024-11-20",
        "gpt-4o-2024-08-06",
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
    ),
    date(2027, 1, 20): ("gpt-audio-mini", "gpt-audio-mini-2025-12-15"),
    date(2027, 4, 1): (
        "gpt-5.4-nano",
        "gpt-5.4-nano-2026-03-17",
        "gpt-5.1",
        "gpt-5.1-2025-11-13",
    ),
}
# Source: `DEPRECATED_MODELS` of the `anthropic` package 2.13 (2026-11).
_ANTHROPIC = {
    date(2026, 6, 30): ("claude-mythos-preview",),
    date(2026, 11, 30): ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
    date(2027, 1, 22): ("claude-opus-4-5", "claude-opus-4-5-20251101"),
}
_DAYS = {
    (provider, model): day
    for provider, days in (("openai", _OPENAI), ("anthropic", _ANTHROPIC))
    for day, models in days.items()
    for model in models
}
# Gone by 2025 everywhere, by their makers' pages; `date.min` stands for "long ago".
_GONE = re.compile(
    r"(?:text-davinci-00[123]|text-(?:curie|babbage|ada)-001|code-davinci-00[12]"
    r"|gpt-3\.5-turbo-(?:0301|0613|16k(?:-0613)?)|gpt-4-(?:0314|32k.*|vision-preview)"
    r"|claude-(?:1|2|instant).*|claude-3-(?:sonnet|opus)-.*|palm-2|text-bison.*"
    r"|chat-bison.*|gemini-1\.0-.*|gemini-pro)"
)


def retirement(provider: str, model: str) -> date | None:
    """Return the day on which a model's maker shuts it down; None if none is known.

    `date.min`: long ago, the day is not known. Resellers (Azure, Bedrock) keep models
    to dates of their own, so a maker's dates count with the maker alone.
    """
    day = _DAYS.get((provider, model))
    if day is None and _GONE.fullmatch(model):
        return date.min
    return day
