"""Reading: this kernel's figures from the journal, and what is in their way."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from cellcost import context
from cellcost.clock import utc_now
from cellcost.errors import CellcostError, JournalError
from cellcost.home import journal_home
from cellcost.journal import Reader, WriterRow
from cellcost.journal.spool import fallback_folder, spool_folder, waiting
from cellcost.records import Event, Where
from cellcost.views import Tally
from cellcost_widgets.book import Book, Figures
from cellcost_widgets.magics import BEGAN

__all__ = ["SCOPES", "Report", "Scope", "Tail", "here", "read"]

Scope = Literal["kernel", "run", "cell", "notebook"]

SCOPES: tuple[Scope, ...] = ("kernel", "run", "cell", "notebook")

_log = logging.getLogger("cellcost")
_NOTHING = Figures(total=Tally(n_unknown=1), rows=(), gpu=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known at a moment, of one scope."""

    scope: Scope
    at: datetime
    state: Literal["known", "not known", "not metered"] = "known"
    figures: Figures = _NOTHING
    """All unknown unless the state is `known`."""
    detail: str = ""
    """Why there are no figures, or what they lack."""


def here() -> Where | None:
    """Return whose code runs here as the meter has it; None without a meter."""
    meter = context.running()
    return None if meter is None else meter.where(None)


def not_metered(scope: Scope) -> Report:
    """Return the report of a process without a meter."""
    return Report(
        scope=scope,
        at=utc_now(),
        state="not metered",
        detail=(
            "The meter is not loaded in this kernel: what it calls is not counted."
            " %load_ext cellcost_meter starts it; `cellcost doctor` says why it did"
            " not start by itself."
        ),
    )


def not_known(scope: Scope, reason: str) -> Report:
    """Return the report of figures that cannot be read now."""
    return Report(scope=scope, at=utc_now(), state="not known", detail=reason)


def read(scope: Scope, where: Where) -> Report:
    """Return the figures of a scope that `where` is in, as the journal has them.

    Raises CellcostError for a scope that this frontend says nothing of.
    """
    with Reader(journal_home(os.environ)) as reader:
        holds, events = _chosen(scope, where, reader)
        book = Book(holds)
        try:
            # Calls in flight first: one that settles meanwhile is among the events.
            flying = reader.pending()
            book.apply(events(), flying)
            detail = _lacking(reader, where)
        except JournalError as error:
            return not_known(scope, str(error))
    return Report(scope=scope, at=utc_now(), figures=book.figures(), detail=detail)


def _chosen(
    scope: Scope, where: Where, reader: Reader
) -> tuple[Callable[[Where], bool], Callable[[], Iterator[Event]]]:
    if scope == "kernel":
        session = _session(where)
        return (
            lambda other: other.session_id == session,
            lambda: reader.events(since=BEGAN),
        )
    if scope == "run":
        run_id = where.run_id
        if not run_id:
            raise CellcostError("no cell runs here; `%cellcost run` is for within one")
        return (
            lambda other: other.run_id == run_id,
            lambda: reader.events(run_id=run_id),
        )
    if not where.notebook:
        raise CellcostError(
            "this frontend does not say which notebook it is; `%cellcost` alone has"
            " this kernel's figures"
        )
    if scope == "cell" and not where.cell_id:
        raise CellcostError(
            "this frontend does not say which cell runs; `%cellcost run` has the"
            " figures of this run"
        )
    path, events = _notebook(where, reader)
    return (
        lambda other: (
            other.notebook in (path, where.notebook)
            and (scope == "notebook" or other.cell_id == where.cell_id)
        ),
        events,
    )


def _notebook(
    where: Where, reader: Reader
) -> tuple[str, Callable[[], Iterator[Event]]]:
    """Return where the notebook lies now, and its events, also of its earlier names."""
    renames = reader.renames()
    if not renames:
        path = where.notebook
        return path, partial(reader.events, notebook=path)
    # With the whole command line behind it: only where a notebook moved.
    from cellcost.cli.book import current_paths, notebook_path

    path = notebook_path(where.notebook, BEGAN, renames)
    return path, lambda: current_paths(reader.events(), reader)


def _session(where: Where) -> str:
    if not where.session_id:
        raise CellcostError(
            "this is no Jupyter kernel; `cellcost report` has the figures of scripts"
            " and terminals"
        )
    return where.session_id


def _lacking(reader: Reader, where: Where) -> str:
    """Return in words what is missing in the figures; "" for nothing."""
    own = [row for row in reader.writers() if row.session_id == where.session_id]
    told = [*_unseen(own)]
    folders = (spool_folder(reader.home), fallback_folder(reader.home))
    with suppress(OSError):
        if waiting(folders):
            told.append("some records wait to come into the journal")
    return "; ".join(told)


def _unseen(rows: list[WriterRow]) -> Iterator[str]:
    said: dict[str, str] = {}
    for row in rows:
        if row.alive:
            said.update(row.stacks)
    for stack, state in sorted(said.items()):
        word, _, reason = state.partition(":")
        if word.strip() == "not captured":
            yield f"calls over {stack} are not captured ({reason.strip()})"
        elif stack == "journal" and word.strip() == "lost":
            yield f"lost: {reason.strip()}"


class Tail:
    """This kernel's figures, kept up to date; one thread at a time."""

    def __init__(self, home: Path, where: Where) -> None:
        self._where = where
        self._session = _session(where)
        self._reader = Reader(home)
        self._rev: int | None = None
        self._book = self._new_book()
        self._trouble = ""

    def _new_book(self) -> Book:
        return Book(lambda other: other.session_id == self._session)

    @property
    def is_live(self) -> bool:
        """Whether a call of this kernel is in flight."""
        return self._book.is_live

    def poll(self) -> bool:
        """Read what is new; tell whether there is something else to show."""
        try:
            changed = self._read_news()
        except JournalError as error:
            changed, self._trouble = str(error) != self._trouble, str(error)
            if changed:
                _log.warning("cellcost: %s", error)
            return changed
        recovered, self._trouble = bool(self._trouble), ""
        return changed or recovered

    def report(self) -> Report:
        """Return what is known now."""
        if self._trouble:
            return not_known("kernel", self._trouble)
        try:
            detail = _lacking(self._reader, self._where)
        except JournalError as error:
            return not_known("kernel", str(error))
        return Report(
            scope="kernel", at=utc_now(), figures=self._book.figures(), detail=detail
        )

    def close(self) -> None:
        """Close the journal; the next poll opens it anew."""
        self._reader.close()

    def _read_news(self) -> bool:
        changed = False
        rev = self._rev
        if rev is None:
            rev, changed = self._read_all(), True
        while True:
            changes = self._reader.changes(rev)
            if changes.reset:  # another journal than before
                self._rev = self._read_all()
                return True
            self._rev = rev = changes.rev
            changed |= self._book.apply(changes.events, changes.pending)
            if not changes.more:
                return changed

    def _read_all(self) -> int:
        """Read the journal from this kernel's start; return the rev that it had."""
        rev = self._reader.rev()
        flying = self._reader.pending()
        book = self._new_book()
        book.apply(self._reader.events(since=BEGAN), flying)
        self._book = book
        return rev
