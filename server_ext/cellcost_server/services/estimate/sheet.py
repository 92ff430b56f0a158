"""Sheet: one notebook, kept parsed, and what its cells will cost.

Imports the analysis: only the estimator's thread imports this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from cellcost.analysis import (
    Area,
    Document,
    Estimate,
    Find,
    Finding,
    Notebook,
    Workspace,
    analyse,
    calibrated,
    cheaper,
    estimate,
    findings,
    reached,
    silenced,
    spots_of,
)
from cellcost.call_sites import source_hash
from cellcost.clock import price_time
from cellcost.config import Settings, load_settings_or_default
from cellcost.config.people import user_name
from cellcost.config.watch import Stamp, settings_stamp
from cellcost.prices import PriceBook, load_book
from cellcost.tokens import count
from cellcost.views.site_figures import Past
from cellcost_server.services.estimate.figures import cell_estimate
from cellcost_server.services.estimate.past import PastCalls

__all__ = ["Sheet"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Terms:
    """The settings in force for a notebook, and their price book."""

    settings: Settings
    stamp: Stamp
    book: PriceBook


class Sheet:
    """One notebook; an edit costs what the edited statements cost."""

    def __init__(
        self, path: Path, root: Path, env: Mapping[str, str], past: PastCalls
    ) -> None:
        self._notebook = Notebook(str(path))
        self._past = past
        self._folder = path.parent if path.parent.is_dir() else root
        self._env = env
        self._workspace = Workspace(root)
        self._stamps: dict[Path, int | None] = {}
        """The imported files, and when each was changed last."""
        self._indices: dict[str, int] = {}
        """A cell keeps its index wherever it moves, and so what is known of it."""
        self._next_index = 0
        self._terms: _Terms | None = None

    @property
    def size(self) -> int:
        """The characters of all sources."""
        return sum(len(cell.text) for cell in self._notebook.cells)

    def look(self, cells: Sequence[tuple[str, str]]) -> list[Json]:
        """Return what each of the (id, source) will cost."""
        indices: dict[str, int] = {}
        for cell_id, _ in cells:
            indices[cell_id] = self._indices.get(cell_id, self._next_index)
            self._next_index = max(self._next_index, indices[cell_id] + 1)
        self._indices = indices
        self._notebook.update([(indices[id_], source) for id_, source in cells])
        self._forget_changed_files()
        imported: dict[str, Document] = {}
        find = partial(self._find, imported)
        sites = reached(self._notebook, find=find)
        terms, now = self._current_terms(), price_time(self._env)
        pasts = self._pasts(find, now) if sites else {}
        answer: list[Json] = []
        for cell_id, source in cells:
            index = indices[cell_id]
            plain = [
                estimate(site, book=terms.book, count=count, at=now)
                for site in sites.get(index, ())
            ]
            items = [
                calibrated(item, past, book=terms.book, at=now)
                if (past := pasts.get(item.site.area)) is not None
                else item
                for item in plain
            ]
            found = self._findings(items, terms, imported)
            answer.append(
                {
                    "cell_id": cell_id,
                    "source_hash": source_hash(source),
                    "estimate": cell_estimate(index, items, plain, found),
                }
            )
        return answer

    def _pasts(self, find: Find, now: datetime) -> dict[Area, Past]:
        """Return what the notebook's call sites used before, as far as it is known."""
        book = self._past.book(now)
        if book is None or book.file(self._notebook.path, now=now) is None:
            return {}
        sites = analyse(self._notebook, find=find)
        ids = {index: cell_id for cell_id, index in self._indices.items()}
        spots = spots_of(self._notebook, sites, cell_ids=ids)
        views = book.sites(self._notebook.path, spots, now=now)
        return {
            site.area: view.past
            for site, view in zip(sites, views, strict=True)
            if view is not None
        }

    def _findings(
        self,
        items: Sequence[Estimate],
        terms: _Terms,
        imported: Mapping[str, Document],
    ) -> list[Finding]:
        found = findings(
            items,
            environment=terms.settings.environment,
            tags=terms.settings.tags,
            user=user_name(terms.settings.policies, self._env),
            policies=terms.settings.policies,
            off=terms.settings.editor.off,
            instead=partial(cheaper, book=terms.book),
        )
        return [one for one in found if not silenced(one, self._lines(one, imported))]

    def _lines(self, found: Finding, imported: Mapping[str, Document]) -> list[str]:
        """Return the lines of the cell or file that a finding is in."""
        area = found.estimate.site.area
        for cell in self._notebook.cells:
            if cell.index == area.cell:
                return cell.lines()
        return imported[area.path].lines() if area.path in imported else []

    def _find(
        self, imported: dict[str, Document], name: str, importer: str
    ) -> Document | None:
        document = self._workspace.find(name, importer)
        if document is not None:
            imported[document.path] = document
            path = Path(document.path)
            if path not in self._stamps:
                self._stamps[path] = _changed_at(path)
        return document

    def _forget_changed_files(self) -> None:
        for path, stamp in list(self._stamps.items()):
            if _changed_at(path) != stamp:
                del self._stamps[path]
                self._workspace.forget(path)
        # A file may have come into being where none was.
        self._workspace.forget(Path(self._notebook.path))

    def _current_terms(self) -> _Terms:
        known = self._terms
        if known is not None:
            stamp = settings_stamp(known.settings, cwd=self._folder, env=self._env)
            if stamp == known.stamp:
                return known
        settings, _ = load_settings_or_default(cwd=self._folder, env=self._env)
        stamp = settings_stamp(settings, cwd=self._folder, env=self._env)
        self._terms = _Terms(settings, stamp, load_book(settings))
        return self._terms


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
