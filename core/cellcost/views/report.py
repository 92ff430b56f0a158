"""Report: what was spent, one row for each cell, model, team, day or other key."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal, get_args

from cellcost.records import Event, Tokens
from cellcost.views.entries import Entry, InFlight, entries_of, entry_tally
from cellcost.views.gpu import gpu_lines
from cellcost.views.tally import Tally

__all__ = ["REPORT_KEYS", "ReportKey", "ReportRow", "report"]

ReportKey = Literal[
    "cell",
    "notebook",
    "model",
    "team",
    "function",
    "environment",
    "release",
    "call_site",
    "gpu",
    "day",
]

REPORT_KEYS: tuple[ReportKey, ...] = get_args(ReportKey)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One key and all that was spent under it."""

    key: str
    """"" where the calls do not say (no such tag, no cell)."""
    tally: Tally

    @property
    def calls(self) -> int:
        """How many calls, attempts included."""
        return self.tally.calls

    @property
    def tokens(self) -> Tokens:
        """The token totals."""
        return self.tally.tokens

    @property
    def cost_nusd(self) -> int | None:
        """The known cost; None when nothing is known."""
        return self.tally.cost_nusd

    @property
    def unpriced(self) -> int:
        """How many calls have no (whole) price."""
        return self.tally.n_unpriced


def report(
    events: Iterable[Event],
    *,
    by: ReportKey,
    pending: Iterable[InFlight] = (),
    zone: tzinfo | None = None,
) -> list[ReportRow]:
    """Return one row a key, dearest first (days: in order); the rows add up.

    Days are those of `zone`, by default the machine's. Rows by `gpu` are devices: they
    leave calls out, which use none that we measured.
    """
    key_of = _KEYS.get(by) or _tag(by)
    if by == "day":
        key_of = _day(zone)
    rows: dict[str, Tally] = {}
    for entry in entries_of(events, pending):
        if by == "gpu" and not gpu_lines(entry):
            continue
        key = key_of(entry)
        rows[key] = rows.get(key, Tally()) + entry_tally(entry)
    table = [ReportRow(key, tally) for key, tally in rows.items()]
    if by == "day":
        return sorted(table, key=lambda row: row.key)
    return sorted(table, key=lambda row: (-row.tally.known_nusd, row.key))


def _cell(entry: Entry) -> str:
    where = entry.where
    if where.notebook and where.cell_id:
        return f"{where.notebook}#{where.cell_id}"
    return where.cell_id


def _device(entry: Entry) -> str:
    return next((line.variant for line in gpu_lines(entry)), "")


_KEYS: Mapping[str, Callable[[Entry], str]] = {
    "cell": _cell,
    "notebook": lambda entry: entry.where.notebook,
    "model": lambda entry: entry.model,
    "call_site": lambda entry: entry.where.call_site,
    "gpu": _device,
}


def _tag(name: str) -> Callable[[Entry], str]:
    return lambda entry: entry.where.tags.get(name, "")


def _day(zone: tzinfo | None) -> Callable[[Entry], str]:
    return lambda entry: entry.time.astimezone(zone).date().isoformat()
