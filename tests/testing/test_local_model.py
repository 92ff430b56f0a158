"""The real small model that demo and journeys run on."""

import json
import os
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from cellcost.testing.local_model import (
    MODEL_NAME,
    LocalModel,
    LocalModelMissing,
    local_model,
)


@pytest.fixture(scope="module")
def model() -> Iterator[LocalModel]:
    try:
        with local_model() as running:
            yield running
    except LocalModelMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOT RUN: {error}")


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to `body`."""
    request = urllib.request.Request(
        url,
        json.dumps({"model": MODEL_NAME, **body}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def test_it_answers_openai_chat_with_usage(model: LocalModel) -> None:
    body = {"messages": [{"role": "user", "content": "Say hi"}], "max_tokens": 5}
    answer = post(f"{model.openai_url}/chat/completions", body)
    assert answer["model"] == MODEL_NAME
    assert 0 < answer["usage"]["completion_tokens"] <= 5


def test_it_answers_openai_responses_and_embeddings(model: LocalModel) -> None:
    body = {"input": "Say hi", "max_output_tokens": 5}
    assert post(f"{model.openai_url}/responses", body)["usage"]["output_tokens"] > 0
    answer = post(f"{model.openai_url}/embeddings", {"input": ["a", "b"]})
    assert len(answer["data"]) == 2


def test_it_answers_anthropic_messages_with_usage(model: LocalModel) -> None:
    body = {"messages": [{"role": "user", "content": "Say hi"}], "max_tokens": 5}
    answer = post(f"{model.address}/v1/messages", body)
    assert answer["usage"]["output_tokens"] > 0


def test_it_is_gone_when_its_block_ends() -> None:
    with local_model() as running:
        address = running.address
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{address}/health", timeout=5)
