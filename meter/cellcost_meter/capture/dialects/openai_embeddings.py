"""OpenAI embeddings: input only."""

from cellcost_meter.capture.dialects.foreign import (
    Object,
    as_object,
    short_text,
)
from cellcost_meter.capture.dialects.openai_usage import openai_usage, reported_cost
from cellcost_meter.capture.dialects.reading import Answer, Dialect

__all__ = ["EMBEDDINGS"]


def _read(document: Object) -> Answer:
    usage, doubt = openai_usage(document.get("usage"), output=False)
    error = document.get("error")
    kind = as_object(error).get("type")
    return Answer(
        usage=usage,
        doubt=doubt,
        model=short_text(document.get("model")),
        request_id=short_text(document.get("id")),
        error=(short_text(kind, 40) or "error") if error and usage is None else "",
        reported_usd=reported_cost(document.get("usage")),
    )


def _no_text(_document: Object) -> tuple[str, ...]:
    return ()


class _NoStream:
    """Embeddings are never streamed; a stream says nothing that we can read."""

    def feed(self, event: str, data: bytes) -> None:
        return

    def answer(self) -> Answer:
        return Answer(whole=False)

    def take_text(self) -> list[str]:
        return []


EMBEDDINGS = Dialect(
    operation="embeddings",
    suffixes=(b"/embeddings",),
    prompt_keys=("input",),
    cap_keys=(),
    read=_read,
    text=_no_text,
    stream=_NoStream,
)
