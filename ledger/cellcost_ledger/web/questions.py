"""What a query string asks, checked; every refusal names the argument."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request

from cellcost.clock import from_microseconds
from cellcost_ledger.book.events import Position
from cellcost_ledger.web.errors import ApiError

__all__ = [
    "ID",
    "choice",
    "chosen",
    "cursor_of",
    "moment",
    "number",
    "only",
    "position",
    "time_text",
    "wanted",
]

ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

_MOST_WANTED = 100
"""Values of one filter."""


def only(request: Request, *names: str) -> None:
    """Refuse arguments that are none of `names`: a misspelt filter must not widen."""
    for name in request.query_params:
        if name not in names:
            raise _refusal(name, f"is none; there are {', '.join(names)}")


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
        raise _refusal(
            name, "must be a time such as 2026-11-01 or 2026-11-01T08:00Z"
        ) from None


def number(request: Request, name: str, *, default: int, most: int) -> int:
    """Return a whole number from 1 to `most`."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:10]) <= most):
        raise _refusal(name, f"must be a number from 1 to {most}")
    return int(text)


def choice(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """Return one of `choices`, or "" where the argument is missing."""
    text = request.query_params.get(name, "")
    if text and text not in choices:
        raise _refusal(name, f"must be one of {', '.join(choices)}")
    return text


def chosen(request: Request, name: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    """Return several of `choices`, written with commas between them."""
    text = request.query_params.get(name, "")
    found = tuple(part for part in text.split(",") if part)
    if not set(found) <= set(choices) or len(set(found)) < len(found):
        raise _refusal(name, f"takes each once of {', '.join(choices)}")
    return found


def wanted(request: Request, columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return, by column, the values that a filter names; each may be repeated.

    An empty value is one too: what has no such tag.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, column in columns.items():
        values = request.query_params.getlist(name)
        if len(values) > _MOST_WANTED:
            raise _refusal(name, f"may be repeated {_MOST_WANTED} times")
        if values:
            found[column] = tuple(value.replace("\0", "") for value in values)
    return found


def position(request: Request) -> Position | None:
    """Return where the page before ended."""
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        time, name, id_ = base64.urlsafe_b64decode(text).decode().split(" ")
        if not (ID.fullmatch(name) and ID.fullmatch(id_)):
            raise ValueError("no ids")
        found = Position(int(time), name, id_)
    except (ValueError, binascii.Error):
        found = None
    if found is None or abs(found.time_us) > 2**62:
        raise _refusal("cursor", "must be the `next` of another answer")
    return found


def cursor_of(found: Position) -> str:
    """Return the text of a position."""
    text = f"{found.time_us} {found.installation} {found.event_id}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def time_text(time_us: int) -> str:
    """Return ISO 8601 in UTC."""
    return from_microseconds(time_us).isoformat().replace("+00:00", "Z")


def _refusal(name: str, why: str) -> ApiError:
    return ApiError(
        422,
        "wrong_argument",
        f"The argument {name!r} {why}.",
        hint="docs/ledger.md lists what each route takes.",
    )
