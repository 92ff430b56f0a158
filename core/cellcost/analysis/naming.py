"""Whose model a written name means: `openai:gpt-4o`, `anthropic/claude-...`."""

import re
from dataclasses import dataclass

__all__ = ["Named", "named", "provider_of_prefix"]


@dataclass(frozen=True, slots=True)
class Named:
    """A provider of the catalogue ("" if unknown) and the model's own name there."""

    provider: str
    model: str


# Prefixes of the routing libraries -> providers of the catalogue.
_PREFIXES = {
    "ai21": "ai21",
    "anthropic": "anthropic",
    "azure": "azure",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "databricks": "databricks",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "google": "google",
    "google-gla": "google",
    "google-vertex": "google",
    "google_anthropic_vertex": "google",
    "google_genai": "google",
    "google_vertexai": "google",
    "groq": "groq",
    "huggingface": "huggingface",
    "mistral": "mistral",
    "mistralai": "mistral",
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "openai": "openai",
    "openai-chat": "openai",
    "openai-responses": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertexai": "google",
    "voyage": "voyageai",
    "xai": "x-ai",
    "grok": "x-ai",
}
# Names that only one provider sells first-hand.
_OWNERS = (
    (
        re.compile(
            r"gpt-|o[1-9](?:-|$)|chatgpt|text-embedding-(?:3|ada)|dall-e|whisper|tts-"
            r"|davinci|babbage|sora|codex|computer-use|omni-mod"
        ),
        "openai",
    ),
    (re.compile(r"claude"), "anthropic"),
    (
        re.compile(r"(?:models/)?(?:gemini|imagen|veo|text-embedding-00|gemini-embed)"),
        "google",
    ),
    (
        re.compile(r"mistral|mixtral|codestral|ministral|pixtral|magistral|devstral"),
        "mistral",
    ),
    (re.compile(r"command|embed-(?:english|multilingual|v4)|rerank-|c4ai"), "cohere"),
    (re.compile(r"deepseek-(?:chat|reasoner)"), "deepseek"),
    (re.compile(r"grok"), "x-ai"),
    (re.compile(r"sonar"), "perplexity"),
    (re.compile(r"voyage"), "voyageai"),
    (
        re.compile(
            r"(?:us\.|eu\.|apac\.|global\.)?(?:anthropic|amazon|meta|cohere|mistral|ai21)\."
        ),
        "aws",
    ),
)


def named(written: str, provider: str = "") -> Named:
    """Return what a written model name means at a provider ("": not said)."""
    if provider and provider != "litellm":
        for mark in (":", "/"):
            head, found, rest = written.partition(mark)
            if found and _PREFIXES.get(head.lower()) == provider:
                return Named(provider, rest)
        return Named(provider, written.removeprefix("models/"))
    for mark in (":", "/"):
        head, found, rest = written.partition(mark)
        known = _PREFIXES.get(head.lower()) if found else None
        if known is not None and rest:
            return Named(known, rest)
    for pattern, owner in _OWNERS:
        if pattern.match(written):
            return Named(owner, written)
    return Named("", written)


def provider_of_prefix(prefix: str) -> str:
    """Return the provider that a routing library's prefix means ("openai"), or ""."""
    return _PREFIXES.get(prefix.lower(), "")
