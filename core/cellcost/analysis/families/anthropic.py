"""Anthropic, and its models on Bedrock, Vertex and Foundry."""

from cellcost.analysis.families.table import Bills, Family, Kind, Makes

__all__ = ["FAMILY"]

_MESSAGES = Bills(
    kind="messages",
    prompt=("system", "messages", "tools"),
    duck=("model", "messages", "max_tokens"),
)

FAMILY = Family(
    name="anthropic",
    roots=("anthropic",),
    kinds=(
        Kind(
            name="anthropic.client",
            provider="anthropic",
            model=(),
            methods={
                "messages.create": _MESSAGES,
                "messages.stream": _MESSAGES,
                "messages.parse": _MESSAGES,
                "messages.tool_runner": _MESSAGES,
                "messages.batches.create": Bills(
                    kind="batch", shape="requests", prompt=("requests",)
                ),
                "completions.create": Bills(
                    kind="completion",
                    prompt=("prompt",),
                    cap=("max_tokens_to_sample",),
                ),
                "with_options": Makes(),
                "copy": Makes(),
            },
        ),
    ),
    makers=dict.fromkeys(
        (
            "Anthropic",
            "AsyncAnthropic",
            "Client",
            "AsyncClient",
            "AnthropicBedrock",
            "AsyncAnthropicBedrock",
            "AnthropicVertex",
            "AsyncAnthropicVertex",
            "AnthropicFoundry",
            "AsyncAnthropicFoundry",
        ),
        "anthropic.client",
    ),
    providers={
        "AnthropicBedrock": "aws",
        "AsyncAnthropicBedrock": "aws",
        "AnthropicVertex": "google",
        "AsyncAnthropicVertex": "google",
        "AnthropicFoundry": "azure",
        "AsyncAnthropicFoundry": "azure",
    },
)
