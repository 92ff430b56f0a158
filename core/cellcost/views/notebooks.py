"""NotebookBook: the running figures of one notebook, and the view that adds up."""

from collections.abc import Iterable
from dataclasses import dataclass

from cellcost.records import Event
from cellcost.views.cells import CellView, view_run
from cellcost.views.entries import Entries, Entry, InFlight, Replaced, entry_tally
from cellcost.views.runs import Run
from cellcost.views.tally import Tally

__all__ = ["Breakdown", "NotebookBook", "NotebookView"]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Where a notebook's total is: the three parts add up to it exactly."""

    cells: Tally
    """The latest run of every cell."""
    earlier_runs: Tally
    other: Tally
    """Calls that belong to no cell: threads, processes, code outside any cell."""

    @property
    def total(self) -> Tally:
        """The sum of the parts."""
        return self.cells + self.earlier_runs + self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookView:
    """What a person sees of one notebook."""

    path: str
    cells: tuple[CellView, ...]
    """In the order in which they first made a call."""
    breakdown: Breakdown

    @property
    def total(self) -> Tally:
        """Everything the journal knows for this notebook."""
        return self.breakdown.total


class NotebookBook:
    """One notebook's calls, summed as they come.

    A change costs the same with ten calls and with ten thousand: it is applied to the
    run it belongs to, and the sums move by the difference.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._entries = Entries()
        self._cells: dict[str, _CellRuns] = {}
        self._latest = Tally()
        self._earlier = Tally()
        self._other = Tally()

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def apply(
        self, events: Iterable[Event], pending: Iterable[InFlight] = ()
    ) -> frozenset[str]:
        """Put records and return the ids of the cells that changed ("" for no cell).

        The records must be this notebook's; putting one twice changes nothing.
        """
        touched: set[str] = set()
        for event in events:
            touched.update(map(self._move, self._entries.settle(event)))
        for call in pending:
            touched.update(map(self._move, self._entries.fly(call)))
        return frozenset(touched)

    def view(self) -> NotebookView:
        """Return the whole notebook as it stands now."""
        return NotebookView(
            path=self.path,
            cells=tuple(self.cell(cell_id) for cell_id in self._cells),
            breakdown=self.breakdown(),
        )

    def breakdown(self) -> Breakdown:
        """Return the totals as they stand now."""
        return Breakdown(self._latest, self._earlier, self._other)

    def has_cell(self, cell_id: str) -> bool:
        """Tell whether this cell ever made a call."""
        return cell_id in self._cells

    def cell(self, cell_id: str) -> CellView:
        """Return the latest run of a cell; KeyError if it never made a call."""
        runs = self._cells[cell_id]
        return view_run(runs.latest, cell_id=cell_id, run_number=len(runs.by_id))

    def runs(self, cell_id: str) -> tuple[CellView, ...]:
        """Return every run of a cell, oldest first."""
        runs = self._cells[cell_id].in_order()
        return tuple(
            view_run(run, cell_id=cell_id, run_number=n)
            for n, run in enumerate(runs, start=1)
        )

    def calls(self, cell_id: str, run_id: str | None = None) -> tuple[Entry, ...]:
        """Return the entries of a run (by default the latest), oldest first."""
        runs = self._cells[cell_id]
        run = runs.latest if run_id is None else runs.by_id[run_id]
        return tuple(sorted(run.entries.values(), key=lambda entry: entry.time))

    def _move(self, change: Replaced) -> str:
        """Apply one change of an entry to the sums and return its cell's id."""
        entry = change.new or change.old
        if entry is None:
            return ""
        cell_id = entry.where.cell_id
        if not cell_id:
            self._other += _difference(change)
            return ""
        runs = self._cells.get(cell_id)
        if runs is None:
            runs = self._cells[cell_id] = _CellRuns(entry.where.run_id)
        shown = runs.latest.tally
        delta = runs.put(entry.where.run_id, change)
        # Also right when another run became the latest: what the badge showed moves
        # from the cells to the earlier runs.
        moved = runs.latest.tally - shown
        self._latest += moved
        self._earlier += delta - moved
        return cell_id


class _CellRuns:
    """The runs of one cell; `latest` is the one that began last."""

    __slots__ = ("by_id", "latest")

    def __init__(self, run_id: str) -> None:
        self.latest = Run(run_id)
        self.by_id: dict[str, Run] = {run_id: self.latest}

    def put(self, run_id: str, change: Replaced) -> Tally:
        run = self.by_id.get(run_id)
        if run is None:
            run = self.by_id[run_id] = Run(run_id)
        began = run.started
        delta = run.put(change)
        if run.started != began:
            if run is self.latest:
                # It began earlier than we knew, so another run may be the latest.
                self.latest = self.in_order()[-1]
            elif _began(run) >= _began(self.latest):
                self.latest = run
        return delta

    def in_order(self) -> list[Run]:
        return sorted(self.by_id.values(), key=_began)


def _began(run: Run) -> float:
    return run.started.timestamp() if run.started is not None else float("-inf")


def _difference(change: Replaced) -> Tally:
    new = Tally() if change.new is None else entry_tally(change.new)
    return new if change.old is None else new - entry_tally(change.old)
