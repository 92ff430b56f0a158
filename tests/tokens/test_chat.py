"""A chat request's input tokens: its texts and OpenAI's overhead."""

from typing import Any

import pytest

from cellcost.tokens import chat_tokens

# OpenAI's cookbook ("How to count tokens with tiktoken") checks these very messages
# against the API: 129 tokens on gpt-4 (cl100k), 124 on gpt-4o (o200k).
COOKBOOK: list[dict[str, Any]] = [
    {
        "role": "system",
        "content": "You are a helpful, pattern-following assistant that translates"
        " corporate jargon into plain English.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "New synergies will help drive top-line growth.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Things working well together will increase revenue.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base on"
        " opportunities for increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    {
        "role": "user",
        "content": "This late pivot means we don't have time to boil the ocean for the"
        " client deliverable.",
    },
]

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {
                    "type": "string",
                    "description": "The city and state, e.g. San Francisco, CA",
                },
                "unit": {
                    "type": "string",
                    "description": "The unit of temperature to return",
                    "enum": ["celsius", "fahrenheit"],
                },
            },
            "required": ["location"],
        },
    },
}
ASKED = [
    {
        "role": "system",
        "content": "You are a helpful assistant that can answer to questions about the"
        " weather.",
    },
    {"role": "user", "content": "What's the weather like in San Francisco?"},
]


@pytest.mark.parametrize(("model", "expected"), [("gpt-4", 129), ("gpt-4o", 124)])
def test_messages_count_as_the_api_counted_them(model: str, expected: int) -> None:
    assert chat_tokens(COOKBOOK, model) == expected


@pytest.mark.parametrize(("model", "expected"), [("gpt-4", 105), ("gpt-4o", 101)])
def test_tools_count_as_the_api_counted_them(model: str, expected: int) -> None:
    assert chat_tokens(ASKED, model, tools=[WEATHER]) == expected


def test_parts_count_their_texts_and_leave_images_out() -> None:
    plain = chat_tokens([{"role": "user", "content": "hello world"}])
    parts = chat_tokens(
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "hello world"},
                    {"type": "image_url", "image_url": {"url": "data:" + "A" * 9_000}},
                ],
            }
        ]
    )
    assert plain == parts


@pytest.mark.parametrize(
    "message",
    [{}, {"role": None}, {"content": 7}, {"content": [None, 3, {"x": [{}]}]}],
)
def test_an_odd_message_does_not_raise(message: dict[str, Any]) -> None:
    assert chat_tokens([message]) is not None
    assert chat_tokens([], tools=[{}, {"function": 3}, {"parameters": []}]) is not None
