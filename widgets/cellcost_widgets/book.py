"""Book: the figures of one kernel, run, cell or notebook, summed as they come."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cellcost.records import Event, Where
from cellcost.views import InFlight, ModelKey, Tally, entry_tally
from cellcost.views.entries import Entries, Entry, Replaced
from cellcost.views.gpu import GpuUse, gpu_lines, gpu_use
from cellcost.views.runs import model_key

__all__ = ["Book", "Figures", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """What one model cost, or one GPU."""

    key: ModelKey
    device: str
    """The device whose time it is; "" for calls."""
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A total and its parts, which add up to it."""

    total: Tally
    rows: tuple[Row, ...]
    """Dearest first."""
    gpu: GpuUse | None
    """None where no GPU was used, or nobody measured it."""


class Book:
    """The calls and GPU times of which `holds` says that they belong here.

    What each entry adds, and how corrections count, is what every other view sums by.
    """

    def __init__(self, holds: Callable[[Where], bool]) -> None:
        self._holds = holds
        self._entries = Entries()
        self._total = Tally()
        self._rows: dict[tuple[ModelKey, str], Tally] = {}
        self._gpu: dict[str, Entry] = {}

    def apply(self, events: Iterable[Event], pending: Iterable[InFlight] = ()) -> bool:
        """Put records and tell whether a figure changed; twice changes nothing."""
        changed = False
        for event in events:
            if event.corrects in self._entries or self._holds(event.where):
                changed |= self._moved(self._entries.settle(event))
        for call in pending:
            if self._holds(call.intent.where):
                changed |= self._moved(self._entries.fly(call))
        return changed

    @property
    def is_live(self) -> bool:
        """Whether a call is in flight."""
        return self._total.live_calls > 0

    def figures(self) -> Figures:
        """Return what it comes to now."""
        rows = [
            Row(key, device, tally)
            for (key, device), tally in self._rows.items()
            if tally != Tally()
        ]
        rows.sort(key=lambda row: (-row.tally.known_nusd, row.key, row.device))
        return Figures(
            total=self._total, rows=tuple(rows), gpu=gpu_use(self._gpu.values())
        )

    def _moved(self, changes: Iterable[Replaced]) -> bool:
        changed = False
        for change in changes:
            changed = True
            if change.old is not None:
                self._count(change.old, Tally() - entry_tally(change.old))
                self._gpu.pop(change.old.id, None)
            if change.new is not None:
                self._count(change.new, entry_tally(change.new))
                if gpu_lines(change.new):
                    self._gpu[change.new.id] = change.new
        return changed

    def _count(self, entry: Entry, tally: Tally) -> None:
        lines = gpu_lines(entry)
        row = model_key(entry), lines[0].variant if lines else ""
        self._rows[row] = self._rows.get(row, Tally()) + tally
        self._total += tally
