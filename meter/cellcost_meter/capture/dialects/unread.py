"""Endpoints that bill in a format we do not read yet: their calls are kept, unpriced.

Silence would say that nothing was spent. A row goes when its dialect is written.
"""

from cellcost_meter.capture.dialects.foreign import Object
from cellcost_meter.capture.dialects.reading import Answer, Dialect

__all__ = ["UNREAD"]

_SUFFIXES: dict[str, tuple[bytes, ...]] = {
    "images": (b"/images/generations", b"/images/edits", b"/images/variations"),
    "audio": (b"/audio/speech", b"/audio/transcriptions", b"/audio/translations"),
    "generate_content": (b":generateContent", b":streamGenerateContent"),
    "embed_content": (b":embedContent", b":batchEmbedContents"),
    "predict": (b":predict", b":rawPredict", b":streamRawPredict"),
    "fim": (b"/fim/completions",),
    "cohere": (b"/v2/chat", b"/v2/embed", b"/v2/rerank", b"/v1/rerank"),
    "ollama": (b"/api/chat", b"/api/generate", b"/api/embed"),
    "bedrock": (b"/converse", b"/converse-stream", b"/invoke"),
}


def _nothing(_document: Object) -> Answer:
    return Answer()


def _no_text(_document: Object) -> tuple[str, ...]:
    return ()


class _NoStream:
    def feed(self, event: str, data: bytes) -> None:
        return

    def answer(self) -> Answer:
        return Answer()

    def take_text(self) -> list[str]:
        return []


UNREAD: tuple[Dialect, ...] = tuple(
    Dialect(
        operation=operation,
        suffixes=suffixes,
        prompt_keys=(),
        cap_keys=(),
        read=_nothing,
        text=_no_text,
        stream=_NoStream,
        unread=f"cellcost does not read {operation.replace('_', ' ')} answers yet",
    )
    for operation, suffixes in _SUFFIXES.items()
)
"""Never at an unknown host: such paths are common (`/invoke`, `/api/chat`)."""
