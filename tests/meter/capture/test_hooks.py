"""The hooks themselves: others around them, and faults inside them."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import httpx2
import pytest

from cellcost.call_sites import CallPlace
from cellcost.journal import About, Writer
from cellcost.prices import PriceBook
from cellcost.prices.catalogue import load_catalogue
from cellcost.records import Event, Where
from cellcost.testing.provider import FakeProvider, Reply
from cellcost_meter import capture as capture_room
from cellcost_meter.capture import httpx_stack
from cellcost_meter.capture.capturing import Capture
from cellcost_meter.capture.dialects import Dialect, dialect_of
from cellcost_meter.capture.retries import Retries
from cellcost_meter.capture.switch import Switch
from cellcost_meter.recorder import CallRecorder

BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hello"}]}
STACKS = pytest.mark.parametrize("http", [httpx, httpx2])


def chat_url(provider: FakeProvider) -> str:
    return f"{provider.url}/chat/completions"


@STACKS
def test_signature_name_and_original_are_kept(meter: Any, http: Any) -> None:
    for client in (http.Client, http.AsyncClient):
        send = client.send
        assert send.__name__ == "send"
        assert list(inspect.signature(send).parameters)[:2] == ["self", "request"]
        assert not hasattr(send.__wrapped__, "__wrapped__")
    assert inspect.iscoroutinefunction(http.AsyncClient.send)


@STACKS
def test_hooking_twice_counts_once(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    again = httpx_stack.hook(
        http, recorder=meter.recorder, announce=lambda *_: None, stack="again"
    )
    http.post(chat_url(provider), json=BODY)
    assert len(meter.events()) == 1
    again()


def test_the_hook_comes_off_when_it_is_on_top() -> None:
    before = httpx2.Client.send
    stop = httpx_stack.hook_clients(httpx2, quiet_capture())
    assert httpx2.Client.send is not before
    stop()
    assert httpx2.Client.send is before


def quiet_capture() -> Capture:
    recorder: Any = None
    return Capture(recorder, Switch("x", lambda *_: None), Retries())


@pytest.mark.parametrize("keeps_wrapped", [True, False])
def test_a_wrapper_put_on_after_us_stays_when_we_go(
    meter: Any, provider: FakeProvider, keeps_wrapped: bool
) -> None:
    seen: list[str] = []
    below = httpx2.Client.send

    def sentry(self: Any, request: Any, **options: Any) -> Any:
        seen.append(request.url.path)
        return below(self, request, **options)

    wrapper = functools.wraps(below)(sentry) if keeps_wrapped else sentry
    httpx2.Client.send = wrapper  # type: ignore[method-assign]
    try:
        again = httpx_stack.hook(
            httpx2, recorder=meter.recorder, announce=lambda *_: None, stack="x"
        )
        httpx2.post(chat_url(provider), json=BODY)
        assert len(meter.events()) == 1
        again()
        assert httpx2.Client.send is wrapper
        httpx2.post(chat_url(provider), json=BODY)
        assert len(seen) == 2
    finally:
        httpx2.Client.send = below  # type: ignore[method-assign]


@pytest.mark.parametrize("http", [httpx, httpx2])
def test_a_client_inside_a_client_is_one_call(
    meter: Any, provider: FakeProvider, http: Any
) -> None:
    class Forwarding(http.BaseTransport):  # type: ignore[misc,name-defined]
        def handle_request(self, request: Any) -> Any:
            inner = httpx2.post(
                str(request.url), content=request.read(), headers={"x": "y"}
            )
            return http.Response(inner.status_code, content=inner.content)

    with http.Client(transport=Forwarding()) as client:
        client.post(chat_url(provider), json=BODY)
        client.post(chat_url(provider), json=BODY)
    assert len(meter.events(2)) == 2


def test_the_same_response_id_twice_is_two_calls(
    meter: Any, provider: FakeProvider
) -> None:
    for _ in range(2):
        httpx2.post(chat_url(provider), json=BODY)
    assert len(meter.events(2)) == 2


def test_install_hooks_what_is_imported_and_announces_it(meter: Any) -> None:
    said: dict[str, str] = {}
    stop = capture_room.install(
        meter.recorder, announce=lambda stack, state: said.update({stack: state})
    )
    assert said == {"httpx": "hooked", "httpx2": "hooked"}
    stop()


class Boom(Exception):
    """A fault of ours, put in on purpose."""


def boom(*_: Any, **__: Any) -> Any:
    raise Boom("canary-secret")


class BrokenReader:
    feed = answer = take_text = boom


def faulty(dialect: Dialect, part: str) -> Dialect:
    fields = {name: getattr(dialect, name) for name in Dialect.__slots__}
    fields[part] = {"stream": BrokenReader, "cap_keys": None}.get(part, boom)
    return Dialect(**fields)


class FaultyJournal:
    """A journal that fails on purpose at one of its methods."""

    def __init__(self, inner: Writer, method: str) -> None:
        self._inner = inner
        self._method = method

    def __getattr__(self, name: str) -> Any:
        return boom if name == self._method else getattr(self._inner, name)


Build = Callable[..., tuple[Capture, dict[str, str]]]


@pytest.fixture
def build(tmp_path: Any, provider: FakeProvider) -> Iterator[Build]:
    """Build a capture on httpx2 of which one part fails."""
    stops: list[Callable[[], None]] = []

    def make(part: str) -> tuple[Capture, dict[str, str]]:
        writer = Writer(tmp_path / "home", about=About(host="h", pid=1, version="0"))
        journal: Any = FaultyJournal(writer, part)
        recorder = CallRecorder(
            journal=journal,
            book=boom if part == "book" else lambda: PriceBook(load_catalogue()),
            where=boom if part == "where" else lambda site: Where(origin="cell"),
            call_site=boom if part == "call_site" else lambda: CallPlace("x"),
        )
        said: dict[str, str] = {}
        dialects = boom if part == "dialect_of" else dialect_of
        if part in ("read", "stream", "cap_keys"):

            def dialects(path: bytes) -> Dialect | None:
                found = dialect_of(path)
                return None if found is None else faulty(found, part)

        capture = Capture(
            recorder,
            Switch("httpx2", lambda stack, state: said.update({stack: state})),
            Retries(),
            stream_usage=boom if part == "stream_usage" else lambda: "count",
            find_dialect=dialects,
        )
        stops.append(httpx_stack.hook_clients(httpx2, capture))
        stops.append(recorder.flusher.finish)
        stops.append(writer.close)
        return capture, said

    yield make
    for stop in stops:
        stop()


KEPT = ["book", "where", "call_site", "read", "stream", "cap_keys", "begin"]
KEPT += ["stream_usage"]
NOT_KEPT = ["dialect_of", "settle"]
OTHER = ["update_live", "checkpoint"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("part", [*KEPT, *NOT_KEPT, *OTHER])
def test_a_fault_in_any_part_leaves_the_call_as_it_is(
    build: Build,
    provider: FakeProvider,
    tmp_path: Any,
    part: str,
    streamed: bool,
    caplog: pytest.LogCaptureFixture,
    only_event: Callable[[Any], Event],
) -> None:
    build(part)
    with httpx2.stream(
        "POST", chat_url(provider), json={**BODY, "stream": streamed}
    ) as response:
        content = response.read()
    assert response.status_code == 200
    assert content.startswith(b"data: " if streamed else b'{"id"')
    assert b"[DONE]" in content or not streamed
    assert "canary-secret" not in caplog.text
    if part in KEPT:
        event = only_event(tmp_path / "home")
        assert event.call is not None
        assert event.lines


def test_a_hook_that_keeps_failing_turns_itself_off_and_says_so(
    build: Build, provider: FakeProvider
) -> None:
    capture, said = build("dialect_of")
    for _ in range(6):
        assert httpx2.post(chat_url(provider), json=BODY).status_code == 200
    assert not capture.switch.on
    assert said["httpx2"].startswith("not captured: Boom at test_hooks.py")


def test_a_hook_that_works_again_stays_on(meter: Any, provider: FakeProvider) -> None:
    switch = Switch("x", lambda *_: None)
    for _ in range(10):
        switch.failed(Boom())
        switch.worked()
    assert switch.on


def test_a_corrupt_encoding_is_labelled_and_the_user_sees_its_own_error(
    meter: Any, provider: FakeProvider
) -> None:
    provider.script(
        Reply(
            body=b"not gzip",
            content_type="text/event-stream",
            headers={"content-encoding": "gzip"},
        )
    )
    with (
        pytest.raises(httpx2.DecodingError),
        httpx2.stream("POST", chat_url(provider), json=BODY) as response,
    ):
        response.read()
    event = meter.event()
    assert event.confidence == "partial"
