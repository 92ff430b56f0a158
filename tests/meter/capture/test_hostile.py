"""Answers that no provider should give: the user gets them as they are, we label."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest

from cellcost.records import tokens_of
from cellcost.testing.provider import FakeProvider, Reply

BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hello"}]}
URLS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
    "messages": "/v1/messages",
}
MODELS: list[Any] = [
    "lone \ud800 surrogate",
    "nul \x00 inside",
    "m" * 100_000,
    "ünïcode 模型 \U0001f4b8",
    "",
    ["gpt-5"],
    {"a": 1},
    7,
    None,
    True,
]
NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "true",
    "9" * 30,
    "9" * 400,
    "9" * 5000,
    "-1",
    "-0.5",
    "0.5",
    '"12"',
    "[]",
    "{}",
    "9223372036854775808",
]


def answer(usage: str, model: str = '"gpt-5-mini"') -> bytes:
    """Return an answer that fits every dialect, with this text as its counts."""
    names = (
        "prompt_tokens completion_tokens total_tokens input_tokens output_tokens"
        " cache_read_input_tokens cache_creation_input_tokens"
    )
    counts = ",".join(f'"{name}":{usage}' for name in names.split())
    return (
        f'{{"id":"x","model":{model},"choices":[{{"message":{{"content":"hi"}}}}],'
        f'"content":[{{"type":"text","text":"hi"}}],"usage":{{{counts}}}}}'
    ).encode()


PATHS = pytest.mark.parametrize("path", URLS.values(), ids=URLS)
STREAMED = pytest.mark.parametrize("streamed", [False, True])


@STREAMED
@PATHS
def test_absurd_numbers_reach_the_user_and_are_labelled(
    meter: Any, client: Any, provider: FakeProvider, path: str, streamed: bool
) -> None:
    for number in NUMBERS:
        body = answer(number)
        if streamed:
            body = b"event: message_start\ndata: " + body + b"\n\ndata: [DONE]\n\n"
        assert exchanged(client, provider, path, body, streamed=streamed) == body
    for number, event in zip(NUMBERS, meter.events(len(NUMBERS)), strict=True):
        assert event.confidence != "measured", number[:20]
        assert event.note, number[:20]
        assert event.lines
        tokens = tokens_of(event.lines)
        assert 0 <= tokens.input < 1_000
        assert 0 <= tokens.output < 1_000


@pytest.mark.parametrize("http", [httpx, httpx2])
def test_absurd_names_of_models_reach_the_journal(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    with http.Client() as client:
        for model in MODELS:
            body = answer("5", json.dumps(model))
            provider.script(Reply(body=body))
            content = json.dumps({**BODY, "model": model}).encode()
            got = client.post(provider.url + "/chat/completions", content=content)
            assert got.content == body
    for event in meter.events(len(MODELS)):
        assert event.lines
        assert len(event.call.response_model) <= 1_000
        assert len(event.call.request_model) <= 1_000
    assert meter.writer.health.state == "ok"


NESTED = b"[" * 100_000
HOSTILE = {
    "nested": NESTED,
    "nested usage": b'{"model":"x","usage":' + NESTED,
    "nested in data": b'data: {"choices":' + NESTED + b"\n\n",
    "no line end": b"data: " + b"x" * 200_000,
    "only colons": b":" * 10_000 + b"\n\n",
    "bom": b"\xef\xbb\xbf" + answer("5"),
    "utf-16": answer("5").decode().encode("utf-16"),
    "huge digits": answer("9" * 200_000),
}


@STREAMED
@PATHS
def test_hostile_bodies_reach_the_user_and_are_labelled(
    meter: Any, client: Any, provider: FakeProvider, path: str, streamed: bool
) -> None:
    for body in HOSTILE.values():
        assert exchanged(client, provider, path, body, streamed=streamed) == body
    for name, event in zip(HOSTILE, meter.events(len(HOSTILE)), strict=True):
        assert event.lines, name
        assert event.note or event.confidence == "measured", name
    assert meter.stacks.get("httpx2", "hooked") == "hooked"


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client() as opened:
        yield opened


def exchanged(
    client: httpx2.Client,
    provider: FakeProvider,
    path: str,
    body: bytes,
    *,
    streamed: bool,
) -> bytes:
    """Return what a user reads of an answer whose body is this."""
    kind = "text/event-stream" if streamed else "application/json"
    provider.script(Reply(body=body, content_type=kind))
    asked = {**BODY, "stream": streamed}
    with client.stream("POST", provider.origin + path, json=asked) as response:
        return response.read()
