"""The journal's SQL by name, read once from `statements.sql`."""

from pathlib import Path

__all__ = ["MIGRATIONS", "SCHEMA_VERSION", "SQL"]

# Not importlib.resources: importing it takes 6 ms of every kernel's start.
_FOLDER = Path(__file__).parent


def _statements(text: str) -> dict[str, str]:
    parts = text.split("-- name: ")[1:]
    named = (part.split("\n", 1) for part in parts)
    return {name.strip(): body.strip() for name, body in named}


def _migrations() -> tuple[str, ...]:
    found = sorted(_FOLDER.glob("migrations/[0-9][0-9][0-9][0-9]_*.sql"))
    return tuple(path.read_text("utf-8") for path in found)


SQL = _statements((_FOLDER / "statements.sql").read_text("utf-8"))
MIGRATIONS = _migrations()
SCHEMA_VERSION = len(MIGRATIONS)
"""The schema this cellcost writes; `PRAGMA user_version` says a file's."""
