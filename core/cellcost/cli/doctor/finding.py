"""One line of the doctor's report."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "fix", "note", "ok"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do if it is not well."""

    topic: str
    state: Literal["ok", "note", "fix"]
    """`note`: worth knowing, nothing is broken. `fix`: something does not work."""
    detail: str
    todo: str = ""


def ok(topic: str, detail: str) -> Finding:
    """Return that something is well."""
    return Finding(topic, "ok", detail)


def note(topic: str, detail: str, todo: str = "") -> Finding:
    """Return something worth knowing."""
    return Finding(topic, "note", detail, todo)


def fix(topic: str, detail: str, todo: str) -> Finding:
    """Return something that does not work, and what to do."""
    return Finding(topic, "fix", detail, todo)
