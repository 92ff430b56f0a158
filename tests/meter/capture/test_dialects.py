"""Each wire format's own peculiarities, as FACTS and the vendors tell them."""

import json
from typing import Any

import pytest

from cellcost.records import Usage
from cellcost_meter.capture.dialects import dialect_of
from cellcost_meter.capture.dialects.anthropic_messages import MESSAGES
from cellcost_meter.capture.dialects.asked import read_request
from cellcost_meter.capture.dialects.openai_chat import CHAT
from cellcost_meter.capture.dialects.openai_responses import RESPONSES
from cellcost_meter.capture.headers import read_headers


def chat_usage(**usage: Any) -> Usage | None:
    return CHAT.read({"choices": [], "usage": usage}).usage


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        (b"/v1/chat/completions", "chat"),
        (b"/openai/deployments/d/chat/completions?api-version=1", "chat"),
        (b"/v1/responses", "responses"),
        (b"/v1/embeddings/", "embeddings"),
        (b"/v1/messages?beta=true", "messages"),
        (b"/v1/completions", "text_completion"),
        (b"/v1/messages/batches", None),
        (b"/v1/messages/count_tokens", None),
        (b"/messages", None),
        (b"/v1/responses/resp_1/cancel", None),
        (b"/completions", None),
        (b"/", None),
        (b"", None),
    ],
)
def test_the_path_tells_the_dialect(path: bytes, operation: str | None) -> None:
    dialect = dialect_of(path)
    assert (dialect.operation if dialect else None) == operation


def test_reasoning_outside_the_completion_is_added() -> None:
    """xAI, and Gemini's OpenAI face: only the total tells."""
    used = chat_usage(
        prompt_tokens=10,
        completion_tokens=5,
        total_tokens=35,
        completion_tokens_details={"reasoning_tokens": 20},
    )
    assert used == Usage(input_tokens=10, output_tokens=25, reasoning_tokens=20)


def test_deepseek_names_its_cache_hits_otherwise() -> None:
    used = chat_usage(
        prompt_tokens=10,
        completion_tokens=5,
        prompt_cache_hit_tokens=8,
        prompt_cache_miss_tokens=2,
    )
    assert used is not None
    assert used.cache_read_tokens == 8


def test_audio_is_part_of_both_sides() -> None:
    used = chat_usage(
        prompt_tokens=10,
        completion_tokens=5,
        prompt_tokens_details={"audio_tokens": 4, "cached_tokens": 0},
        completion_tokens_details={"audio_tokens": 3, "reasoning_tokens": 0},
    )
    assert used is not None
    assert (used.input_audio_tokens, used.output_audio_tokens) == (4, 3)


def test_the_last_of_a_growing_usage_counts() -> None:
    reader = CHAT.stream()
    for output in (1, 2, 3):
        chunk = {
            "choices": [{"delta": {"content": "x"}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": output},
        }
        reader.feed("", json.dumps(chunk).encode())
    assert reader.answer().usage == Usage(input_tokens=9, output_tokens=3)
    assert not reader.answer().whole


def test_two_message_deltas_are_cumulative() -> None:
    reader = MESSAGES.stream()
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 3,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 1,
            "ephemeral_1h_input_tokens": 2,
        },
        "output_tokens": 1,
        "service_tier": "batch",
    }
    start = {"type": "message_start", "message": {"model": "m", "usage": usage}}
    reader.feed("message_start", json.dumps(start).encode())
    for output in (150, 200):
        delta = {"type": "message_delta", "usage": {"output_tokens": output}}
        reader.feed("message_delta", json.dumps(delta).encode())
    assert not reader.answer().whole
    reader.feed("message_stop", b'{"type": "message_stop"}')
    answer = reader.answer()
    assert answer.usage == Usage(
        input_tokens=18,
        output_tokens=200,
        cache_read_tokens=5,
        cache_write_tokens=3,
        cache_write_1h_tokens=2,
    )
    assert (answer.service_tier, answer.whole) == ("batch", True)


def test_billed_tool_calls_are_kept_as_units() -> None:
    searched = MESSAGES.read({
        "usage": {
            "input_tokens": 1,
            "output_tokens": 1,
            "server_tool_use": {"web_search_requests": 2},
        }
    })  # fmt: skip
    assert searched.usage is not None
    assert searched.usage.other == {"web_search": 2}
    responded = RESPONSES.read({
        "output": [{"type": "web_search_call"}, {"type": "message"}],
        "usage": {"input_tokens": 1, "output_tokens": 1},
    })  # fmt: skip
    assert responded.usage is not None
    assert responded.usage.other == {"web_search": 1}


def test_a_background_response_is_not_whole_yet() -> None:
    assert not RESPONSES.read({"status": "queued", "usage": None}).whole


@pytest.mark.parametrize(
    ("body", "model", "cap"),
    [
        (b'{"model":"m","messages":[],"max_tokens":9}', "m", 9),
        (b'{"model":"m","messages":[],"max_completion_tokens":9,"n":3}', "m", 27),
        (b'{"model":"m","messages":[],"max_tokens":true}', "m", None),
        (b'{"model":7,"messages":[]}', "", None),
        (b'{"model":"a\\nb","messages":[]}', "", None),
        (b"not json", "", None),
        (b"[]", "", None),
    ],
)
def test_a_request_is_read_without_trust(
    body: bytes, model: str, cap: int | None
) -> None:
    asked = read_request(CHAT, body)
    assert (asked.model, asked.output_cap) == (model, cap)


def test_a_large_request_is_the_same_read_from_its_edges() -> None:
    pad = 'say "model": \'x\', "stream": true ' * 1000
    body = {"messages": [{"content": pad}], "model": "m", "stream": True, "n": 2}
    small = {**body, "messages": []}
    large = read_request(CHAT, json.dumps(body).encode())
    assert large == read_request(CHAT, json.dumps(small).encode())


def test_headers_tell_ids_and_accounts_and_nothing_else() -> None:
    said = read_headers(
        [
            (b"X-Request-Id", b"req_1"),
            (b"OpenAI-Organization", b"org-1"),
            (b"OpenAI-Project", b"proj_2"),
            (b"Set-Cookie", b"secret"),
            (b"Content-Type", b"application/json"),
        ]
    )
    assert said == ("req_1", "org-1/proj_2", "", "application/json", "")


@pytest.mark.parametrize(
    ("cost", "confidence", "sum_nusd"),
    [("0.000123", "provider_reported", 123_000), ("nan", "measured", None)],
)
def test_a_gateways_own_cost_counts_if_it_can_be_one(
    meter: Any, provider: Any, cost: str, confidence: str, sum_nusd: int | None
) -> None:
    import httpx2

    from cellcost.testing.provider import Reply

    provider.script(Reply(headers={"x-litellm-response-cost": cost}))
    body = {"model": "my-alias", "messages": []}
    httpx2.post(f"http://localhost:{provider.port}/v1/chat/completions", json=body)
    event = meter.event()
    assert event.confidence == confidence
    costs = [line.cost_nusd for line in event.lines if line.cost_nusd is not None]
    assert (sum(costs) if costs else None) == sum_nusd
    # The token lines still partition the usage.
    assert (
        sum(line.quantity for line in event.lines if line.meter in ("input", "output"))
        == 110
    )
