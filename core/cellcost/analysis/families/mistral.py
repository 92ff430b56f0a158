"""Mistral's own SDK, new and old."""

from cellcost.analysis.families.table import Bills, Family, Kind, Method

__all__ = ["FAMILY"]

_CHAT = Bills(kind="chat")
_FIM = Bills(kind="completion", prompt=("prompt", "suffix"))
_EMBED = Bills(kind="embeddings", prompt=("inputs", "input"), cap=())
_OCR = Bills(kind="ocr", prompt=(), cap=())

_METHODS: dict[str, Method] = {
    "chat.complete": _CHAT,
    "chat.complete_async": _CHAT,
    "chat.parse": _CHAT,
    "chat.parse_async": _CHAT,
    "chat.parse_stream": _CHAT,
    "chat.stream": _CHAT,
    "chat.stream_async": _CHAT,
    "agents.complete": Bills(kind="chat", model=("agent_id",)),
    "classifiers.moderate": Bills(kind="moderation", prompt=("inputs",), cap=()),
    "conversations.start": Bills(kind="chat", prompt=("inputs",)),
    "conversations.start_async": Bills(kind="chat", prompt=("inputs",)),
    "embeddings.create": _EMBED,
    "embeddings.create_async": _EMBED,
    "fim.complete": _FIM,
    "fim.complete_async": _FIM,
    "fim.stream": _FIM,
    "fim.stream_async": _FIM,
    "ocr.process": _OCR,
    "ocr.process_async": _OCR,
    "audio.transcriptions.complete": Bills(kind="audio", prompt=(), cap=()),
    # mistralai < 1
    "chat": _CHAT,
    "chat_stream": _CHAT,
    "embeddings": _EMBED,
}

FAMILY = Family(
    name="mistral",
    roots=("mistralai", "mistralai.client", "mistralai_azure", "mistralai_gcp"),
    kinds=(
        Kind(name="mistral.client", provider="mistral", model=(), methods=_METHODS),
    ),
    makers={
        "Mistral": "mistral.client",
        "MistralAzure": "mistral.client",
        "MistralGoogleCloud": "mistral.client",
        "MistralClient": "mistral.client",
        "MistralAsyncClient": "mistral.client",
        "MistralGCP": "mistral.client",
    },
    providers={
        "MistralAzure": "azure",
        "MistralGoogleCloud": "google",
        "MistralGCP": "google",
    },
)
