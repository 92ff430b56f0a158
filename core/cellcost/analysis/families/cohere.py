"""Cohere."""

from cellcost.analysis.families.table import Bills, Family, Kind, Method

__all__ = ["FAMILY"]

_CHAT = Bills(kind="chat", prompt=("message", "messages", "preamble"))
_EMBED = Bills(kind="embeddings", prompt=("texts", "inputs"), prompt_at=0, cap=())
_RERANK = Bills(kind="rerank", prompt=("query", "documents"), cap=())

_METHODS: dict[str, Method] = {
    "chat": _CHAT,
    "chat_stream": _CHAT,
    "classify": Bills(kind="classify", prompt=("inputs",), cap=()),
    "embed": _EMBED,
    "generate": Bills(kind="completion", prompt=("prompt",), prompt_at=0),
    "generate_stream": Bills(kind="completion", prompt=("prompt",)),
    "rerank": _RERANK,
    "summarize": Bills(kind="chat", prompt=("text",), cap=()),
    "v2.chat": _CHAT,
    "v2.chat_stream": _CHAT,
    "v2.embed": _EMBED,
    "v2.rerank": _RERANK,
}

FAMILY = Family(
    name="cohere",
    roots=("cohere",),
    kinds=(Kind(name="cohere.client", provider="cohere", model=(), methods=_METHODS),),
    makers=dict.fromkeys(
        (
            "Client",
            "ClientV2",
            "AsyncClient",
            "AsyncClientV2",
            "BedrockClient",
            "SagemakerClient",
        ),
        "cohere.client",
    ),
)
