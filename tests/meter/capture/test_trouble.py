"""What goes wrong on the wire or in the user's hands: same outcome, labelled event."""

import asyncio
import gc
import json
import socket
import threading
from typing import Any

import httpx
import httpx2
import openai
import pytest

from cellcost.records import known_cost, tokens_of
from cellcost.testing.provider import FakeProvider, Reply

BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hello"}]}
STREAM = {**BODY, "stream": True}
STACKS = pytest.mark.parametrize("http", [httpx, httpx2])


def chat_url(provider: FakeProvider) -> str:
    return f"{provider.url}/chat/completions"


@STACKS
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 529])
def test_an_error_answer_costs_nothing(
    meter: Any, provider: FakeProvider, http: Any, status: int
) -> None:
    provider.script(Reply(status=status))
    assert http.post(chat_url(provider), json=BODY).status_code == status
    event = meter.event()
    assert (event.lines, event.note) == ((), f"HTTP {status}")
    assert known_cost(event.lines) == 0
    assert event.call.status == status


@STACKS
def test_an_error_answer_to_a_stream_costs_nothing(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    provider.script(Reply(status=429))
    with http.stream("POST", chat_url(provider), json=STREAM) as response:
        assert response.status_code == 429
        response.read()
    assert meter.event().note == "HTTP 429"


@STACKS
def test_a_refused_connection_is_a_failed_attempt_at_no_cost(
    meter: Any, http: Any
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(http.ConnectError):
        http.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=BODY)
    event = meter.event()
    assert (event.note, event.lines, event.call.status) == (
        "not sent: ConnectError",
        (),
        None,
    )


@STACKS
def test_a_closed_client_sends_nothing(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    client = http.Client()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.post(chat_url(provider), json=BODY)
    assert meter.event().note == "not sent: RuntimeError"


@STACKS
def test_a_timeout_is_partial_at_the_counted_input(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    slow = Reply(hold_after=0)
    provider.script(slow)
    with pytest.raises(http.ReadTimeout):
        http.post(chat_url(provider), json=BODY, timeout=0.05)
    slow.gate.set()
    event = meter.event()
    assert event.confidence == "partial"
    assert event.note == "no answer: timed out (ReadTimeout)"
    assert (tokens_of(event.lines).input, tokens_of(event.lines).output) == (8, 0)


@STACKS
def test_an_answer_cut_in_its_body_is_partial(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    provider.script(Reply(cut_after=20))
    with pytest.raises(http.RemoteProtocolError):
        http.post(chat_url(provider), json=BODY)
    event = meter.event()
    assert event.confidence == "partial"
    assert event.note == "no answer: RemoteProtocolError"


@STACKS
def test_a_cut_stream_is_partial_with_what_came(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    provider.script(Reply(cut_after=4))
    with (
        pytest.raises(http.RemoteProtocolError),
        http.stream("POST", chat_url(provider), json=STREAM) as response,
    ):
        response.read()
    event = meter.event()
    assert (event.confidence, event.note) == (
        "partial",
        "stopped early: RemoteProtocolError",
    )
    # Role chunk, then " Hello", " from", " the".
    assert (tokens_of(event.lines).input, tokens_of(event.lines).output) == (8, 3)


def test_a_stream_left_early_is_partial_on_the_cell_that_sent_it(
    meter: Any, provider: FakeProvider
) -> None:
    client = openai.OpenAI(api_key="k", base_url=provider.url, max_retries=0)
    stream = client.chat.completions.create(**STREAM)
    assert [call.intent.where.cell_id for call in meter.pending()] == ["cell-1"]
    meter.cell_id, meter.run_id = "cell-2", "run-2"
    next(iter(stream))
    stream.close()
    event = meter.event()
    assert (event.confidence, event.note) == ("partial", "stopped early")
    assert (event.where.cell_id, event.where.run_id) == ("cell-1", "run-1")
    client.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_forgotten_stream_is_settled_when_collected(
    meter: Any, provider: FakeProvider
) -> None:
    client = httpx2.Client()
    request = client.build_request("POST", chat_url(provider), json=STREAM)
    response = client.send(request, stream=True)
    lines = response.iter_lines()
    assert next(lines).startswith("data")
    del response, lines
    gc.collect()
    assert meter.event().confidence == "partial"
    client.close()


@STACKS
def test_a_stream_held_open_after_done_is_settled(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    body = {**STREAM, "stream_options": {"include_usage": True}}
    client = http.Client()
    with client.stream("POST", chat_url(provider), json=body) as response:
        for line in response.iter_lines():
            if line == "data: [DONE]":
                break
        event = meter.event()
    assert event.confidence == "measured"
    assert len(meter.events()) == 1
    client.close()


@STACKS
def test_a_cancelled_call_is_partial(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    slow = Reply(hold_after=0)
    provider.script(slow)

    async def main() -> None:
        async with http.AsyncClient() as client:
            task = asyncio.create_task(client.post(chat_url(provider), json=BODY))
            await asyncio.to_thread(slow.held.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    slow.gate.set()
    event = meter.event()
    assert (event.confidence, event.note) == ("partial", "no answer: cancelled")


@STACKS
def test_a_cancelled_stream_is_partial(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    slow = Reply(hold_after=3)
    provider.script(slow)

    async def read(client: Any) -> None:
        async with client.stream("POST", chat_url(provider), json=STREAM) as response:
            await response.aread()

    async def main() -> None:
        async with http.AsyncClient() as client:
            task = asyncio.create_task(read(client))
            await asyncio.to_thread(slow.held.wait, 10)
            while not meter.pending():
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    slow.gate.set()
    event = meter.event()
    assert event.confidence == "partial"
    assert event.note.endswith("cancelled")


class InterruptingTransport:
    """Stands for Ctrl-C at the moment the answer is awaited."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def handle_request(self, _request: Any) -> Any:
        raise self.error


@STACKS
@pytest.mark.parametrize(
    ("error", "note"),
    [
        (KeyboardInterrupt(), "no answer: interrupted"),
        (SystemExit(3), "no answer: SystemExit"),
        (ZeroDivisionError("x"), "no answer: ZeroDivisionError"),
    ],
)
def test_the_users_exceptions_pass_unchanged(
    meter: Any, provider: FakeProvider, http: Any, error: BaseException, note: str
) -> None:
    class Transport(InterruptingTransport, http.BaseTransport):  # type: ignore[misc]
        pass

    client = http.Client(transport=Transport(error))
    with pytest.raises(type(error)) as caught:
        client.post(chat_url(provider), json=BODY)
    assert caught.value is error
    event = meter.event()
    assert (event.confidence, event.note) == ("partial", note)
    assert known_cost(event.lines)
    client.close()


def usage(**counts: Any) -> dict[str, Any]:
    return {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, **counts}


@pytest.mark.parametrize(
    ("said", "confidence", "note", "used"),
    [
        (usage(prompt_tokens=-5), "estimated", "prompt_tokens is -5", (8, 1)),
        (usage(prompt_tokens="10"), "estimated", "prompt_tokens is str", (8, 1)),
        (usage(completion_tokens=1e30), "estimated", "is 1e+30", (8, 1)),
        (usage(prompt_tokens=None), "estimated", "no prompt_tokens", (8, 1)),
        (usage(total_tokens=99), "estimated", "total_tokens is 99", (10, 5)),
        ("lots", "estimated", "usage is str", (8, 1)),
        ([], "estimated", "usage is list", (8, 1)),
        (None, "estimated", "no usage in the answer", (8, 1)),
        (
            {"prompt_tokens": 0, "completion_tokens": 0},
            "estimated",
            "usage is all zero",
            (8, 1),
        ),
        (
            usage(prompt_tokens_details={"cached_tokens": 50}),
            "estimated",
            "larger than the whole",
            (10, 5),
        ),
        (usage(prompt_tokens=10.0), "measured", "", (10, 5)),
        (usage(prompt_tokens_details="x", more={"a": 1}), "measured", "", (10, 5)),
    ],
)
def test_absurd_usage_is_kept_and_labelled(
    meter: Any,
    provider: FakeProvider,
    said: Any,
    confidence: str,
    note: str,
    used: tuple[int, int],
) -> None:
    answer = {
        "model": "gpt-5-mini",
        "choices": [{"message": {"content": "hi"}}],
        "usage": said,
    }
    provider.script(Reply(body=json.dumps(answer).encode()))
    assert httpx2.post(chat_url(provider), json=BODY).json() == answer
    event = meter.event()
    assert event.confidence == confidence
    assert note in event.note
    found = tokens_of(event.lines)
    assert (found.input, found.output) == used
    assert sum(line.quantity for line in event.lines) == sum(used)


@pytest.mark.parametrize(
    ("body", "content_type", "confidence", "note"),
    [
        (b"<html>hi</html>", "text/html", "partial", "the answer is HTML, not JSON"),
        (b'{"id": "x", "choi', "application/json", "partial", "the answer is not JSON"),
        (b"[1]", "application/json", "partial", "the answer is a list"),
        (b"\xff\xfe\x00", "application/json", "partial", "the answer is not JSON"),
        (b"", "application/json", "partial", "the answer is not JSON"),
        (
            b'{"error": {"type": "overloaded"}}',
            "application/json",
            "estimated",
            "error in the answer: overloaded",
        ),
    ],
)
def test_an_answer_that_is_none_is_kept_and_labelled(
    meter: Any,
    provider: FakeProvider,
    body: bytes,
    content_type: str,
    confidence: str,
    note: str,
) -> None:
    provider.script(Reply(body=body, content_type=content_type))
    assert httpx2.post(chat_url(provider), json=BODY).content == body
    event = meter.event()
    assert (event.confidence, event.note) == (confidence, note)


def test_an_error_in_a_stream_makes_it_partial(
    meter: Any, provider: FakeProvider
) -> None:
    body = (
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'
    )
    provider.script(Reply(body=body, content_type="text/event-stream"))
    url = f"{provider.origin}/v1/messages"
    with httpx2.stream("POST", url, json={**STREAM, "max_tokens": 9}) as response:
        assert response.read() == body
    event = meter.event()
    assert event.confidence == "partial"
    assert event.note == "error in the stream: overloaded_error"


def test_a_post_that_is_no_model_call_is_left_alone(
    meter: Any, provider: FakeProvider
) -> None:
    for path, body in [
        ("/api/orders", {"model": "T", "messages": []}),
        ("/v1/messages/batches", BODY),
        ("/v1/messages/count_tokens", BODY),
    ]:
        httpx2.post(provider.origin + path, json=body)
    httpx2.post(f"{provider.origin}/responses", json=BODY)
    # The last one is on a host with a price list: all that looks like a call counts.
    assert len(meter.events()) == 1


def test_an_unknown_host_is_captured_unpriced_only_when_it_looks_like_a_call(
    meter: Any, provider: FakeProvider
) -> None:
    unknown = f"http://localhost:{provider.port}"
    httpx2.post(f"{unknown}/survey/responses", json={"answers": [1, 2]})
    httpx2.post(f"{unknown}/v1/chat/completions", json=BODY)
    event = meter.event()
    assert event.call.provider == ""
    assert event.call.endpoint == f"localhost:{provider.port}"
    assert all(line.cost_nusd is None and line.reason for line in event.lines)


def test_a_large_answer_is_read_from_its_edges(
    meter: Any, provider: FakeProvider
) -> None:
    answer = {
        "id": "c",
        "model": "gpt-5-mini",
        "choices": [{"message": {"content": 'say "usage": 1 ' * 20_000}}],
        "usage": usage(),
    }
    provider.script(Reply(body=json.dumps(answer).encode()))
    httpx2.post(chat_url(provider), json=BODY)
    event = meter.event()
    assert (event.confidence, tokens_of(event.lines).output) == ("measured", 5)


def test_a_large_request_is_read_from_its_edges(
    meter: Any, provider: FakeProvider
) -> None:
    messages = [{"role": "user", "content": 'a "model": "wrong" ' * 10_000}]
    httpx2.post(
        chat_url(provider),
        json={"messages": messages, "model": "gpt-5-mini", "max_tokens": 50},
    )
    assert meter.event().call.request_model == "gpt-5-mini"


def test_a_request_body_that_is_a_stream_is_captured_without_being_read(
    meter: Any, provider: FakeProvider
) -> None:
    parts = [json.dumps(BODY).encode()]
    httpx2.post(
        chat_url(provider),
        content=iter(parts),
        headers={"content-length": str(len(parts[0]))},
    )
    event = meter.event()
    assert event.confidence == "measured"
    assert event.call.response_model == "gpt-5-mini"


def test_nothing_of_what_was_said_is_stored(
    meter: Any, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = ["canary-prompt", "canary-answer", "sk-canary-key", "canary-query"]
    body = {
        "model": "gpt-5-mini",
        "messages": [{"role": "user", "content": "canary-prompt"}],
        "user": "canary-prompt",
    }
    headers = {"authorization": "Bearer sk-canary-key", "x-api-key": "sk-canary-key"}
    replies = [
        Reply(text="canary-answer"),
        Reply(text="canary-answer", usage=False),
        Reply(body=b'{"choices": "canary-answer"'),
        Reply(body=b'{"error": {"type": "canary-answer\\n"}}', status=400),
        Reply(body=b'data: {"canary-answer"\n\n', content_type="text/event-stream"),
    ]
    provider.script(*replies, *replies)
    for streamed in (False, True):
        for _ in replies:
            httpx2.post(
                chat_url(provider) + "?key=canary-query",
                json={**body, "stream": streamed},
                headers=headers,
            )
    meter.events(2 * len(replies))
    meter.writer.close()
    stored = b"".join(p.read_bytes() for p in meter.home.rglob("*") if p.is_file())
    for secret in secrets:
        assert secret.encode() not in stored
        assert all(
            secret not in record.getMessage()
            for record in caplog.records
            if record.name == "cellcost"
        )


def test_a_hundred_threads_lose_and_double_nothing(
    meter: Any, provider: FakeProvider
) -> None:
    with httpx2.Client() as client:
        threads = [
            threading.Thread(
                target=lambda: client.post(chat_url(provider), json=BODY, timeout=60)
            )
            for _ in range(100)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    events = meter.events(100)
    assert len(events) == len({event.id for event in events}) == 100
    assert {event.confidence for event in events} == {"measured"}
