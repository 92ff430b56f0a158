"""One setting as data: where it stands, what it may hold, what it means."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "Setting"]

Kind = Literal[
    "text",
    "codes",
    "provider",
    "url",
    "date",
    "usd",
    "fraction",
    "rates",
    "keys",
    "pattern",
    "ledger",
    "patterns",
    "providers",
    "names",
    "money",
    "cap",
    "count",
    "hours",
    "hourly",
    "years",
    "windows",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key that a settings file may hold."""

    section: str
    name: str
    kind: Kind
    meaning: str
    choices: tuple[str, ...] = ()
    default: str = ""
    variable: str = ""
    """The environment variable that sets it, where there is one."""
    required: bool = False
    host_only: bool = False
    not_project: bool = False
    """Whether what a project's file says is ignored."""

    @property
    def key(self) -> str:
        """Return the dotted key: `capture.stream_usage`."""
        return f"{self.section}.{self.name}" if self.section else self.name
