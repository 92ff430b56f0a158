"""The plain bytes of an answer, decoded on a copy while the user's own bytes go by.

gzip and deflate come with Python; br and zstd work where a library for them is already
there (httpx only asks for what it can decode itself, so what arrives can be read).
"""

import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

__all__ = ["MAX_PLAIN_BYTES", "Decoder", "decoder_for"]

MAX_PLAIN_BYTES = 64 * 1024 * 1024
"""A chunk that inflates past this is no model's answer; reading it stops there."""


class Decoder(Protocol):
    """Turns the wire's bytes into plain ones, in order."""

    def decode(self, chunk: bytes) -> bytes: ...


class _Identity:
    def decode(self, chunk: bytes) -> bytes:
        return chunk


class _Zlib:
    """gzip, or deflate with and without its zlib header (servers send both)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._first = True
        self._inner = zlib.decompressobj(
            16 + zlib.MAX_WBITS if gzip else zlib.MAX_WBITS
        )

    def decode(self, chunk: bytes) -> bytes:
        first, self._first = self._first, False
        try:
            return self._inner.decompress(chunk, MAX_PLAIN_BYTES)
        except zlib.error:
            if self._gzip or not first:
                raise
            self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inner.decompress(chunk, MAX_PLAIN_BYTES)


class _Foreign:
    """A decompressor of a third-party library, behind its one method."""

    def __init__(self, method: Callable[[bytes], Any]) -> None:
        self._method = method

    def decode(self, chunk: bytes) -> bytes:
        return bytes(self._method(chunk))


class _Chain:
    def __init__(self, inner: list[Decoder]) -> None:
        self._inner = inner

    def decode(self, chunk: bytes) -> bytes:
        for decoder in self._inner:
            chunk = decoder.decode(chunk)
        return chunk


def decoder_for(encoding: str) -> Decoder | None:
    """Return a decoder for a Content-Encoding header; None if it cannot be read."""
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    decoders = [_decoder(name) for name in reversed(names) if name != "identity"]
    if not decoders:
        return _Identity()
    known = [decoder for decoder in decoders if decoder is not None]
    if len(known) < len(decoders):
        return None
    return known[0] if len(known) == 1 else _Chain(known)


def _decoder(name: str) -> Decoder | None:
    if name in ("gzip", "x-gzip"):
        return _Zlib(gzip=True)
    if name == "deflate":
        return _Zlib(gzip=False)
    if name == "br":
        return _brotli()
    return _zstd() if name == "zstd" else None


def _brotli() -> Decoder | None:
    for name in ("brotli", "brotlicffi"):
        library = _library(name)
        if library is not None:
            inner = library.Decompressor()
            return _Foreign(
                inner.process if hasattr(inner, "process") else inner.decompress
            )
    return None


def _zstd() -> Decoder | None:
    for name in ("compression.zstd", "backports.zstd"):
        library = _library(name)
        if library is not None:
            return _Foreign(library.ZstdDecompressor().decompress)
    library = _library("zstandard")
    if library is not None:
        return _Foreign(library.ZstdDecompressor().decompressobj().decompress)
    return None


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None
