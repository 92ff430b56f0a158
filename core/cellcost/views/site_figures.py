"""SiteFigures: the running figures of one call site, function, cell or file.

What is kept does not grow with the calls: sums of the latest run, of two months, and
the token counts of the latest 64 answers.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter, sub

from cellcost.clock import from_microseconds, to_microseconds
from cellcost.views.entries import Entry, Replaced, entry_tally, failed
from cellcost.views.runs import ModelKey, model_key
from cellcost.views.tally import Tally

__all__ = [
    "MOST_SAMPLES",
    "Month",
    "Past",
    "RunFigure",
    "SiteFigures",
    "SiteView",
    "Step",
    "month_of",
    "run_of",
    "site_view",
    "step_of",
]

MOST_SAMPLES = 64
"""Of how many calls the token counts are kept."""
_MOST_MODELS = 16
_OTHER_MODELS = ModelKey("other models", "", "")

Month = tuple[int, int]
"""A year and a month, UTC."""


def month_of(moment: datetime) -> Month:
    """Return the UTC month of a moment."""
    utc = moment.astimezone(UTC)
    return utc.year, utc.month


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigure:
    """What the latest run did here.

    A run is one execution of a cell, or one process of a script, with the threads and
    child processes that belong to it. The latest is the one that began last.
    """

    run_id: str
    started: datetime
    """When its first call here began."""
    duration_seconds: float
    """From its first request here to its last answer."""
    tally: Tally
    by_model: tuple[tuple[ModelKey, Tally], ...]
    """Dearest first; they add up to the tally."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The token counts of the latest calls that got a whole answer, oldest first."""

    times: tuple[datetime, ...] = ()
    inputs: tuple[int, ...] = ()
    """With what came from a cache."""
    cached: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    certain: int = 0
    """How many of these counts were measured, not estimated."""
    stopped: int = 0
    """How many calls got no whole answer: they are not among these."""
    more: bool = False
    """Whether there were earlier calls of which the counts are not kept."""

    def __len__(self) -> int:
        return len(self.outputs)

    @property
    def average_input(self) -> int | None:
        """The mean of the input tokens, rounded; None without calls."""
        return _mean(self.inputs)

    @property
    def average_output(self) -> int | None:
        """The mean of the output tokens, rounded; None without calls."""
        return _mean(self.outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """What the journal knows of one call site, function, cell or file."""

    last: RunFigure
    month: Tally | None
    """The UTC month so far; None if the journal's calls cannot be told apart."""
    total: Tally | None
    """All that the book was ever told; None as for the month."""
    past: Past

    @property
    def month_nusd(self) -> int | None:
        """What the month cost so far, as far as that is known."""
        return None if self.month is None else self.month.cost_nusd


_Sum = list[int]
"""A Tally that is added to in place: its fields in order."""
_NAMES = tuple(field.name for field in fields(Tally))
_fields = attrgetter(*_NAMES)


def _nothing() -> _Sum:
    return [0] * len(_NAMES)


def _add(total: _Sum, row: Sequence[int]) -> None:
    for n, value in enumerate(row):
        if value:
            total[n] += value


@dataclass(frozen=True, slots=True)
class Step:
    """One change of an entry as figures take it: worked out once for all of them."""

    change: Replaced
    run_id: str
    began: datetime
    """When its run began."""
    model: ModelKey
    month: Month
    time: datetime
    ended: datetime
    tally: Tally
    """What the entry adds now."""
    row: tuple[int, ...]
    """The fields of the Tally by which sums move."""


def step_of(change: Replaced, entry: Entry, began: datetime) -> Step:
    """Return the step that a change of `entry` is; its run began at `began`."""
    tally = entry_tally(entry) if change.new else Tally()
    if entry.kind == "correction":
        # On its own it stands for the difference to a call that is counted already.
        tally = replace(tally, n_priced=0)
    row: tuple[int, ...] = _fields(tally)
    if change.old is not None:
        before: tuple[int, ...] = _fields(entry_tally(change.old))
        row = tuple(map(sub, row, before))
    return Step(
        change=change,
        run_id=run_of(entry),
        began=began,
        model=model_key(entry),
        month=month_of(entry.time),
        time=entry.time,
        ended=entry.ended,
        tally=tally,
        row=row,
    )


class SiteFigures:
    """Sums that move call by call; a change costs the same at any size."""

    __slots__ = (
        "_ended",
        "_months",
        "_run",
        "_samples",
        "_total",
        "began",
        "run_id",
        "started",
    )

    def __init__(self) -> None:
        self.run_id = ""
        self.began = _NEVER
        """When the latest run began, here or elsewhere."""
        self.started = _NEVER
        self._ended = _NEVER
        self._run: dict[ModelKey, _Sum] = {}
        self._months: dict[Month, _Sum] = {}
        self._total = _nothing()
        self._samples: _Samples | None = None

    def put(self, step: Step, *, sample: bool = False) -> None:
        """Apply one step."""
        if step.run_id != self.run_id and step.began >= self.began:
            self.run_id, self._run, self.started = step.run_id, {}, step.time
            self._ended = step.time
        if step.run_id == self.run_id:
            self.began = step.began
            self._count_run(step)
        _add(self._total, step.row)
        self._count_month(step)
        if sample:
            self._sample(step)

    def run_figure(self) -> RunFigure:
        """Return the latest run."""
        sums = ((key, Tally(*row)) for key, row in self._run.items())
        models = {key: tally for key, tally in sums if tally != Tally()}
        return RunFigure(
            run_id=self.run_id,
            started=self.started,
            duration_seconds=(self._ended - self.started).total_seconds(),
            tally=sum(models.values(), Tally()),
            by_model=_dearest(models),
        )

    def month(self, month: Month) -> Tally:
        """Return a month's sums: this one or the one before."""
        row = self._months.get(month)
        return Tally() if row is None else Tally(*row)

    @property
    def total(self) -> Tally:
        """All that was ever counted here."""
        return Tally(*self._total)

    def has_month(self, month: Month) -> bool:
        """Say whether anything was recorded in a month."""
        return month in self._months

    def samples(self) -> "Iterator[_Row]":
        """Yield what is kept of each call, in no order."""
        return iter(()) if self._samples is None else self._samples.rows()

    @property
    def stopped(self) -> int:
        """How many calls got no whole answer."""
        return 0 if self._samples is None else self._samples.stopped

    @property
    def sampled(self) -> int:
        """How many calls got a whole answer, kept or not."""
        return 0 if self._samples is None else self._samples.count

    def _count_run(self, step: Step) -> None:
        key = step.model
        row = self._run.get(key)
        if row is None:
            if len(self._run) >= _MOST_MODELS:
                key = _OTHER_MODELS
            row = self._run.get(key) or self._run.setdefault(key, _nothing())
        _add(row, step.row)
        self.started = min(self.started, step.time)
        self._ended = max(self._ended, step.ended)

    def _count_month(self, step: Step) -> None:
        row = self._months.get(step.month)
        if row is None:
            if len(self._months) == 2:
                oldest = min(self._months)
                if step.month < oldest:
                    return
                del self._months[oldest]
            row = self._months.setdefault(step.month, _nothing())
        _add(row, step.row)

    def _sample(self, step: Step) -> None:
        entry = step.change.new
        if entry is None or entry.live or entry.kind != "llm" or failed(entry):
            return
        if self._samples is None:
            self._samples = _Samples()
        old = step.change.old
        before = None if old is None or old.live else old
        self._samples.put(entry, step.tally, before)


_Row = tuple[int, int, int, int, int]
"""Time in microseconds, input, cached and output tokens, 1 if they were measured."""
_WIDTH = 5
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Samples:
    """The token counts of the latest calls, in a ring."""

    __slots__ = ("_next", "_ring", "count", "stopped")

    def __init__(self) -> None:
        self._ring = array("q")
        self._next = 0
        self.count = 0
        self.stopped = 0

    def put(self, entry: Entry, tally: Tally, before: Entry | None) -> None:
        """Count a settled call; `before` is what it was settled as until now."""
        if entry.confidence == "partial":
            self.stopped += before is None
            return
        if before is not None and before.confidence != "partial":
            return  # its counts are kept as they were first told
        self.stopped -= before is not None
        if not (tally.input or tally.output):
            return  # an answer that was not read
        row = (
            to_microseconds(entry.time),
            tally.input,
            tally.cache_read,
            tally.output,
            int(entry.confidence != "estimated"),
        )
        if len(self._ring) < _WIDTH * MOST_SAMPLES:
            self._ring.extend(row)
        else:
            self._ring[self._next : self._next + _WIDTH] = array("q", row)
            self._next = (self._next + _WIDTH) % (_WIDTH * MOST_SAMPLES)
        self.count += 1

    def rows(self) -> Iterator[_Row]:
        """Yield what is kept, in no order."""
        ring = self._ring
        for n in range(0, len(ring), _WIDTH):
            yield ring[n], ring[n + 1], ring[n + 2], ring[n + 3], ring[n + 4]


def run_of(entry: Entry) -> str:
    """Return the id of an entry's run; a call without one is a run of its own."""
    return entry.where.run_id or entry.id


def site_view(
    parts: Iterable[SiteFigures],
    month: Month,
    *,
    month_known: bool = True,
    total_known: bool = True,
) -> SiteView | None:
    """Return the figures of some parts as one; None if there are none."""
    found = [part for part in parts if part.run_id]
    if not found:
        return None
    return SiteView(
        last=_latest(found),
        month=sum((p.month(month) for p in found), Tally()) if month_known else None,
        total=sum((p.total for p in found), Tally()) if total_known else None,
        past=_past(found),
    )


def _latest(parts: list[SiteFigures]) -> RunFigure:
    newest = max(parts, key=lambda part: part.began)
    same = [part.run_figure() for part in parts if part.run_id == newest.run_id]
    models: dict[ModelKey, Tally] = {}
    for figure in same:
        for key, tally in figure.by_model:
            models[key] = models.get(key, Tally()) + tally
    started = min(figure.started for figure in same)
    ended = max(f.started + timedelta(seconds=f.duration_seconds) for f in same)
    return RunFigure(
        run_id=newest.run_id,
        started=started,
        duration_seconds=(ended - started).total_seconds(),
        tally=sum(models.values(), Tally()),
        by_model=_dearest(models),
    )


def _past(parts: list[SiteFigures]) -> Past:
    rows = sorted(row for part in parts for row in part.samples())
    kept = rows[-MOST_SAMPLES:]
    return Past(
        times=tuple(from_microseconds(row[0]) for row in kept),
        inputs=tuple(row[1] for row in kept),
        cached=tuple(row[2] for row in kept),
        outputs=tuple(row[3] for row in kept),
        certain=sum(row[4] for row in kept),
        stopped=sum(part.stopped for part in parts),
        more=sum(part.sampled for part in parts) > len(kept),
    )


def _dearest(models: dict[ModelKey, Tally]) -> tuple[tuple[ModelKey, Tally], ...]:
    return tuple(sorted(models.items(), key=lambda row: (-row[1].known_nusd, row[0])))


def _mean(counts: tuple[int, ...]) -> int | None:
    return round(sum(counts) / len(counts)) if counts else None
