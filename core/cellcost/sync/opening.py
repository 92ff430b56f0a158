"""From settings and login to a session with the ledger."""

from collections.abc import Callable, Mapping
from pathlib import Path

from cellcost.config import Settings, SyncSettings, load_settings
from cellcost.journal.store import FaultPoint, no_fault
from cellcost.sync.credentials import Login
from cellcost.sync.drain import Session
from cellcost.sync.transport import HttpLink

__all__ = ["open_session", "sync_settings"]


def sync_settings(home: Path, env: Mapping[str, str]) -> Settings:
    """Return the settings that sync goes by: no project's and no kernel's.

    Raises ConfigError for a file with a mistake: with that file left out, names could
    leave that it keeps here.
    """
    ours = {
        name: value
        for name, value in env.items()
        if not name.startswith("CELLCOST_") or name.startswith("CELLCOST_SYNC_")
    }
    return load_settings(cwd=home, env={**ours, "CELLCOST_HOME": str(home)})


def open_session(
    home: Path,
    login: Login,
    settings: SyncSettings,
    *,
    wait: Callable[[float], bool],
    at: FaultPoint = no_fault,
) -> Session:
    """Return a session over HTTPS. Raises ConfigError when none can be made."""
    link = HttpLink(login.url, login.key, ca_file=settings.ca_file)
    return Session(home, url=login.url, link=link, policy=settings, wait=wait, at=at)
