"""litellm: one function for every provider, and the Router with its aliases."""

from cellcost.analysis.families.table import Bills, Family, Kind, Makes

__all__ = ["FAMILY"]

_CAP = ("max_completion_tokens", "max_tokens")
_CHAT = Bills(kind="chat", position=0, prompt_at=1, cap=_CAP)
_MANY = Bills(kind="chat", position=0, prompt_at=1, cap=_CAP, many=True)
_TEXT = Bills(kind="completion", position=0, prompt=("prompt",), prompt_at=1)
_EMBED = Bills(kind="embeddings", position=0, prompt=("input",), prompt_at=1, cap=())
_IMAGE = Bills(kind="image", prompt=("prompt",), cap=(), default="dall-e-2")
_AUDIO = Bills(kind="audio", position=0, prompt=(), cap=())
_SPEECH = Bills(kind="audio", position=0, prompt=("input",), prompt_at=1, cap=())
_RERANK = Bills(kind="rerank", position=0, prompt=("query", "documents"), cap=())
_RESPONSES = Bills(
    kind="responses", prompt=("input", "instructions"), cap=("max_output_tokens",)
)
_FUNCTIONS = {
    "completion": _CHAT,
    "acompletion": _CHAT,
    "completion_with_retries": _CHAT,
    "acompletion_with_retries": _CHAT,
    "batch_completion": _MANY,
    "abatch_completion": _MANY,
    "batch_completion_models": Bills(kind="chat", model=("models",), cap=_CAP),
    "text_completion": _TEXT,
    "atext_completion": _TEXT,
    "embedding": _EMBED,
    "aembedding": _EMBED,
    "image_generation": _IMAGE,
    "aimage_generation": _IMAGE,
    "transcription": _AUDIO,
    "atranscription": _AUDIO,
    "speech": _SPEECH,
    "aspeech": _SPEECH,
    "rerank": _RERANK,
    "arerank": _RERANK,
    "responses": _RESPONSES,
    "aresponses": _RESPONSES,
    "anthropic.messages.create": Bills(kind="messages"),
    "anthropic.messages.acreate": Bills(kind="messages"),
}

FAMILY = Family(
    name="litellm",
    roots=("litellm",),
    kinds=(
        Kind(
            name="litellm.router",
            model=(),
            methods={
                name: Bills(
                    kind=bills.kind,
                    model=bills.model,
                    position=bills.position,
                    prompt=bills.prompt,
                    prompt_at=bills.prompt_at,
                    cap=bills.cap,
                    many=bills.many,
                    shape="router",
                )
                for name, bills in _FUNCTIONS.items()
            },
        ),
        Kind(
            name="litellm.client",
            model=(),
            methods={
                "chat.completions.create": Bills(kind="chat", cap=_CAP),
                "copy": Makes(),
            },
        ),
    ),
    makers={"Router": "litellm.router", "LiteLLM": "litellm.client"},
    functions=_FUNCTIONS,
)
