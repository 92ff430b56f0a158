"""The journal as commands read it: brought up to date first, complaints said once."""

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cellcost.cli.output import complain
from cellcost.errors import CellcostError, JournalError
from cellcost.home import journal_home
from cellcost.journal import JOURNAL_FILE, Reader, Rename, recover
from cellcost.records import Event

__all__ = ["bring_home", "current_paths", "is_empty", "notebook_path", "opened"]


@contextmanager
def opened() -> Generator[Reader]:
    """Yield a reader of the user's journal, after bringing home what waits for it."""
    home = journal_home(os.environ)
    _refuse_unreadable(home)
    late = bring_home(home)
    with Reader(home) as reader:
        _ = reader.installation  # a journal that cannot be read says so here, once
        if late:
            complain(late)
        yield reader


def bring_home(home: Path) -> str:
    """Import spools, settle dead writers' calls; return what was in the way, or ""."""
    try:
        recover(home)
    except (OSError, sqlite3.Error, CellcostError) as error:
        return (
            f"figures may lack calls that wait beside {home / JOURNAL_FILE}"
            f" ({error}); `cellcost doctor` says more"
        )
    return ""


def is_empty(home: Path) -> bool:
    """Say whether there is no journal yet."""
    return not (home / JOURNAL_FILE).exists()


def current_paths(events: Iterable[Event], reader: Reader) -> Iterator[Event]:
    """Yield events with the notebook paths of today: a renamed notebook is one."""
    renames = reader.renames()
    starts: dict[tuple[str, str], datetime] = {}
    if renames:
        for row in reader.writers():
            own = (row.kernel_id, row.session_id)
            starts[own] = min(row.started, starts.get(own, row.started))
    for event in events:
        where = event.where
        # A kernel keeps the path that it was started with: what happened to that path
        # since the start happened to its notebook, also before this very call.
        own = (where.kernel_id, where.session_id)
        since = min(starts.get(own, event.time), event.time)
        path = notebook_path(where.notebook, since, renames)
        if path == where.notebook:
            yield event
        else:
            yield replace(event, where=replace(where, notebook=path))


def notebook_path(path: str, since: datetime, renames: Sequence[Rename]) -> str:
    """Return where the notebook that was at `path` at a time lies now."""
    for rename in renames:
        old = rename.old_path
        if path and since <= rename.time and (path + "/").startswith(old + "/"):
            path = rename.new_path + path[len(old) :]
    return path


def _refuse_unreadable(home: Path) -> None:
    if home.exists() and not home.is_dir():
        raise JournalError(
            f"{home} is a file, not a folder; set CELLCOST_HOME to a folder"
        )
