"""Under which name a call caps its output."""

import re

from cellcost.analysis.callsite import CallSite

__all__ = ["cap_argument", "cap_tokens"]

# What made-up answers seldom exceed. A model that reasons bills its reasoning too.
_TOKENS = 1024
_TOKENS_REASONING = 8192
_REASONS = re.compile(r"(?:.*[/:])?(?:o[1-9](?:-|$)|gpt-[5-9])|.*reason")

# Families whose own calls take `max_tokens`: their tables say so.
_PLAIN = frozenset(
    {
        "anthropic",
        "cohere",
        "fireworks",
        "fireworks.client",
        "groq",
        "langchain",
        "litellm",
        "mistral",
        "openai",
        "openrouter",
        "perplexity",
        "together",
    }
)


def cap_argument(site: CallSite, callee: str) -> tuple[str, ...]:
    """Return the names below which a call's cap stands, outermost first.

    ("config", "max_output_tokens"); empty where no safe name is known. `callee` is what
    is called, as written.
    """
    if site.kind == "responses":
        return ("max_output_tokens",)
    if site.family == "google":
        if re.search(r"\bmodels\s*\.\s*generate_content(?:_stream)?$", callee):
            return "config", "max_output_tokens"
        if callee.endswith(("generate_content", "generate_content_async")):
            return "generation_config", "max_output_tokens"
        return ()
    if site.family == "ollama":
        return "options", "num_predict"
    if site.family == "bedrock":
        if callee.endswith((".converse", ".converse_stream")):
            return "inferenceConfig", "maxTokens"
        return ()
    if site.family == "anthropic" and site.kind == "completion":
        return ("max_tokens_to_sample",)
    if (
        site.family == "openai"
        and site.kind == "chat"
        and "ChatCompletion" not in callee
    ):
        return ("max_completion_tokens",)
    if site.family in _PLAIN and site.kind in ("chat", "messages", "completion"):
        return ("max_tokens",)
    return ()


def cap_tokens(site: CallSite) -> int:
    """Return a cap that an ordinary answer stays below."""
    reasons = any(_REASONS.match(model.written) for model in site.models)
    return _TOKENS_REASONING if reasons else _TOKENS
