"""What a query may hold: each argument reads itself, checked, and says what it takes.

The OpenAPI document is made from these, so that it cannot tell another story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from starlette.requests import Request

from cellcost_ledger.book.dimensions import GROUPS, TAG
from cellcost_ledger.book.events import Position
from cellcost_ledger.web.questions import (
    MOST_WANTED,
    choice,
    chosen,
    moment,
    number,
    position,
    refusal,
    wanted,
)

__all__ = [
    "CURSOR",
    "FORMAT",
    "GROUP_FILTERS",
    "SINCE",
    "TAG_FILTERS",
    "UNTIL",
    "Argument",
    "Choice",
    "Filter",
    "Groups",
    "Moment",
    "Number",
    "TagFilters",
    "filtered",
    "tagged",
]

_MOST_TAGS = 10
_MOST_NAME = 200
"""As an event's tags."""


class Argument(Protocol):
    """One name of a query, or several of one kind."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def takes(self, name: str) -> bool:
        """Say whether a query's `name` is this one."""
        ...

    def parameter(self) -> dict[str, Any]:
        """Return what OpenAPI says of it, beside its name."""
        ...


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    tells: str

    def takes(self, name: str) -> bool:
        """Say whether a query's `name` is this one."""
        return name == self.name

    def _parameter(self, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        return {"description": self.tells, "schema": dict(schema), **more}


@dataclass(frozen=True, slots=True)
class Number(_Named):
    """A whole number from 1 on."""

    default: int
    most: int

    def of(self, request: Request) -> int:
        """Return it."""
        return number(request, self.name, default=self.default, most=self.most)

    def parameter(self) -> dict[str, Any]:
        """Return what OpenAPI says of it, beside its name."""
        bounds = {"minimum": 1, "maximum": self.most, "default": self.default}
        return self._parameter({"type": "integer", **bounds})


@dataclass(frozen=True, slots=True)
class Moment(_Named):
    """A time."""

    def of(self, request: Request, default: datetime) -> datetime:
        """Return it; without an offset it is UTC."""
        return moment(request, self.name, default)

    def parameter(self) -> dict[str, Any]:
        """Return what OpenAPI says of it, beside its name."""
        forms = [{"type": "string", "format": f} for f in ("date", "date-time")]
        return self._parameter({"anyOf": forms})


@dataclass(frozen=True, slots=True)
class Choice(_Named):
    """One word of some, or none."""

    choices: tuple[str, ...]

    def of(self, request: Request) -> str:
        """Return it, "" for none."""
        return choice(request, self.name, self.choices)

    def parameter(self) -> dict[str, Any]:
        """Return what OpenAPI says of it, beside its name."""
        return self._parameter({"type": "string", "enum": list(self.choices)})


@dataclass(frozen=True, slots=True)
class Groups(_Named):
    """Several names with commas between them, each once; `tag:` and any name too."""

    choices: tuple[str, ...]
    default: tuple[str, ...] = ()

    def of(self, request: Request) -> tuple[str, ...]:
        """Return them."""
        if self.name not in request.query_params:
            return self.default
        return chosen(request, self.name, self.choices, _is_tag)

    def parameter(self) -> dict[str, Any]:
        """Return what OpenAPI says of it, beside its name."""
        tag = {"type": "string", "pattern": f"^{TAG}[^,]+$", "maxLength": _MOST_NAME}
        word = {"type": "string", "enum": list(self.choices)}
        schema = {
            "type": "array",
            "items": {"anyOf": [word, tag]},
            "uniqueItems": True,
            "default": list(self.default),
        }
        return self._parameter(schema, style="form", explode=False)


@dataclass(frozen=True, slots=True)
class Filter(_Named):
    """Values of which an event has one; an empty one: what has none."""

    def parameter(self) -> dict[str, Any]:
        """Return what OpenAPI says of it, beside its name."""
        text = {"type": "string"}
        return self._parameter(
            {"type": "array", "items": text, "maxItems": MOST_WANTED}
        )


@dataclass(frozen=True, slots=True)
class TagFilters(_Named):
    """The same for any tag: `tag:project=atlas`."""

    def takes(self, name: str) -> bool:
        """Say whether a query's `name` is one of these."""
        return _is_tag(name)

    def parameter(self) -> dict[str, Any]:
        """Return what OpenAPI says of it, beside its name."""
        schema = {
            "type": "object",
            "propertyNames": {"pattern": f"^{TAG}[^,]+$", "maxLength": _MOST_NAME},
            "additionalProperties": {"type": "string"},
            "maxProperties": _MOST_TAGS,
        }
        return self._parameter(schema, style="form", explode=True)


@dataclass(frozen=True, slots=True)
class Cursor(_Named):
    """Where the page before ended."""

    def of(self, request: Request) -> Position | None:
        """Return it."""
        return position(request)

    def parameter(self) -> dict[str, Any]:
        """Return what OpenAPI says of it, beside its name."""
        return self._parameter({"type": "string"})


GROUP_FILTERS = tuple(
    Filter(name, f"Of this {name}; may be repeated, empty: of none.") for name in GROUPS
)
TAG_FILTERS = TagFilters("tags", "Any tag: `tag:project=atlas`; may be repeated.")
SINCE = Moment("since", "From this time on.")
UNTIL = Moment("until", "Before this time.")
CURSOR = Cursor("cursor", "The `next` of the page before.")
FORMAT = Choice(
    "format", "`csv`: a table, as with `Accept: text/csv`.", ("json", "csv")
)


def filtered(
    request: Request, filters: Sequence[Filter], columns: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return the wanted values of `filters`, by their columns."""
    return wanted(request, {f.name: columns.get(f.name, f.name) for f in filters})


def tagged(request: Request) -> dict[str, tuple[str, ...]]:
    """Return the wanted values of each `tag:NAME` in the query."""
    names = {name for name in request.query_params if name.startswith(TAG)}
    if len(names) > _MOST_TAGS:
        raise refusal(TAG, f"may filter {_MOST_TAGS} tags")
    return wanted(request, {name: name for name in sorted(names)})


def _is_tag(name: str) -> bool:
    tag = name.removeprefix(TAG)
    return (
        name.startswith(TAG)
        and 0 < len(tag) <= _MOST_NAME
        and not set(tag) & {",", "\0"}
    )
