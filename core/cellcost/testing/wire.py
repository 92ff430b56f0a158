"""The wire formats of the providers that `FakeProvider` plays, as plain functions.

Held to recorded real answers by `tests/testing/test_wire.py`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Spoken", "whole_answer", "written_events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What one answer says, in every format."""

    path: str
    model: str
    words: tuple[str, ...]
    """The text, word by word: one event each when streamed."""
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    service_tier: str = "default"
    usage: bool = True
    """Whether the answer tells its usage."""
    request_id: str = "fake-1"

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.words)


def whole_answer(spoken: Spoken) -> dict[str, Any]:
    """Return the JSON of an answer that is not streamed."""
    if spoken.path.endswith("/messages"):
        return _message(spoken)
    if spoken.path.endswith("/embeddings"):
        return _embeddings(spoken)
    if spoken.path.endswith("/responses"):
        return _response(spoken, "completed")
    if spoken.path.endswith("/chat/completions"):
        return _chat(spoken)
    return _completion(spoken)


def written_events(spoken: Spoken, *, usage_asked: bool) -> Iterator[bytes]:
    """Yield the server-sent events of a streamed answer, one by one."""
    if spoken.path.endswith("/messages"):
        return _message_events(spoken)
    if spoken.path.endswith("/responses"):
        return _response_events(spoken)
    return _chat_events(spoken, usage_asked=usage_asked)


def _chat(spoken: Spoken) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": f"chatcmpl-{spoken.request_id}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": spoken.model,
        "service_tier": spoken.service_tier,
        "system_fingerprint": None,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": spoken.text,
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
    }
    if spoken.usage:
        answer["usage"] = _chat_usage(spoken)
    return answer


def _completion(spoken: Spoken) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": f"cmpl-{spoken.request_id}",
        "object": "text_completion",
        "created": 1_700_000_000,
        "model": spoken.model,
        "choices": [
            {
                "index": 0,
                "text": spoken.text,
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
    }
    if spoken.usage:
        answer["usage"] = _chat_usage(spoken)
    return answer


def _chat_usage(spoken: Spoken) -> dict[str, Any]:
    return {
        "prompt_tokens": spoken.input_tokens,
        "completion_tokens": spoken.output_tokens,
        "total_tokens": spoken.input_tokens + spoken.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": spoken.cached_tokens,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": spoken.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _chat_events(spoken: Spoken, *, usage_asked: bool) -> Iterator[bytes]:
    def chunk(choices: list[Any], usage: Mapping[str, Any] | None) -> bytes:
        document: dict[str, Any] = {
            "id": f"chatcmpl-{spoken.request_id}",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": spoken.model,
            "service_tier": spoken.service_tier,
            "choices": choices,
        }
        if usage_asked:
            document["usage"] = usage
        return _event(document)

    def choice(delta: Mapping[str, Any], finish: str | None = None) -> list[Any]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]

    yield chunk(choice({"role": "assistant", "content": ""}), None)
    for word in spoken.words:
        yield chunk(choice({"content": word}), None)
    yield chunk(choice({}, "stop"), None)
    if usage_asked and spoken.usage:
        yield chunk([], _chat_usage(spoken))
    yield b"data: [DONE]\n\n"


def _embeddings(spoken: Spoken) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125]}],
        "model": spoken.model,
    }
    if spoken.usage:
        total = spoken.input_tokens
        answer["usage"] = {"prompt_tokens": total, "total_tokens": total}
    return answer


def _response(spoken: Spoken, status: str) -> dict[str, Any]:
    done = status == "completed"
    usage = {
        "input_tokens": spoken.input_tokens,
        "input_tokens_details": {
            "cached_tokens": spoken.cached_tokens,
            "cache_write_tokens": spoken.cache_write_tokens,
        },
        "output_tokens": spoken.output_tokens,
        "output_tokens_details": {"reasoning_tokens": spoken.reasoning_tokens},
        "total_tokens": spoken.input_tokens + spoken.output_tokens,
    }
    return {
        "id": f"resp_{spoken.request_id}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": spoken.model,
        "output": [_response_item(spoken)] if done else [],
        "parallel_tool_calls": True,
        "service_tier": spoken.service_tier,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "metadata": {},
        "usage": usage if done and spoken.usage else None,
    }


def _response_item(spoken: Spoken) -> dict[str, Any]:
    return {
        "type": "message",
        "id": f"msg_{spoken.request_id}",
        "status": "completed",
        "role": "assistant",
        "content": [
            {
                "type": "output_text",
                "text": spoken.text,
                "annotations": [],
                "logprobs": [],
            }
        ],
    }


def _response_events(spoken: Spoken) -> Iterator[bytes]:
    number = 0

    def event(kind: str, **rest: Any) -> bytes:
        nonlocal number
        document = {"type": kind, "sequence_number": number, **rest}
        number += 1
        return _event(document, kind)

    place = {
        "item_id": f"msg_{spoken.request_id}",
        "output_index": 0,
        "content_index": 0,
    }
    yield event("response.created", response=_response(spoken, "in_progress"))
    yield event(
        "response.output_item.added",
        output_index=0,
        item={**_response_item(spoken), "content": [], "status": "in_progress"},
    )
    yield event(
        "response.content_part.added",
        **place,
        part={"type": "output_text", "text": "", "annotations": []},
    )
    for word in spoken.words:
        yield event("response.output_text.delta", **place, delta=word, logprobs=[])
    yield event("response.output_text.done", **place, text=spoken.text, logprobs=[])
    yield event("response.completed", response=_response(spoken, "completed"))


def _message(spoken: Spoken) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": f"msg_{spoken.request_id}",
        "type": "message",
        "role": "assistant",
        "model": spoken.model,
        "content": [{"type": "text", "text": spoken.text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
    }
    if spoken.usage:
        answer["usage"] = _message_usage(spoken, spoken.output_tokens)
    return answer


def _message_usage(spoken: Spoken, output: int) -> dict[str, Any]:
    # Anthropic's input_tokens leaves out what the cache gave and took.
    fresh = spoken.input_tokens - spoken.cached_tokens - spoken.cache_write_tokens
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": spoken.cache_write_tokens,
        "cache_read_input_tokens": spoken.cached_tokens,
        "output_tokens": output,
        "service_tier": "standard",
    }


def _message_events(spoken: Spoken) -> Iterator[bytes]:
    start: dict[str, Any] = {
        **_message(spoken),
        "content": [],
        "stop_reason": None,
        "usage": _message_usage(spoken, 1),
    }
    yield _event({"type": "message_start", "message": start}, "message_start")
    yield _event(
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        "content_block_start",
    )
    yield _event({"type": "ping"}, "ping")
    for word in spoken.words:
        yield _event(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": word},
            },
            "content_block_delta",
        )
    yield _event({"type": "content_block_stop", "index": 0}, "content_block_stop")
    yield _event(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": spoken.output_tokens},
        },
        "message_delta",
    )
    yield _event({"type": "message_stop"}, "message_stop")


def _event(document: Mapping[str, Any], name: str = "") -> bytes:
    data = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + data + b"\n\n"
