"""DayBook: what today cost so far, by model, and what is being spent right now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from cellcost.records import Event
from cellcost.views.entries import Entries, Entry, InFlight, Replaced, entry_tally
from cellcost.views.holding import HeldView, held_now
from cellcost.views.runs import ModelKey, model_key
from cellcost.views.tally import Tally

__all__ = ["DayBook", "DayView", "ModelTally", "NowView", "day_bounds"]


@dataclass(frozen=True, slots=True)
class ModelTally:
    """What one model cost."""

    key: ModelKey
    tally: Tally


@dataclass(frozen=True, slots=True)
class NowView:
    """Calls in flight of one cell and model."""

    model: str
    notebook: str
    cell_id: str
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """One day's total, its parts by model, and the calls in flight."""

    day: date
    total: Tally
    by_model: tuple[ModelTally, ...]
    """Dearest first; they add up to the total."""
    now: tuple[NowView, ...]
    held: tuple[HeldView, ...]
    """GPUs that are held at this moment while nothing runs there."""


def day_bounds(
    moment: datetime, zone: tzinfo | None = None
) -> tuple[datetime, datetime]:
    """Return the first moment of the day of `moment`, and of the next day.

    The day is the one people have on their wall: in `zone`, by default the machine's.
    """
    local = moment.astimezone(zone)
    # Midnight is looked up anew on each side: a day with a clock change has 23 or 25 h.
    start = datetime.combine(local.date(), time(), zone)
    end = datetime.combine(local.date() + timedelta(days=1), time(), zone)
    return start.astimezone(zone), end.astimezone(zone)


class DayBook:
    """One day's calls, summed as they come; the day has fixed bounds."""

    def __init__(self, moment: datetime, zone: tzinfo | None = None) -> None:
        self.start, self.end = day_bounds(moment, zone)
        self.day = self.start.date()
        self._entries = Entries()
        self._total = Tally()
        self._by_model: dict[ModelKey, Tally] = {}
        self._flying: dict[str, Entry] = {}
        self._gpu: dict[str, Entry] = {}

    def apply(self, events: Iterable[Event], pending: Iterable[InFlight] = ()) -> bool:
        """Put records and tell whether anything of this day changed.

        Events of other days are ignored; what is in flight always counts as today's.
        """
        changed = False
        for event in events:
            if event.corrects in self._entries or self._is_today(event.time):
                moves = self._entries.settle(event)
            else:
                # A call that began before midnight was shown while it ran; it is
                # yesterday's, as in every report by day.
                moves = self._entries.drop(event.id)
            for change in moves:
                self._move(change)
                changed = True
        for call in pending:
            for change in self._entries.fly(call):
                self._move(change)
                changed = True
        return changed

    def view(self) -> DayView:
        """Return the day as it stands now."""
        rows = [
            ModelTally(key, tally)
            for key, tally in self._by_model.items()
            if tally != Tally()
        ]
        rows.sort(key=lambda row: (-row.tally.known_nusd, row.key))
        return DayView(
            day=self.day,
            total=self._total,
            by_model=tuple(rows),
            now=self._now(),
            held=held_now(self._gpu.values()),
        )

    def _is_today(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def _now(self) -> tuple[NowView, ...]:
        sums: dict[tuple[str, str, str], Tally] = {}
        for entry in self._flying.values():
            if not entry.where.cell_id and entry.kind == "gpu":
                continue  # that is `held`, or work of nobody's
            key = (entry.model, entry.where.notebook, entry.where.cell_id)
            sums[key] = sums.get(key, Tally()) + entry_tally(entry)
        return tuple(NowView(*key, tally) for key, tally in sums.items())

    def _move(self, change: Replaced) -> None:
        for entry, sign in ((change.old, -1), (change.new, 1)):
            if entry is None:
                continue
            tally = entry_tally(entry)
            key = model_key(entry)
            before = self._by_model.get(key, Tally())
            self._by_model[key] = before + tally if sign > 0 else before - tally
            self._total = self._total + tally if sign > 0 else self._total - tally
            if sign > 0 and entry.live:
                self._flying[entry.id] = entry
            else:
                self._flying.pop(entry.id, None)
            if sign > 0 and entry.kind == "gpu":
                self._gpu[entry.id] = entry
            else:
                self._gpu.pop(entry.id, None)
