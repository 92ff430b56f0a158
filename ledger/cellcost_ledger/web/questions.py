"""What a query string asks, checked; every refusal names the argument."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request

from cellcost.clock import from_microseconds
from cellcost_ledger.book.events import Position
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.wire import encode

__all__ = [
    "ID",
    "MOST_WANTED",
    "choice",
    "chosen",
    "cursor_of",
    "moment",
    "number",
    "position",
    "refusal",
    "time_text",
    "wanted",
]

ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

MOST_WANTED = 100
"""Values of one filter."""
_MOST_GROUPS = 10


def moment(request: Request, name: str, default: datetime) -> datetime:
    """Return a time; without an offset it is UTC."""
    text = request.query_params.get(name)
    if not text:
        return default
    try:
        # A `+` that nobody escaped arrives as a space.
        found = datetime.fromisoformat(text.replace(" ", "+"))
        aware = found.replace(tzinfo=UTC) if found.tzinfo is None else found
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refusal(
            name, "must be a time such as 2026-11-01 or 2026-11-01T08:00Z"
        ) from None


def number(request: Request, name: str, *, default: int, most: int) -> int:
    """Return a whole number from 1 to `most`."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:10]) <= most):
        raise refusal(name, f"must be a number from 1 to {most}")
    return int(text)


def choice(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """Return one of `choices`, or "" where the argument is missing."""
    text = request.query_params.get(name, "")
    if text and text not in choices:
        raise refusal(name, f"must be one of {', '.join(choices)}")
    return text


def chosen(
    request: Request,
    name: str,
    choices: tuple[str, ...],
    others: Callable[[str], bool],
) -> tuple[str, ...]:
    """Return several of `choices` and `others`, written with commas between them."""
    text = request.query_params.get(name, "")
    found = tuple(part for part in text.split(",") if part)
    known = all(part in choices or others(part) for part in found)
    if not known or len(set(found)) < len(found) or len(found) > _MOST_GROUPS:
        raise refusal(
            name,
            f"takes each once of {', '.join(choices)} and tag:NAME,"
            f" {_MOST_GROUPS} at most",
        )
    return found


def wanted(request: Request, columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return, by column, the values that a filter names; each may be repeated.

    An empty value is one too: what has no such tag.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, column in columns.items():
        values = request.query_params.getlist(name)
        if len(values) > MOST_WANTED:
            raise refusal(name, f"may be repeated {MOST_WANTED} times")
        if values:
            found[column] = tuple(value.replace("\0", "") for value in values)
    return found


def position(request: Request) -> Position | None:
    """Return where the page before ended."""
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        whole = base64.urlsafe_b64decode(text)
        found = Position(*msgspec.json.decode(whole, type=tuple[int, str, str]))
    except (ValueError, binascii.Error, msgspec.DecodeError):
        found = None
    if found is None or not _is_position(found):
        raise refusal("cursor", "must be the `next` of another answer")
    return found


def cursor_of(found: Position) -> str:
    """Return the text of a position."""
    text = encode([found.time_us, found.installation, found.event_id])
    return base64.urlsafe_b64encode(text).decode()


def _is_position(found: Position) -> bool:
    # What a cursor holds was in another's hands: any time, any text.
    texts = (found.installation, found.event_id)
    return abs(found.time_us) <= 2**62 and all(map(_is_text, texts))


def _is_text(text: str) -> bool:
    """Say whether a database takes it: no NUL, no half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def time_text(time_us: int) -> str:
    """Return ISO 8601 in UTC."""
    return from_microseconds(time_us).isoformat().replace("+00:00", "Z")


def refusal(name: str, why: str) -> ApiError:
    """Return what is said of an argument that is wrong."""
    return ApiError(
        422,
        "wrong_argument",
        f"The argument {name!r} {why}.",
        hint="docs/ledger.md lists what each route takes.",
    )
