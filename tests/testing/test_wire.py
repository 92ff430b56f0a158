"""The fake provider is held to answers of a real server and to the vendors' types."""

import json
from pathlib import Path
from typing import Any

import anthropic.types
import openai.types
import openai.types.chat
import openai.types.responses
import pytest
from pydantic import BaseModel

import cellcost.testing
from cellcost.testing.wire import Spoken, whole_answer, written_events
from cellcost_meter.capture.dialects import dialect_of
from cellcost_meter.capture.dialects.foreign import as_object
from cellcost_meter.capture.sse import SseParser

RECORDED = sorted(Path(cellcost.testing.__file__).with_name("recorded").glob("*.json"))
OF_LLAMA = {"timings", "system_fingerprint", "completed_at", "generated_text"}
"""Fields that only llama.cpp has."""

TYPES: dict[str, type[BaseModel]] = {
    "/v1/chat/completions": openai.types.chat.ChatCompletion,
    "/v1/completions": openai.types.Completion,
    "/v1/responses": openai.types.responses.Response,
    "/v1/embeddings": openai.types.CreateEmbeddingResponse,
    "/v1/messages": anthropic.types.Message,
}


def spoken(path: str) -> Spoken:
    return Spoken(
        path=path,
        model="m",
        words=("a", " b"),
        input_tokens=30,
        output_tokens=6,
        cached_tokens=4,
    )


def recorded(file: Path) -> dict[str, Any]:
    return as_object(json.loads(file.read_text()))


def events(wire: bytes) -> list[tuple[str, bytes]]:
    parser = SseParser()
    return [*parser.feed(wire), *parser.flush()]


def kinds(wire: bytes) -> list[str]:
    """Return the kinds of the events in order, repetitions and pings left out."""
    found: list[str] = []
    for name, data in events(wire):
        kind = name or ("[DONE]" if data == b"[DONE]" else "chunk")
        if kind != "ping" and kind not in found:
            found.append(kind)
    return found


def assert_shape(real: Any, fake: Any, where: str) -> None:
    """Assert that whatever `real` says, `fake` says with the same kind of value."""
    if isinstance(real, dict):
        for key, value in real.items():
            if key not in OF_LLAMA and value is not None:
                assert key in fake, f"{where}.{key}"
                assert_shape(value, fake[key], f"{where}.{key}")
    elif isinstance(real, list):
        if real:
            assert_shape(real[0], fake[0], f"{where}[0]")
    else:
        assert type(real) is type(fake), where


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_the_fake_says_all_that_a_real_server_says(file: Path) -> None:
    real = recorded(file)
    path, answer = real["path"], real["answer"]
    if isinstance(answer, str):
        wire = b"".join(written_events(spoken(path), usage_asked=True))
        missing = set(kinds(answer.encode())) - set(kinds(wire))
        # llama.cpp tells the end of an item and a part too; the SDKs need neither.
        assert missing <= {
            "response.in_progress",
            "response.content_part.done",
            "response.output_item.done",
        }
        assert kinds(answer.encode())[0] == kinds(wire)[0]
        assert kinds(answer.encode())[-1] == kinds(wire)[-1]
    else:
        assert_shape(answer, whole_answer(spoken(path)), file.stem)


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_a_real_answer_is_read_whole(file: Path) -> None:
    real = recorded(file)
    dialect = dialect_of(real["path"].encode())
    assert dialect is not None
    if isinstance(real["answer"], str):
        reader = dialect.stream()
        for name, data in events(real["answer"].encode()):
            reader.feed(name, data)
        answer = reader.answer()
        assert "".join(reader.take_text())
    else:
        answer = dialect.read(real["answer"])
    assert answer.doubt == ""
    assert answer.whole
    assert answer.usage is not None
    embedded = real["path"].endswith("embeddings")
    assert answer.usage.input_tokens == (1 if embedded else 33)
    assert answer.usage.output_tokens == (0 if embedded else 6)


def extra_fields(value: Any, where: str = "") -> list[str]:
    if isinstance(value, BaseModel):
        found = [f"{where}.{name}" for name in value.model_extra or {}]
        for name in type(value).model_fields:
            found += extra_fields(getattr(value, name), f"{where}.{name}")
        return found
    if isinstance(value, list):
        return [name for item in value for name in extra_fields(item, where)]
    return []


@pytest.mark.parametrize("path", TYPES)
def test_the_fakes_answers_are_of_the_vendors_types(path: str) -> None:
    answer = TYPES[path].model_validate(whole_answer(spoken(path)))
    assert extra_fields(answer) == []
