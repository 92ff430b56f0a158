"""The journal as commands read it: brought up to date first, complaints said once."""

import os
import sqlite3
from collections.abc import Generator, Iterator, Sequence
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


def current_paths(
    events: Iterator[Event], renames: Sequence[Rename]
) -> Iterator[Event]:
    """Yield events with the notebook paths of today: a renamed notebook is one."""
    for event in events:
        path = notebook_path(event.where.notebook, event.time, renames)
        if path == event.where.notebook:
            yield event
        else:
            yield replace(event, where=replace(event.where, notebook=path))


def notebook_path(path: str, time: datetime, renames: Sequence[Rename]) -> str:
    """Return where the notebook that was at `path` at a time lies now."""
    for rename in renames:
        if path and path == rename.old_path and time <= rename.time:
            path = rename.new_path
    return path


def _refuse_unreadable(home: Path) -> None:
    if home.exists() and not home.is_dir():
        raise JournalError(
            f"{home} is a file, not a folder; set CELLCOST_HOME to a folder"
        )
