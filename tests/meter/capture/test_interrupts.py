"""An interrupt at any step of ours: the user's, and the call is there once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpx
import httpx2
import pytest

from cellcost.records import tokens_of
from cellcost.testing.provider import FakeProvider, Reply
from cellcost_meter.capture.capturing import outermost

STACKS = pytest.mark.parametrize("http", [httpx, httpx2])
STRIDE = 4
"""Every fourth step: all of them take ten seconds."""
OURS = ("cellcost.journal", "cellcost_meter")


@contextmanager
def interrupted_at(step: int) -> Iterator[list[int]]:
    """Raise KeyboardInterrupt where Python would: the `step`-th function of ours begins
    or has called one written in C."""
    seen = [0]

    def profile(frame: FrameType, event: str, _: Any) -> None:
        name = str(frame.f_globals.get("__name__", ""))
        if event not in ("call", "c_return") or not name.startswith(OURS):
            return
        # Where an exception reaches nobody, in any Python code.
        if in_destructor(frame) or frame.f_code.co_name == "<genexpr>":
            return
        seen[0] += 1
        if seen[0] == step:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(profile)
    try:
        yield seen
    finally:
        sys.setprofile(None)


def in_destructor(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def call(client: Any, provider: FakeProvider, number: int, *, stream: bool) -> None:
    body = {
        "model": f"gpt-5-mini-{number}",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": stream,
    }
    url = f"{provider.url}/chat/completions"
    with client.stream("POST", url, json=body) as response:
        for _ in response.iter_bytes():
            pass


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_interrupt_at_any_step_of_ours_keeps_the_call_once(
    meter: Any, provider: FakeProvider, stream: bool
) -> None:
    client = httpx2.Client()
    for warm in (-1, -2):
        call(client, provider, warm, stream=stream)
    step, interrupts = 1, 0
    while True:
        try:
            with interrupted_at(step) as seen:
                call(client, provider, step, stream=stream)
        except KeyboardInterrupt:
            interrupts += 1
        if seen[0] < step:
            break
        outer = outermost.get()
        assert outer is None or outer.returned, "later calls would be taken for its own"
        step += STRIDE
    client.close()
    assert interrupts == step // STRIDE, "an interrupt was swallowed"
    meter.recorder.flusher.finish()
    by_model: dict[str, list[Any]] = {}
    for event in meter.events():
        by_model.setdefault(event.call.request_model, []).append(event)
    assert [len(events) for events in by_model.values() if len(events) > 1] == []
    served = [request.body["model"] for request in provider.received]
    assert [m for m in served if m not in by_model or not by_model[m][0].lines] == []
    assert meter.pending() == []


@STACKS
def test_an_answer_that_a_hook_of_the_user_refuses_is_still_billed(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    def refuse(response: Any) -> None:
        response.read()
        raise ValueError("not what I wanted")

    client = http.Client(event_hooks={"response": [refuse]})
    with pytest.raises(ValueError, match="not what I wanted"):
        call(client, provider, 1, stream=False)
    client.close()
    event = meter.event()
    assert (event.confidence, event.note) == ("measured", "")
    assert tokens_of(event.lines).output == 10


@STACKS
def test_an_unread_answer_that_a_hook_of_the_user_refuses_is_not_free(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    def refuse(_: Any) -> None:
        raise KeyboardInterrupt

    client = http.Client(event_hooks={"response": [refuse]})
    with pytest.raises(KeyboardInterrupt):
        call(client, provider, 1, stream=False)
    client.close()
    event = meter.event()
    assert (event.confidence, event.note) == ("partial", "no answer: interrupted")
    assert event.lines


@STACKS
def test_an_error_answer_that_a_hook_of_the_user_raises_costs_nothing(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    provider.script(Reply(status=429))
    client = http.Client(
        event_hooks={"response": [lambda response: response.raise_for_status()]}
    )
    with pytest.raises(http.HTTPStatusError):
        call(client, provider, 1, stream=False)
    client.close()
    event = meter.event()
    assert (event.lines, event.note, event.call.status) == ((), "HTTP 429", 429)


@STACKS
def test_a_request_that_a_hook_of_the_user_stops_was_not_sent(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    def stop(_: Any) -> None:
        raise ValueError("no")

    client = http.Client(event_hooks={"request": [stop]})
    with pytest.raises(ValueError, match="no"):
        call(client, provider, 1, stream=False)
    client.close()
    assert meter.event().note == "not sent: ValueError"
    assert provider.received == []
