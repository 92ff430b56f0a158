"""How many tokens a text has: exact where the vocabulary is known, never raising."""

import re
from typing import TYPE_CHECKING

from cellcost.tokens.vocabularies import is_loaded, load, vocabulary_of

if TYPE_CHECKING:
    import tiktoken

__all__ = ["count", "guess", "ready", "warm"]

# Up to here a text goes to tiktoken whole; beyond, it is cut so that unchanged chunks
# are counted once.
_WHOLE = 4_096
# tiktoken panics on about a million spaces and needs n log n time for one long word.
_LONGEST = 16_384
# Sum of the chunks' tokens = tokens of the whole, for o200k and cl100k: a piece of
# either pattern never spans these places (held by a test on random text).
_LINE_END = re.compile(r"\n(?=[^\s/]|[ \t]{1,100}\S)")
_WORD_START = re.compile(r"(?<=\S)(?=[ \t]{1,100}\S)")
_CACHED_CHUNKS = 20_000

_cache: dict[tuple[str, int, int], int] = {}


def count(text: str, model: str = "") -> int | None:
    """Return the tokens of `text`; None if no vocabulary can be loaded.

    Exact where the model's vocabulary is known (`vocabulary_of(model).exact`) and no
    unbroken run is longer than 16,384 characters. Slow at first use: see `warm`.
    """
    encoding = load(vocabulary_of(model).name)
    if encoding is None:
        return None
    if len(text) <= _WHOLE:
        return _encoded(encoding, text)
    name = encoding.name
    total = 0
    for chunk in _lines(text):
        # Two hashes, not the text: no prompt is kept.
        key = (name, hash(chunk), len(chunk))
        tokens = _cache.get(key)
        if tokens is None:
            tokens = sum(_encoded(encoding, part) for part in _parts(chunk))
            if len(_cache) >= _CACHED_CHUNKS:
                _cache.clear()
            _cache[key] = tokens
        total += tokens
    return total


def _lines(text: str) -> list[str]:
    """Return `text` cut before lines that a token cannot reach into."""
    ends = [found.end() for found in _LINE_END.finditer(text)]
    starts = [0, *ends]
    return [text[at:end] for at, end in zip(starts, [*ends, len(text)], strict=True)]


def guess(n_bytes: int) -> int:
    """Return about how many tokens `n_bytes` of UTF-8 text are, without a vocabulary.

    Four bytes a token: English has 4 to 5 in o200k, Chinese 3 to 4.
    """
    return max(n_bytes + 3, 0) // 4


def warm(model: str = "") -> None:
    """Load the vocabulary of a model (o200k by default): call it from a thread."""
    load(vocabulary_of(model).name)


def ready(model: str = "") -> bool:
    """Return whether `count` would answer without loading anything."""
    return is_loaded(vocabulary_of(model).name)


def _parts(text: str) -> list[str]:
    """Cut a chunk that is too long for tiktoken, between words where it has any."""
    parts: list[str] = []
    start = 0
    while len(text) - start > _LONGEST:
        half = start + _LONGEST // 2
        word = _WORD_START.search(text, half, start + _LONGEST)
        end = word.start() if word else start + _LONGEST
        parts.append(text[start:end])
        start = end
    parts.append(text[start:])
    return parts


def _encoded(encoding: "tiktoken.Encoding", text: str) -> int:
    try:
        return len(encoding.encode_ordinary(text))
    except BaseException as error:
        # pyo3's PanicException is a BaseException that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        return guess(len(text.encode("utf-8", "replace")))
