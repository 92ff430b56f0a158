"""Run: the running figures of one run of a cell, kept up to date call by call."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cellcost.records import Origin
from cellcost.views.entries import Entry, Replaced, entry_tally, failed
from cellcost.views.tally import Tally

__all__ = ["Gap", "ModelKey", "Run", "model_key"]

_K = TypeVar("_K")


@dataclass(frozen=True, slots=True, order=True)
class ModelKey:
    """Which model, whose, and where it was asked."""

    model: str
    provider: str
    endpoint: str


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A reason why a call has no (whole) price, and for which model."""

    reason: str
    model: ModelKey


def model_key(entry: Entry) -> ModelKey:
    """Return the model that an entry is about."""
    call = entry.call
    if call is None:
        return ModelKey("", "", "")
    return ModelKey(entry.model, call.provider, call.endpoint)


class Run:
    """The sums of one run of a cell; a change costs the same at any size."""

    __slots__ = (
        "_ended",
        "entries",
        "failures",
        "gaps",
        "gpu",
        "models",
        "notes",
        "origins",
        "run_id",
        "source_hash",
        "started",
        "tally",
    )

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.source_hash = ""
        self.entries: dict[str, Entry] = {}
        self.tally = Tally()
        self.gpu: dict[str, Entry] = {}
        """The entries of GPU time among all."""
        self.models: Counter[ModelKey] = Counter()
        self.gaps: Counter[Gap] = Counter()
        self.notes: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.origins: Counter[Origin] = Counter()
        self.started: datetime | None = None
        self._ended: datetime | None = None

    def put(self, change: Replaced) -> Tally:
        """Apply one change and return the difference it made."""
        delta = Tally()
        if change.old is not None:
            delta -= self._count(change.old, -1)
            del self.entries[change.old.id]
            self.gpu.pop(change.old.id, None)
        if change.new is not None:
            delta += self._count(change.new, 1)
            self.entries[change.new.id] = change.new
            if change.new.kind == "gpu":
                self.gpu[change.new.id] = change.new
            self.source_hash = self.source_hash or change.new.where.source_hash
            self._stretch(change.new)
        self.tally += delta
        return delta

    @property
    def duration_seconds(self) -> float:
        """Seconds from the first request to the last answer."""
        if self.started is None or self._ended is None:
            return 0.0
        return (self._ended - self.started).total_seconds()

    def _count(self, entry: Entry, step: int) -> Tally:
        if entry.kind == "llm":
            _step(self.models, model_key(entry), step)
            _step(self.origins, entry.where.origin, step)
        for reason in {r.reason for r in entry.lines if r.cost_nusd is None}:
            _step(self.gaps, Gap(reason, model_key(entry)), step)
        if entry.note and entry.confidence == "partial":
            _step(self.notes, entry.note, step)
        if failed(entry):
            _step(self.failures, _failure(entry), step)
        return entry_tally(entry)

    def _stretch(self, entry: Entry) -> None:
        if self.started is None or entry.time < self.started:
            self.started = entry.time
        if self._ended is None or entry.ended > self._ended:
            self._ended = entry.ended


def _failure(entry: Entry) -> str:
    status = entry.call.status if entry.call is not None else None
    return entry.note or (f"HTTP {status}" if status is not None else "no answer")


def _step(counter: Counter[_K], key: _K, step: int) -> None:
    counter[key] += step
    if not counter[key]:
        del counter[key]
