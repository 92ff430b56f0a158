"""The tap on a stream: split anywhere, encoded anyhow, as long as it likes."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost.testing.wire import Spoken, written_events
from cellcost_meter.capture.decode import decoder_for
from cellcost_meter.capture.dialects import Answer, Dialect, dialect_of
from cellcost_meter.capture.dialects.openai_chat import CHAT
from cellcost_meter.capture.sinks import EventSink
from cellcost_meter.capture.streams import Tap

PATHS = ["/v1/chat/completions", "/v1/responses", "/v1/messages"]


def wire(path: str) -> bytes:
    spoken = Spoken(
        path=path,
        model="m-1",
        words=("Grüße", " 你好", ' "usage": {}', " end"),
        input_tokens=100,
        output_tokens=9,
        cached_tokens=40,
    )
    return b"".join(written_events(spoken, usage_asked=True))


def tap_of(dialect: Dialect, encoding: str = "") -> Tap:
    return Tap(EventSink(dialect.stream()), decoder_for(encoding), lambda *_: None)


def read(path: str, parts: list[bytes], encoding: str = "") -> tuple[Answer, str, str]:
    dialect = dialect_of(path.encode())
    assert dialect is not None
    tap = tap_of(dialect, encoding)
    for part in parts:
        tap.feed(part)
        tap.read()
    tap.read(last=True)
    return tap.answer(), tap.take_text(), tap.oddity


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_split_at_every_byte_says_the_same(path: str) -> None:
    whole = wire(path)
    answer, text, oddity = read(path, [whole])
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (100, 9)
    assert answer.usage.cache_read_tokens == 40
    assert (answer.whole, answer.ended, answer.model, oddity) == (True, True, "m-1", "")
    assert text == 'Grüße 你好 "usage": {} end'
    split = read(path, [whole[i : i + 1] for i in range(len(whole))])
    assert split == (answer, text, "")


@given(cut=st.integers(0, 3000), path=st.sampled_from(PATHS))
def test_a_stream_cut_anywhere_never_fails_and_never_claims_to_be_whole(
    cut: int, path: str
) -> None:
    whole = wire(path)
    answer, text, _ = read(path, [whole[:cut]])
    assert 'Grüße 你好 "usage": {} end'.startswith(text)
    if cut < len(whole) - 400:
        assert not answer.ended


def deflate(content: bytes) -> bytes:
    return zlib.compress(content)


def raw_deflate(content: bytes) -> bytes:
    inner = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return inner.compress(content) + inner.flush()


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", deflate),
        ("deflate", raw_deflate),
        ("identity", bytes),
        ("gzip, identity", gzip.compress),
        ("deflate, gzip", lambda content: gzip.compress(deflate(content))),
    ],
)
def test_an_encoded_stream_is_read_on_a_copy(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    content = encode(wire(PATHS[0]))
    parts = [content[i : i + 7] for i in range(0, len(content), 7)]
    answer, text, oddity = read(PATHS[0], parts, encoding)
    assert oddity == ""
    assert answer.whole
    assert text.endswith("end")


def test_an_unknown_encoding_says_so() -> None:
    _, text, oddity = read(PATHS[0], [b"???"], "rot13")
    assert (text, oddity) == ("", "the answer's encoding cannot be read here")


def test_one_bad_event_hides_no_other() -> None:
    bad = b"data: {half\n\ndata: 7\n\ndata: null\n\n"
    answer, _, oddity = read(PATHS[0], [bad + wire(PATHS[0])])
    assert answer.usage is not None
    assert oddity == "an event could not be read (JSONDecodeError)"


CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":" 7"}}]}\n\n'


def test_a_hundred_thousand_chunks_stay_small() -> None:
    tap = tap_of(CHAT)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            tap.feed(CHUNK)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The full buffer, its events, and 200 kB of text that nobody counted meanwhile.
    assert peak < 6_000_000
    tap.read(last=True)
    assert len(tap.take_text()) == 200_000


def test_only_the_first_end_counts() -> None:
    ends: list[Any] = []
    tap = Tap(EventSink(CHAT.stream()), None, lambda end, error: ends.append(end))
    tap.stop("ended")
    tap.stop("closed")
    assert (ends, tap.stopped) == (["ended"], True)


def test_a_wrapped_stream_keeps_what_the_client_reads_from_it(
    meter: Any, provider: Any
) -> None:
    body = {"model": "m", "messages": [], "stream": True}
    with httpx2.stream("POST", f"{provider.url}/chat/completions", json=body) as answer:
        assert isinstance(answer.stream, httpx2.SyncByteStream)
        answer.read()
    assert answer.elapsed.total_seconds() > 0
