"""JSON off the wire, where nothing may be trusted to have a type."""

from typing import Any, TypeGuard, cast

__all__ = ["Object", "as_list", "as_object", "is_object", "short_text", "strings"]

Object = dict[str, Any]
"""A JSON object."""


def is_object(value: object) -> TypeGuard[Object]:
    """Whether `value` is a JSON object."""
    return isinstance(value, dict)


def as_object(value: object) -> Object:
    """Return `value` if it is a JSON object, else an empty one."""
    return cast(Object, value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return `value` if it is a JSON array, else an empty one."""
    return cast(Any, value) if isinstance(value, list) else []


def strings(source: Object, *names: str) -> list[str]:
    """Return the values of those `names` that are texts."""
    return [value for name in names if isinstance(value := source.get(name), str)]


def short_text(value: object, limit: int = 200) -> str:
    """Return `value` if it is text fit for a record: printable, one line, short.

    Ids and model names come from outside; anything longer is no name.
    """
    if isinstance(value, str) and value.isprintable():
        return value[:limit]
    return ""
