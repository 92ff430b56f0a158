"""Lines, units and edits as the protocol counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from cellcost_lsp.text import Encoding, Page, edited, split_lines

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
# Characters of one to four bytes, every line end, and what others take for one.
PIECES = st.sampled_from(
    [
        "a",
        "é",
        "€",
        "😀",
        "\n",
        "\r",
        "\r\n",
        "\f",
        "\v",
        "\x1c",
        "\x85",
        "\u2028",
        "\0",
    ]
)
TEXTS = st.lists(PIECES, max_size=24).map("".join)


def page(text: str, encoding: Encoding = "utf-16") -> Page:
    return Page("file:///a.py", 1, "python", encoding, split_lines(text))


def units(text: str, encoding: Encoding) -> int:
    """Return the length of a text, counted by Python's own codecs."""
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
    return len(text.encode(codec)) // size


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("a\r\nb\rc\nd", ["a\r\n", "b\r", "c\n", "d"]),
        ("a\fb\vc\u2028d\x85e\n", ["a\fb\vc\u2028d\x85e\n", ""]),
        ("\r\r\n\n", ["\r", "\r\n", "\n", ""]),
    ],
)
def test_only_the_protocols_line_ends_end_a_line(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines


@given(TEXTS)
def test_lines_make_the_text_again(text: str) -> None:
    assert page(text).text == text


@given(TEXTS, st.sampled_from(ENCODINGS), st.data())
def test_a_place_comes_back_from_every_encoding(
    text: str, encoding: Encoding, data: st.DataObject
) -> None:
    one = page(text, encoding)
    row = data.draw(st.integers(0, len(one.lines) - 1))
    column = data.draw(st.integers(0, len(one.line(row))))
    position = one.position(row, column)
    assert position.character == units(one.line(row)[:column], encoding)
    assert one.place(position) == (row, column)


@given(
    TEXTS, st.lists(st.tuples(st.data(), TEXTS), max_size=5), st.sampled_from(ENCODINGS)
)
def test_edits_leave_what_the_whole_text_would(
    text: str, edits: list[tuple[st.DataObject, str]], encoding: Encoding
) -> None:
    now = page(text, encoding)
    for data, new in edits:
        ends = sorted(
            data.draw(st.tuples(*[st.integers(0, len(now.text))] * 2), label="offsets")
        )
        start, end = (place_of(now, offset) for offset in ends)
        first, last = (offset_of(now, *place) for place in (start, end))
        whole = now.text[:first] + new + now.text[last:]
        change = types.TextDocumentContentChangePartial(now.span(*start, *end), new)
        now, (edit,) = edited(now, [change], now.version + 1)
        assert now.lines == split_lines(whole)
        # What stands after the edit is where the edit says that it went.
        at = edit.moved(*end)
        if "\r" not in whole:  # a new line end may join with an old one
            assert offset_of(now, *at) == first + len(new)


@given(TEXTS, TEXTS)
def test_a_text_replaced_whole_says_which_rows_changed(old: str, new: str) -> None:
    change = types.TextDocumentContentChangeWholeDocument(new)
    now, (edit,) = edited(page(old), [change], 2)
    assert now.text == new
    before = split_lines(old)
    assert now.lines[: edit.row] == before[: edit.row]
    assert now.lines[edit.new_end_row + 1 :] == before[edit.end_row + 1 :]


def test_a_position_past_an_end_is_that_end() -> None:
    one = page("ab\ncd")
    assert one.place(types.Position(0, 99)) == (0, 2)
    assert one.place(types.Position(99, 0)) == (1, 2)


def test_a_position_inside_a_pair_is_before_it() -> None:
    assert page("a😀b").place(types.Position(0, 2)) == (0, 1)


def place_of(one: Page, offset: int) -> tuple[int, int]:
    """Return a place at or just before an offset, never inside a line end."""
    for row, line in enumerate(one.lines):
        if offset < len(line) or row == len(one.lines) - 1:
            return row, min(offset, len(one.line(row)))
        offset -= len(line)
    raise AssertionError("past the last line")


def offset_of(one: Page, row: int, column: int) -> int:
    return sum(map(len, one.lines[:row])) + column
