"""Others who patch the same methods: before us, after us, instead of us."""

import functools
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest

from cellcost.testing.provider import FakeProvider
from cellcost_meter.capture import httpx_stack
from cellcost_meter.capture.watching import HookWatch

BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hello"}]}
STACKS = pytest.mark.parametrize("http", [httpx, httpx2])


def chat_url(provider: FakeProvider) -> str:
    return f"{provider.url}/chat/completions"


@pytest.fixture
def send(meter: Any) -> Iterator[Any]:
    """Our hooked `httpx2.Client.send`, put back in the end."""
    ours = httpx2.Client.send
    yield ours
    httpx2.Client.send = ours  # type: ignore[method-assign]


class Theirs(Exception):
    """An error of a wrapper that is not ours."""


@pytest.mark.parametrize("order", ["before us", "after us"])
@pytest.mark.parametrize("does", ["passes", "changes", "raises", "raises late"])
@STACKS
def test_a_neighbours_wrapper_does_what_it_does_without_us(
    meter: Any, provider: FakeProvider, http: Any, order: str, does: str
) -> None:
    meter_on = http.Client.send

    def around(below: Any) -> Any:
        @functools.wraps(below)
        def wrapper(self: Any, request: Any, **options: Any) -> Any:
            if does == "raises":
                raise Theirs
            request.headers["x-trace"] = "1"
            response = below(self, request, **options)
            if does == "raises late":
                raise Theirs
            if does == "changes":
                response.status_code = 299
            return response

        return wrapper

    # Before us: the pristine method is wrapped first, then hooked anew.
    below = meter_on.__wrapped__ if order == "before us" else meter_on
    http.Client.send = around(below)
    stop = httpx_stack.hook(
        http,
        recorder=meter.recorder,
        announce=lambda *_: None,
        stack=http.__name__,
    )
    try:
        with http.Client() as client:
            if does.startswith("raises"):
                with pytest.raises(Theirs) as caught:
                    client.post(chat_url(provider), json=BODY)
                assert caught.value.__cause__ is None
                assert caught.value.__context__ is None
            else:
                status = client.post(chat_url(provider), json=BODY).status_code
                assert status == (299 if does == "changes" else 200)
    finally:
        stop()
        http.Client.send = meter_on
    if does == "raises":
        # Before it left: nothing was sent, whoever wrapped whom.
        assert provider.received == []
        if order == "before us":
            assert meter.event().lines == () or meter.event().note
        return
    assert provider.received[0].headers["x-trace"] == "1"
    assert len(meter.events()) == 1
    if does != "raises late" or order == "after us":
        assert meter.event().confidence == "measured"
    else:
        assert meter.event().confidence == "partial"


def test_a_debuggers_trace_function_sees_the_users_frames_and_changes_nothing(
    meter: Any, provider: FakeProvider
) -> None:
    """As debugpy and coverage do it on Python 3.11."""
    seen: list[str] = []

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if event == "call":
            seen.append(frame.f_code.co_name)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        response = httpx2.post(chat_url(provider), json=BODY)
    finally:
        sys.settrace(before)
    assert response.status_code == 200
    assert "handle_request" in seen
    assert meter.event().confidence == "measured"


@pytest.mark.parametrize("held", ["wraps", "closure", "partial", "object", "default"])
def test_a_wrapper_that_still_reaches_us_is_no_replacement(
    send: Any, held: str
) -> None:
    class Wrapper:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __call__(self, *args: Any, **options: Any) -> Any:
            return self.inner(*args, **options)

    def call(inner: Any, *args: Any, **options: Any) -> Any:
        return inner(*args, **options)

    wrappers: dict[str, Any] = {
        "wraps": functools.wraps(send)(lambda *a, **o: None),
        "closure": lambda *args, **options: send(*args, **options),
        "partial": functools.partial(call, send),
        "object": Wrapper(Wrapper(send)),
        "default": lambda *args, inner=send, **options: inner(*args, **options),
    }
    httpx2.Client.send = wrappers[held]
    said: list[tuple[str, str]] = []
    HookWatch(lambda *words: said.append(words)).look({"httpx2": "hooked"})
    assert said == []


def test_a_replacement_that_forgot_us_is_said_until_we_are_back(
    send: Any, provider: FakeProvider
) -> None:
    stacks = {"httpx2": "hooked", "attribution by cells": "not captured: X"}
    watch = HookWatch(lambda stack, state: stacks.update({stack: state}))
    watch.look(stacks)
    assert stacks["httpx2"] == "hooked"
    httpx2.Client.send = lambda self, request, **options: None  # type: ignore[method-assign]
    watch.look(stacks)
    assert stacks["httpx2"].startswith("not captured: Client.send is now ")
    assert "test_neighbours" in stacks["httpx2"]
    watch.look(stacks)
    httpx2.Client.send = send  # type: ignore[method-assign]
    watch.look(stacks)
    assert stacks["httpx2"] == "hooked"
    # What somebody else said is not ours to take back.
    watch.look({"httpx2": "not captured: Boom"})
    assert stacks["httpx2"] == "hooked"


def test_a_pristine_method_put_back_over_us_is_said(send: Any) -> None:
    """As a tracer does that was there before us and is taken off after."""
    said: list[str] = []
    httpx2.Client.send = send.__wrapped__  # type: ignore[method-assign]
    HookWatch(lambda _, state: said.append(state)).look({"httpx2": "hooked"})
    assert said[0].startswith("not captured: Client.send is now Client.send of httpx2")
    assert "reload_ext" in said[0]
