"""From a file to its call sites, their estimates and what is worth a word of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from cellcost.analysis import (
    CallSite,
    Document,
    Estimate,
    Finding,
    Together,
    Unit,
    Workspace,
    calibrated,
    cheaper,
    estimate,
    findings,
    silenced,
    spots_of,
)
from cellcost.prices import PriceBook
from cellcost.tokens import count
from cellcost.views import Past, SiteBook, Spot

if TYPE_CHECKING:
    from cellcost.policy.rules import Policy

__all__ = ["Checked", "Checker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One file or notebook: its call sites in order, and what was found of them."""

    unit: Unit
    estimates: tuple[Estimate, ...]
    spots: tuple[Spot, ...]
    """Of the same call sites, in the same order."""
    findings: tuple[Finding, ...]
    """Those that no comment silences."""

    def lines(self, cell: int | None) -> Sequence[str]:
        """Return the lines of the file, or of one of its cells."""
        return _lines(self.unit).get(cell, ())

    def codes(self, item: Estimate) -> list[str]:
        """Return the codes found at a call site, each once."""
        return list(dict.fromkeys(f.code for f in self.findings if f.estimate is item))


@dataclass(slots=True)
class Checker:
    """Reads files one by one, with what it takes to judge them."""

    workspace: Workspace
    book: PriceBook
    now: datetime
    environment: str
    off: frozenset[str]
    tags: Mapping[str, str]
    user: str
    policies: "tuple[Policy, ...]"
    history: SiteBook | None = None
    """The past calls to calibrate on; None for none."""

    def check_all(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Checked | None]]:
        """Yield each file with what there is in it, if anything; None if unreadable.

        A call also has what the other files call it with.
        """
        together = Together(find=self.workspace.find)
        readable: list[tuple[Path, str | None]] = []
        for path in paths:
            unit = self.workspace.unit(path)
            readable.append((path, None if unit is None else unit.path))
            if unit is not None:
                together.read(unit)
        for path, name in readable:
            sites = () if name is None else together.sites(name)
            # Read again, not kept: most files have no call, and there may be many.
            unit = self.workspace.unit(path) if sites else None
            if unit is not None:
                yield path, self._judged(path, unit, sites)
            elif name is None:
                yield path, None

    def _judged(self, path: Path, unit: Unit, sites: tuple[CallSite, ...]) -> Checked:
        spots = spots_of(unit, sites)
        plain = [
            estimate(site, book=self.book, count=count, at=self.now) for site in sites
        ]
        pasts = self._pasts(path, spots)
        items = [
            calibrated(item, past, book=self.book, at=self.now)
            if past is not None
            else item
            for item, past in zip(plain, pasts, strict=True)
        ]
        lines = _lines(unit)
        found = findings(
            items,
            environment=self.environment,
            tags=self.tags,
            user=self.user,
            policies=self.policies,
            lines=chain.from_iterable(lines.values()),
            off=self.off,
            instead=partial(cheaper, book=self.book),
        )
        return Checked(
            unit=unit,
            estimates=tuple(items),
            spots=spots,
            findings=tuple(
                finding
                for finding in found
                if not silenced(finding, lines[finding.estimate.site.area.cell])
            ),
        )

    def _pasts(self, path: Path, spots: Sequence[Spot]) -> list[Past | None]:
        if self.history is None:
            return [None] * len(spots)
        views = self.history.sites(str(path), spots, now=self.now)
        return [None if view is None else view.past for view in views]


def _lines(unit: Unit) -> Mapping[int | None, Sequence[str]]:
    if isinstance(unit, Document):
        return {None: unit.lines()}
    return {cell.index: cell.lines() for cell in unit.cells}
