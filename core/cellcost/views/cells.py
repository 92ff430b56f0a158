"""CellView: what a person sees under one cell, for one run of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cellcost.records import Event, Tokens
from cellcost.views.chips import Chip, chips_of
from cellcost.views.entries import InFlight, Replaced, entries_of
from cellcost.views.gpu import GpuUse, gpu_use
from cellcost.views.runs import ModelKey, Run
from cellcost.views.tally import State, Tally

__all__ = ["CellView", "ModelShare", "cell_view", "view_run"]


@dataclass(frozen=True, slots=True)
class ModelShare:
    """How many of the calls asked this model."""

    key: ModelKey
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """The badge of one cell: its latest run, or any one run that was asked for."""

    cell_id: str
    run_id: str
    run_number: int
    """1 for the first run of this cell that made a call."""
    source_hash: str
    """Of the source that was run; "" where no call says it."""
    tally: Tally
    models: tuple[ModelShare, ...]
    """Most called first."""
    started: datetime | None
    duration_seconds: float
    chips: tuple[Chip, ...]
    origin_note: str
    """Where calls came from that the cell did not make itself; "" for a plain cell."""
    gpu: GpuUse | None
    """Device time of this run; None if it used no GPU, or nobody measured it."""

    @property
    def cost_nusd(self) -> int | None:
        """The known cost; None when nothing is known."""
        return self.tally.cost_nusd

    @property
    def state(self) -> State:
        """The worst state among the calls."""
        return self.tally.state

    @property
    def tokens(self) -> Tokens:
        """The token totals."""
        return self.tally.tokens


def cell_view(
    events: Iterable[Event], pending: Iterable[InFlight] = (), *, run_number: int = 1
) -> CellView:
    """Return the view of one run of one cell, from all its records."""
    run: Run | None = None
    cell_id = ""
    for entry in entries_of(events, pending):
        if run is None:
            run = Run(entry.where.run_id)
            cell_id = entry.where.cell_id
        run.put(Replaced(None, entry))
    return view_run(run or Run(""), cell_id=cell_id, run_number=run_number)


def view_run(run: Run, *, cell_id: str, run_number: int) -> CellView:
    """Return the view of a run at this moment."""
    models = sorted(run.models.items(), key=lambda item: (-item[1], item[0]))
    return CellView(
        cell_id=cell_id,
        run_id=run.run_id,
        run_number=run_number,
        source_hash=run.source_hash,
        tally=run.tally,
        models=tuple(ModelShare(key, calls) for key, calls in models),
        started=run.started,
        duration_seconds=run.duration_seconds,
        chips=chips_of(run),
        origin_note=_origin_note(run),
        gpu=gpu_use(run.gpu.values()),
    )


_ORIGINS = {
    "silent": "a silent execution",
    "widget": "a widget callback",
    "thread": "a thread or task it started",
    "process": "a process it started",
    "script": "a script it started",
}


def _origin_note(run: Run) -> str:
    notes = [
        f"{calls} {'call' if calls == 1 else 'calls'} from {_ORIGINS[origin]}"
        for origin, calls in run.origins.most_common()
        if origin in _ORIGINS
    ]
    return ", ".join(notes)
