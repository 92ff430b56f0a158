"""From a file to its call sites, their estimates and what is worth a word of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from cellcost.analysis import (
    Document,
    Estimate,
    Finding,
    Unit,
    Workspace,
    analyse,
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
    imports: frozenset[tuple[str, str]] = frozenset()
    """Every module that was looked for: its name, and the importer's path."""

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
    history: SiteBook | None = None
    """The past calls to calibrate on; None for none."""
    _imports: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def check(self, path: Path) -> Checked | None:
        """Return what there is in a file; None if it cannot be read."""
        unit = self.workspace.unit(path)
        if unit is None:
            return None
        self._imports.clear()
        sites = analyse(unit, find=self._find)
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
            imports=frozenset(self._imports),
        )

    def _pasts(self, path: Path, spots: Sequence[Spot]) -> list[Past | None]:
        if self.history is None:
            return [None] * len(spots)
        views = self.history.sites(str(path), spots, now=self.now)
        return [None if view is None else view.past for view in views]

    def _find(self, name: str, importer: str) -> Document | None:
        self._imports.add((name, importer))
        return self.workspace.find(name, importer)


def _lines(unit: Unit) -> Mapping[int | None, Sequence[str]]:
    if isinstance(unit, Document):
        return {None: unit.lines()}
    return {cell.index: cell.lines() for cell in unit.cells}
