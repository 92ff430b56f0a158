"""The journal's SQL by name, read once from `statements.sql`."""

from importlib.resources import files

__all__ = ["MIGRATIONS", "SCHEMA_VERSION", "SQL"]


def _statements(text: str) -> dict[str, str]:
    parts = text.split("-- name: ")[1:]
    named = (part.split("\n", 1) for part in parts)
    return {name.strip(): body.strip() for name, body in named}


def _migrations() -> tuple[str, ...]:
    folder = files("cellcost.journal") / "migrations"
    names = sorted(item.name for item in folder.iterdir() if item.name[:4].isdigit())
    return tuple((folder / name).read_text("utf-8") for name in names)


SQL = _statements((files("cellcost.journal") / "statements.sql").read_text("utf-8"))
MIGRATIONS = _migrations()
SCHEMA_VERSION = len(MIGRATIONS)
"""The schema this cellcost writes; `PRAGMA user_version` says a file's."""
