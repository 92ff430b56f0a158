"""A call whose price cannot be looked up is kept, unpriced, with the reason."""

from typing import Any

import httpx2
import pytest

from cellcost.records import known_cost, tokens_of
from cellcost.testing.provider import FakeProvider, Reply

BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hello"}]}


def test_a_clock_that_is_no_time_leaves_calls_unpriced_and_says_so(
    meter: Any, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLCOST_NOW", "tomorrow")
    for _ in range(6):
        httpx2.post(f"{provider.url}/chat/completions", json=BODY)
    events = meter.events(6)
    for event in events:
        assert known_cost(event.lines) is None
        assert tokens_of(event.lines).output == 10
        assert "CELLCOST_NOW='tomorrow' is not a time" in event.lines[0].reason
    assert meter.stacks == {}  # nothing was switched off


def test_a_stream_under_such_a_clock_ends_as_ever(
    meter: Any, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLCOST_NOW", "tomorrow")
    held = Reply(hold_after=3)
    provider.script(held)
    body = {**BODY, "stream": True, "stream_options": {"include_usage": True}}
    url = f"{provider.url}/chat/completions"
    with httpx2.stream("POST", url, json=body) as response:
        lines = response.iter_lines()
        assert next(lines).startswith("data: ")
        assert len(meter.pending()) == 1
        held.gate.set()
        assert list(lines)[-2:] == ["data: [DONE]", ""]
    event = meter.event()
    assert event.confidence == "measured"
    assert known_cost(event.lines) is None


def test_a_clock_that_is_set_back_gives_no_call_a_negative_length(
    meter: Any, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are in the order they were stored, whatever the wall says."""
    import time

    real = time.time_ns
    back = [0, 3_600_000_000_000, 7_200_000_000_000]
    seen: list[str] = []
    for hours in back:
        monkeypatch.setattr(time, "time_ns", lambda hours=hours: real() - hours)
        httpx2.post(f"{provider.url}/chat/completions", json=BODY)
        seen = [event.id for event in meter.events(len(seen) + 1)]
    events = meter.events(3)
    assert [event.seq for event in events] == [1, 2, 3]
    assert [event.id for event in events] == sorted(seen)
    assert all(0 <= event.duration_seconds < 60 for event in events)
