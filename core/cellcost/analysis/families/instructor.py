"""Instructor: other SDKs' clients with typed answers."""

from cellcost.analysis.families.openai import METHODS
from cellcost.analysis.families.table import Bills, Family, Kind, Method

__all__ = ["FAMILY"]

_CREATE = Bills(kind="chat", cap=("max_tokens", "max_completion_tokens"))
_CREATES = ("create", "create_with_completion", "create_partial", "create_iterable")
_METHODS: dict[str, Method] = {
    **METHODS,
    **dict.fromkeys(_CREATES, _CREATE),
    **{f"chat.completions.{name}": _CREATE for name in _CREATES},
    **{f"messages.{name}": _CREATE for name in _CREATES},
    "generate_content": _CREATE,
}

FAMILY = Family(
    name="instructor",
    roots=("instructor",),
    kinds=(
        Kind(
            name="instructor.client",
            model=("model",),
            position=0,
            methods=_METHODS,
            carries=True,
        ),
    ),
    makers=dict.fromkeys(
        (
            "from_anthropic",
            "from_bedrock",
            "from_cerebras",
            "from_cohere",
            "from_fireworks",
            "from_gemini",
            "from_genai",
            "from_groq",
            "from_litellm",
            "from_mistral",
            "from_openai",
            "from_provider",
            "from_together",
            "from_vertexai",
            "apatch",
            "patch",
        ),
        "instructor.client",
    ),
    providers={
        "from_anthropic": "anthropic",
        "from_bedrock": "aws",
        "from_cohere": "cohere",
        "from_gemini": "google",
        "from_genai": "google",
        "from_groq": "groq",
        "from_mistral": "mistral",
        "from_openai": "openai",
        "from_together": "together",
        "from_vertexai": "google",
    },
)
