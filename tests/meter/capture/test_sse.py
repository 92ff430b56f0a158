"""Server-sent events, however they are cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cellcost_meter.capture.sse import MAX_LINE_BYTES, SseParser

LINE = st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b""))
END = st.sampled_from([b"\n", b"\r\n", b"\r"])


def read(parts: list[bytes]) -> list[tuple[str, bytes]]:
    parser = SseParser()
    found = [event for part in parts for event in parser.feed(part)]
    return found + list(parser.flush())


def test_an_event_has_a_name_and_data_lines() -> None:
    wire = b": hello\nevent: delta\ndata: {\ndata: }\nid: 7\n\ndata:[DONE]\n\n"
    assert read([wire]) == [("delta", b"{\n}"), ("", b"[DONE]")]


def test_a_comment_or_a_name_alone_is_no_event() -> None:
    assert read([b": ping\n\nevent: x\n\n\n\n"]) == []


def test_a_byte_order_mark_may_lead() -> None:
    assert read([b"\xef\xbb", b"\xbfdata: 1\n\n"]) == [("", b"1")]


def test_the_last_event_needs_no_blank_line() -> None:
    assert read([b"data: 1\n\ndata: 2"]) == [("", b"1"), ("", b"2")]


@given(
    events=st.lists(st.lists(LINE, min_size=1, max_size=3), max_size=4),
    end=END,
    cuts=st.sets(st.integers(0, 200), max_size=12),
)
def test_cuts_change_nothing(
    events: list[list[bytes]], end: bytes, cuts: set[int]
) -> None:
    wire = b"".join(
        b"".join(b"data: " + line + end for line in lines) + end for lines in events
    )
    expected = [("", b"\n".join(lines)) for lines in events]
    whole = read([wire])
    assert whole == expected
    assert read([wire[i : i + 1] for i in range(len(wire))]) == expected
    places = sorted({0, len(wire), *(c for c in cuts if c < len(wire))})
    assert read([wire[a:b] for a, b in pairwise(places)]) == expected


def test_a_line_in_many_parts_is_read_in_linear_time() -> None:
    parts = [b"data: ", *[b"x" * 1024] * 20_000, b"\n\n", b"data: 2\n\n"]
    parser = SseParser()
    # Joined each time, this would copy 200 GB.
    found = [event for part in parts for event in parser.feed(part)]
    assert [len(data) for _, data in found] == [20_480_000, 1]


def test_a_line_without_end_is_passed_over_and_what_follows_is_read() -> None:
    part = b"x" * (MAX_LINE_BYTES // 4)
    parser = SseParser()
    parts = [b"data: 1\n\n", b"data: ", *[part] * 6, b"\n\n", b"data: 2\n\n"]
    assert [event for part in parts for event in parser.feed(part)] == [
        ("", b"1"),
        ("", b"2"),
    ]
    assert parser.overlong
