"""OpenAI's usage objects: chat and embeddings count as `prompt`, responses as `input`.

Cached tokens stand inside the prompt, reasoning inside the completion. Compatible
servers differ: xAI and Gemini's OpenAI face leave reasoning outside the completion and
show it in the total only; DeepSeek names its cache hits `prompt_cache_hit_tokens`.
"""

from cellcost.records import Usage
from cellcost_meter.capture.dialects.counts import Counts, clipped
from cellcost_meter.capture.dialects.foreign import as_object, is_object

__all__ = ["openai_usage", "reported_cost"]


def openai_usage(usage: object, *, output: bool = True) -> tuple[Usage | None, str]:
    """Return `(usage, doubt)` of a `usage` object; no usage and no doubt if absent.

    `output` is False where an answer has no output side (embeddings).
    """
    if usage is None or usage == {}:
        return None, ""
    if not is_object(usage):
        return None, f"usage is {type(usage).__name__}"
    counts = Counts()
    ins = as_object(
        usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    )
    outs = as_object(
        usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    )
    prompt = counts.required(usage, "prompt_tokens", "input_tokens")
    completion = (
        counts.required(usage, "completion_tokens", "output_tokens") if output else 0
    )
    reasoning = counts.optional(outs, "reasoning_tokens")
    if reasoning and usage.get("total_tokens") == prompt + completion + reasoning:
        completion += reasoning
    counts.total(usage, prompt + completion)
    cached = counts.optional(ins, "cached_tokens") or counts.optional(
        usage, "prompt_cache_hit_tokens"
    )
    found = Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_tokens=cached,
        cache_write_tokens=counts.optional(ins, "cache_write_tokens"),
        reasoning_tokens=reasoning,
        input_audio_tokens=counts.optional(ins, "audio_tokens"),
        output_audio_tokens=counts.optional(outs, "audio_tokens"),
    )
    if not prompt and not completion and not counts.doubt:
        return None, "usage is all zero"
    believed = clipped(found, counts)
    return believed, counts.doubt


def reported_cost(usage: object) -> str:
    """Return the `cost` that OpenRouter puts into its usage, as text, or ""."""
    cost = as_object(usage).get("cost")
    number = isinstance(cost, int | float) and not isinstance(cost, bool)
    return repr(cost) if number else ""
