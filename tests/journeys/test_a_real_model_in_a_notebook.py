"""A cell asks a real model through the real SDKs: its own words are the figures."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from cellcost.testing.local_model import (
    MODEL_NAME,
    LocalModel,
    LocalModelMissing,
    local_model,
)

INPUT_NUSD, CACHED_NUSD, OUTPUT_NUSD = 250, 25, 2000
RATES = "rates = { input = 0.25, cache_read = 0.025, output = 2 }"


@pytest.fixture(scope="module")
def model() -> Iterator[LocalModel]:
    try:
        with local_model() as running:
            yield running
    except LocalModelMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOT RUN: {error}")


@pytest.fixture(scope="module")
def real_desk(start_desk: Any, model: LocalModel) -> Iterator[Any]:
    with start_desk(f'[[endpoints]]\nurl = "{model.address}"\n{RATES}\n') as desk:
        yield desk


def sources(model: LocalModel) -> dict[str, str]:
    """Return the cells by their id; each prints its answer's own usage."""
    asked = (
        f"model={MODEL_NAME!r}, max_tokens=8,"
        " messages=[{'role': 'user', 'content': 'Name a colour.'}]"
    )
    return {
        "setup": (
            "import json, anthropic, openai\n"
            f"client = openai.OpenAI(base_url={model.openai_url!r}, api_key='none')\n"
            "claude = anthropic.Anthropic("
            f"base_url={model.address!r}, api_key='none')\n"
            "def tell(usage):\n"
            "    print(json.dumps(usage.model_dump()))"
        ),
        "chat": f"tell(client.chat.completions.create({asked}).usage)",
        "stream": (
            f"for part in client.chat.completions.create({asked}, stream=True,\n"
            "        stream_options={'include_usage': True}):\n"
            "    if part.usage: tell(part.usage)"
        ),
        "embeddings": (
            "tell(client.embeddings.create("
            f"model={MODEL_NAME!r}, input=['red', 'green and blue']).usage)"
        ),
        "messages": f"tell(claude.messages.create({asked}).usage)",
        "messages-stream": (
            f"with claude.messages.stream({asked}) as stream:\n"
            "    tell(stream.get_final_message().usage)"
        ),
    }


def used(usage: dict[str, Any]) -> tuple[int, int, int]:
    """Return (input with cache, of it cached, output) of what an answer said."""
    if "input_tokens" in usage:  # Anthropic's leaves the cache out
        cached = usage.get("cache_read_input_tokens") or 0
        return usage["input_tokens"] + cached, cached, usage["output_tokens"]
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or 0
    return usage["prompt_tokens"], cached, usage.get("completion_tokens", 0)


def test_every_call_of_a_real_model_is_counted_as_its_own_answer_said(
    real_desk: Any, model: LocalModel
) -> None:
    real_desk.write("real.ipynb")
    notebook = real_desk.open("real.ipynb")
    said: dict[str, tuple[int, int, int]] = {}
    for cell, source in sources(model).items():
        printed = notebook.run(source, cell=cell)
        if cell != "setup":
            (usage,) = printed
            said[cell] = used(usage)
    assert all(given > 0 for given, _, _ in said.values())
    costs = {
        cell: (given - cached) * INPUT_NUSD + cached * CACHED_NUSD + out * OUTPUT_NUSD
        for cell, (given, cached, out) in said.items()
    }

    shown = real_desk.notebook("real.ipynb", lambda n: n["total"]["calls"] == 5)

    assert {cell["cell_id"]: int(cell["cost_nusd"]) for cell in shown["cells"]} == costs
    for cell in shown["cells"]:
        tokens = cell["tokens"]
        found = (tokens["input"], tokens["cache_read"], tokens["output"])
        assert found == said[cell["cell_id"]]
        assert cell["state"] == "measured"
        assert [m["model"] for m in cell["models"]] == [MODEL_NAME]
    assert int(shown["total"]["cost_nusd"]) == sum(costs.values())
    assert shown["total"]["state"] == "measured"
    real_desk.notebook("real.ipynb", lambda n: n["meter"]["state"] == "metered")
    rows = real_desk.report("cell")
    assert {
        key.partition("#")[2]: int(row["cost_nusd"]) for key, row in rows.items()
    } == costs
