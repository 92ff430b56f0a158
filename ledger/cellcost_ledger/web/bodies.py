"""The bytes of a request's body: read with a limit, unpacked with a limit."""

import asyncio
import zlib

import zstandard
from starlette.requests import ClientDisconnect, Request

from cellcost_ledger.web.errors import ApiError

__all__ = ["MOST_RECEIVED", "MOST_UNPACKED", "read_body", "unpack"]

MOST_RECEIVED = 4 * 1024 * 1024
MOST_UNPACKED = 32 * 1024 * 1024
"""500 events of the longest kind."""
_SECONDS = 30
"""For a whole body: a client that drips must not hold a place."""
_ENCODINGS = ("identity", "gzip", "zstd")
# The window that a decoder may be made to hold; zstd's own levels below 20 stay under.
_WINDOW = 8 * 1024 * 1024


async def read_body(request: Request) -> bytes:
    """Return the body as sent. Raises ApiError for one that is too long or too slow."""
    encoding_of(request)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MOST_RECEIVED:
        raise _too_long(MOST_RECEIVED)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > MOST_RECEIVED:
                    raise _too_long(MOST_RECEIVED)
                parts.append(part)
    except TimeoutError:
        raise ApiError(
            408,
            "too_slow",
            f"The body did not arrive within {_SECONDS} seconds.",
            headers={"Connection": "close"},
        ) from None
    except ClientDisconnect:
        raise ApiError(400, "cut_off", "The body was cut off.") from None
    return b"".join(parts)


def encoding_of(request: Request) -> str:
    """Return the body's encoding. Raises ApiError for one that we do not read."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in _ENCODINGS:
        raise ApiError(
            415,
            "unknown_encoding",
            f"Content-Encoding {encoding!r} is not read here.",
            hint=f"Send one of {', '.join(_ENCODINGS)}.",
        )
    return encoding


def unpack(body: bytes, encoding: str, *, most: int = MOST_UNPACKED) -> bytes:
    """Return `body` unpacked; never more than `most` bytes are made of it."""
    if encoding == "identity":
        return body
    try:
        if encoding == "gzip":
            return _gunzip(body, most)
        return _unzstd(body, most)
    except (zlib.error, zstandard.ZstdError) as error:
        raise ApiError(
            422, "malformed_body", f"The body is no whole {encoding}: {error}."
        ) from None


def _gunzip(body: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    found = unpacker.decompress(body, most + 1)
    if len(found) > most:
        raise _too_long(most)
    if not unpacker.eof or unpacker.unused_data:
        raise zlib.error("cut off, or something follows it")
    return found


def _unzstd(body: bytes, most: int) -> bytes:
    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    reader = unpacker.stream_reader(body, read_across_frames=True)
    parts: list[bytes] = []
    size = 0
    while part := reader.read(1024 * 1024):
        size += len(part)
        if size > most:
            raise _too_long(most)
        parts.append(part)
    return b"".join(parts)


def _too_long(most: int) -> ApiError:
    return ApiError(
        413,
        "too_long",
        f"The body is longer than {most} bytes.",
        headers={"Connection": "close"},
    )
