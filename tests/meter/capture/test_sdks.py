"""The real SDKs, in every way they call, against the fake provider."""

import asyncio
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from cellcost.records import Event, tokens_of
from cellcost.testing.provider import FakeProvider, Reply

HELLO: Any = [{"role": "user", "content": "hello"}]
USED = Reply(input_tokens=100, output_tokens=20, cached_tokens=40, reasoning_tokens=5)


def sync_openai(provider: FakeProvider) -> openai.OpenAI:
    return openai.OpenAI(api_key="sk-canary", base_url=provider.url, max_retries=0)


def async_openai(provider: FakeProvider) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="sk-canary", base_url=provider.url, max_retries=0)


def sync_anthropic(provider: FakeProvider) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        api_key="sk-canary", base_url=provider.origin, max_retries=0
    )


def async_anthropic(provider: FakeProvider) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        api_key="sk-canary", base_url=provider.origin, max_retries=0
    )


def chat(provider: FakeProvider) -> None:
    with sync_openai(provider) as client:
        answer = client.chat.completions.create(model="gpt-5-mini", messages=HELLO)
    assert answer.choices[0].message.content == "Hello from the fake provider."


def chat_async(provider: FakeProvider) -> None:
    async def main() -> None:
        async with async_openai(provider) as client:
            await client.chat.completions.create(model="gpt-5-mini", messages=HELLO)

    asyncio.run(main())


def chat_stream(provider: FakeProvider) -> None:
    with (
        sync_openai(provider) as client,
        client.chat.completions.create(
            model="gpt-5-mini",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
        ) as stream,
    ):
        texts = [c.choices[0].delta.content for c in stream if c.choices]
    assert "".join(t or "" for t in texts) == "Hello from the fake provider."


def chat_stream_async(provider: FakeProvider) -> None:
    async def main() -> None:
        async with async_openai(provider) as client:
            stream = await client.chat.completions.create(
                model="gpt-5-mini",
                messages=HELLO,
                stream=True,
                stream_options={"include_usage": True},
            )
            assert len([chunk async for chunk in stream]) > 5

    asyncio.run(main())


def chat_raw(provider: FakeProvider) -> None:
    with sync_openai(provider) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="gpt-5-mini", messages=HELLO
        )
        assert raw.parse().usage is not None


def chat_streaming_response(provider: FakeProvider) -> None:
    with (
        sync_openai(provider) as client,
        client.chat.completions.with_streaming_response.create(
            model="gpt-5-mini", messages=HELLO
        ) as response,
    ):
        assert b"".join(response.iter_bytes()).startswith(b"{")


def responses(provider: FakeProvider) -> None:
    with sync_openai(provider) as client:
        answer = client.responses.create(model="gpt-5-mini", input="hello")
    assert answer.output_text == "Hello from the fake provider."


def responses_stream(provider: FakeProvider) -> None:
    with (
        sync_openai(provider) as client,
        client.responses.create(
            model="gpt-5-mini", input="hello", stream=True
        ) as stream,
    ):
        assert [event.type for event in stream][-1] == "response.completed"


def responses_stream_async(provider: FakeProvider) -> None:
    async def main() -> None:
        async with (
            async_openai(provider) as client,
            client.responses.stream(model="gpt-5-mini", input="hello") as stream,
        ):
            async for _ in stream:
                pass

    asyncio.run(main())


OPENAI_WAYS = [
    chat,
    chat_async,
    chat_stream,
    chat_stream_async,
    chat_raw,
    chat_streaming_response,
    responses,
    responses_stream,
    responses_stream_async,
]


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("way", OPENAI_WAYS)
def test_openai_calls_are_measured(
    meter: Any, provider: FakeProvider, way: Callable[[FakeProvider], None], gzip: bool
) -> None:
    provider.always(
        Reply(
            input_tokens=100,
            output_tokens=20,
            cached_tokens=40,
            reasoning_tokens=5,
            model="gpt-5-mini-2025-08-07",
            gzip=gzip,
        )
    )
    way(provider)
    event: Event = meter.event()
    assert event.confidence == "measured", event.note
    assert {line.meter: line.quantity for line in event.lines} == {
        "input": 60,
        "cache_read": 40,
        "output": 15,
        "reasoning": 5,
    }
    # gpt-5-mini: $0.25 in, $0.025 cached, $2 out (openai.com/api/pricing, 2025-08).
    assert sum(line.cost_nusd or 0 for line in event.lines) == (
        60 * 250 + 40 * 25 + 20 * 2000
    )
    call = event.call
    assert call is not None
    assert (call.provider, call.request_model) == ("openai", "gpt-5-mini")
    assert call.response_model == "gpt-5-mini-2025-08-07"
    assert (call.request_id, call.status) == ("req-fake", 200)
    assert call.service_tier == "default"
    assert meter.pending() == []


def test_embeddings_are_input_only(meter: Any, provider: FakeProvider) -> None:
    provider.script(Reply(input_tokens=7))
    with sync_openai(provider) as client:
        client.embeddings.create(
            model="text-embedding-3-small", input="hello", encoding_format="float"
        )
    event = meter.event()
    assert event.call.operation == "embeddings"
    assert [(line.meter, line.quantity) for line in event.lines] == [("input", 7)]


def message(provider: FakeProvider) -> None:
    with sync_anthropic(provider) as client:
        client.messages.create(model="claude-sonnet-4-6", max_tokens=64, messages=HELLO)


def message_async(provider: FakeProvider) -> None:
    async def main() -> None:
        async with async_anthropic(provider) as client:
            await client.messages.create(
                model="claude-sonnet-4-6", max_tokens=64, messages=HELLO
            )

    asyncio.run(main())


def message_stream(provider: FakeProvider) -> None:
    with (
        sync_anthropic(provider) as client,
        client.messages.stream(
            model="claude-sonnet-4-6", max_tokens=64, messages=HELLO
        ) as stream,
    ):
        assert "".join(stream.text_stream) == "Hello from the fake provider."


def message_stream_async(provider: FakeProvider) -> None:
    async def main() -> None:
        async with (
            async_anthropic(provider) as client,
            client.messages.stream(
                model="claude-sonnet-4-6", max_tokens=64, messages=HELLO
            ) as stream,
        ):
            await stream.get_final_message()

    asyncio.run(main())


@pytest.mark.parametrize(
    "way", [message, message_async, message_stream, message_stream_async]
)
def test_anthropic_calls_are_measured_with_their_cache(
    meter: Any, provider: FakeProvider, way: Callable[[FakeProvider], None]
) -> None:
    provider.always(
        Reply(
            input_tokens=100, cached_tokens=30, cache_write_tokens=20, output_tokens=9
        )
    )
    way(provider)
    event = meter.event()
    assert event.confidence == "measured"
    used = tokens_of(event.lines)
    assert (used.input, used.cache_read, used.cache_write, used.output) == (
        100,
        30,
        20,
        9,
    )
    assert event.call.provider == "anthropic"
    assert all(line.cost_nusd for line in event.lines)


def test_a_stream_without_usage_is_counted_and_says_so(
    meter: Any, provider: FakeProvider
) -> None:
    with (
        sync_openai(provider) as client,
        client.chat.completions.create(
            model="gpt-5-mini", messages=HELLO, stream=True
        ) as stream,
    ):
        assert all(chunk.usage is None for chunk in stream)
    event = meter.event()
    assert event.confidence == "estimated"
    assert event.note == "no usage in the answer: tokens counted"
    # o200k: "hello" 1 token + "user" 1 + 3 a message + 3 priming.
    assert tokens_of(event.lines).input == 8
    assert tokens_of(event.lines).output == 6


def test_usage_asked_for_is_exact_and_invisible(
    meter: Any, provider: FakeProvider
) -> None:
    meter.stream_usage = "ask"
    provider.script(USED)
    with (
        sync_openai(provider) as client,
        client.chat.completions.create(
            model="gpt-5-mini", messages=HELLO, stream=True
        ) as stream,
    ):
        chunks = list(stream)
        assert b"include_usage" not in stream.response.request.content
    assert all(chunk.choices for chunk in chunks)
    assert provider.received[0].body["stream_options"] == {"include_usage": True}
    event = meter.event()
    assert event.confidence == "measured"
    assert tokens_of(event.lines).input == 100


def test_each_retry_is_an_attempt_of_its_own(
    meter: Any, provider: FakeProvider
) -> None:
    quick = {"retry-after-ms": "1"}
    provider.script(
        Reply(status=429, headers=quick), Reply(status=500, headers=quick), USED
    )
    with openai.OpenAI(api_key="k", base_url=provider.url, max_retries=2) as client:
        client.chat.completions.create(model="gpt-5-mini", messages=HELLO)
    first, second, third = meter.events(3)
    assert [first.note, second.note, third.note] == ["HTTP 429", "HTTP 500", ""]
    assert (first.lines, second.lines) == ((), ())
    assert tokens_of(third.lines).output == 20
    assert [first.call.retry_of, second.call.retry_of, third.call.retry_of] == [
        "",
        first.id,
        second.id,
    ]
