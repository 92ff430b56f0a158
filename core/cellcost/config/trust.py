"""Which project files the user trusts to set endpoints and prices.

A cloned repository must not zero a price or give a foreign host a price list, so a
project's endpoints and prices count only once the user has said so, for this file with
this content.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cellcost.config.files import SettingsFile
from cellcost.errors import ConfigError
from cellcost.ids import new_id

__all__ = ["Trusted", "digest", "read_trust", "revoke", "trust"]

STORE_NAME = "trust.json"


@dataclass(frozen=True, slots=True)
class Trusted:
    """One file that was trusted, by the digest of its content then."""

    path: str
    digest: str
    since: str


def digest(file: SettingsFile) -> str:
    """Return the digest of what is trusted.

    For a cellcost.toml that is the whole file. For a pyproject.toml it is its
    `[tool.cellcost]` table, so that an edit elsewhere in it asks for nothing.
    """
    content = file.text
    if file.prefix:
        content = json.dumps(file.table, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def read_trust(home: Path) -> dict[str, Trusted]:
    """Return the trusted files by path; a store that cannot be read trusts nothing."""
    try:
        stored: Any = json.loads((home / STORE_NAME).read_bytes())
        entries = stored["files"]
        return {
            str(path): Trusted(str(path), str(entry["digest"]), str(entry["since"]))
            for path, entry in entries.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def is_trusted(file: SettingsFile, entries: Mapping[str, Trusted]) -> bool:
    """Say whether `file`, with the content it has now, was trusted."""
    entry = entries.get(_name(file.path))
    return entry is not None and entry.digest == digest(file)


def trust(home: Path, file: SettingsFile, *, now: datetime) -> Trusted:
    """Record that `file` is trusted as it is now; return the entry."""
    entry = Trusted(_name(file.path), digest(file), now.isoformat(timespec="seconds"))
    _write(home, {**read_trust(home), entry.path: entry})
    return entry


def revoke(home: Path, path: Path) -> bool:
    """Take back the trust in `path`; say whether there was any."""
    entries = read_trust(home)
    if entries.pop(_name(path), None) is None:
        return False
    _write(home, entries)
    return True


def _name(path: Path) -> str:
    # One file reached through two names (a link, another case) is one file.
    return os.path.normcase(path.resolve())


def _write(home: Path, entries: Mapping[str, Trusted]) -> None:
    store = {
        "files": {
            entry.path: {"digest": entry.digest, "since": entry.since}
            for entry in entries.values()
        }
    }
    target = home / STORE_NAME
    draft = home / f"{STORE_NAME}.{new_id()}"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.write_text(json.dumps(store, indent=1, sort_keys=True), encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise ConfigError(
            f"{target}: cannot be written ({error.strerror or error});"
            " set CELLCOST_HOME to a folder you can write to"
        ) from None
