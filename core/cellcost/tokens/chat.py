"""How many input tokens a chat request has: its texts and OpenAI's overhead."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard, cast

from cellcost.tokens.counting import count
from cellcost.tokens.vocabularies import vocabulary_of

__all__ = ["chat_tokens"]

# OpenAI cookbook, "How to count tokens with tiktoken" (2026-11).
_MESSAGE = 3
_NAME = 1
_PRIMING = 3
_TOOLS_END = 12
_PROPERTIES = 3
_PROPERTY = 3
_ENUM = -3
_ENUM_ITEM = 3


def chat_tokens(
    messages: Iterable[Mapping[str, Any]],
    model: str = "",
    *,
    tools: Iterable[Mapping[str, Any]] = (),
) -> int | None:
    """Return the input tokens of chat messages (plain dicts); None if uncountable.

    Texts and OpenAI's overhead a message, name and tool; images and audio are left out
    (the answer's usage has them). Never raises on odd messages.
    """
    if count("", model) is None:
        return None
    total = _PRIMING
    for message in messages:
        total += _MESSAGE
        for key, value in message.items():
            total += _texts(value, model)
            if key == "name" and value:
                total += _NAME
    return total + _tools(tools, model)


def _texts(value: Any, model: str) -> int:
    """Return the tokens of a message's value: a text, or parts and calls with texts."""
    if isinstance(value, str):
        return count(value, model) or 0
    if isinstance(value, Mapping):
        part = cast(Mapping[str, Any], value)
        if part.get("type") in _MEDIA:
            return 0
        return sum(
            _texts(item, model)
            for key, item in part.items()
            if key not in ("type", "id")
        )
    if isinstance(value, list | tuple):
        return sum(_texts(item, model) for item in cast(list[Any], value))
    return 0


_MEDIA = frozenset({"image_url", "input_image", "input_audio", "image", "file"})


def _tools(tools: Iterable[Mapping[str, Any]], model: str) -> int:
    start = 7 if vocabulary_of(model).name == "o200k_base" else 10
    total, some = 0, False
    for tool in tools:
        function = _mapping(tool.get("function")) or tool
        some = True
        described = f"{_text(function, 'name')}:{_text(function, 'description')}"
        total += start + (count(described.rstrip("."), model) or 0)
        properties = _mapping(_mapping(function.get("parameters")).get("properties"))
        if properties:
            total += _PROPERTIES
        for name, value in properties.items():
            schema = _mapping(value)
            total += _PROPERTY
            options = schema.get("enum")
            if _is_list(options):
                total += _ENUM
                for option in options:
                    said = option if isinstance(option, str) else json.dumps(option)
                    total += _ENUM_ITEM + (count(said, model) or 0)
            line = f"{name}:{_text(schema, 'type')}:{_text(schema, 'description')}"
            total += count(line.rstrip("."), model) or 0
    return total + (_TOOLS_END if some else 0)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
