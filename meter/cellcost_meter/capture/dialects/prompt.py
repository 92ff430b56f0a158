"""The text of a request that is paid as input, for counting where no usage comes."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from cellcost_meter.capture.dialects.foreign import as_list, is_object

__all__ = ["Prompt", "prompt_of"]

_NOT_TEXT = frozenset(
    {
        # Base64, addresses and identifiers: they are billed otherwise or not at all.
        "data", "url", "image_url", "file_data", "file_id", "file_url", "id", "type",
        "signature", "encrypted_content", "cache_control", "call_id", "tool_call_id",
        "tool_use_id", "status",
    }
)  # fmt: skip


class Prompt:
    """The texts, how many messages they came in, ids already tokenised, pictures."""

    __slots__ = ("media", "messages", "texts", "token_ids")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.messages = 0
        self.token_ids = 0
        self.media = 0


def prompt_of(request: Mapping[str, Any], keys: tuple[str, ...]) -> Prompt:
    """Return what stands under `keys` of a request body."""
    prompt = Prompt()
    for key in keys:
        value: object = request.get(key)
        if key in ("messages", "input"):
            prompt.messages += sum(1 for item in as_list(value) if is_object(item))
        for text in _strings(value, prompt):
            prompt.texts.append(text)
    return prompt


def _strings(root: object, prompt: Prompt) -> Iterator[str]:
    # A loop, not recursion: the nesting of a request is the user's, not ours to bound.
    waiting: list[object] = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting.extend(reversed(as_list(cast(object, value))))
        elif is_object(value):
            if value.get("type") in _MEDIA:
                prompt.media += 1
            for name, inner in reversed(value.items()):
                if name not in _NOT_TEXT:
                    waiting.append(inner)
        elif isinstance(value, int) and not isinstance(value, bool):
            prompt.token_ids += 1


_MEDIA = frozenset(
    {
        "image",
        "image_url",
        "input_image",
        "input_audio",
        "input_file",
        "file",
        "document",
    }
)
