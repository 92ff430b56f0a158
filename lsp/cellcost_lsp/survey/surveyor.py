"""Reads closed files for what their calls cost."""

from datetime import datetime
from pathlib import Path

from cellcost.analysis import Count, Document, Workspace, analyse, estimate
from cellcost.analysis.heat import may_spend
from cellcost.analysis.workspace import LARGEST_BYTES
from cellcost.prices import PriceBook
from cellcost_lsp.survey.spends import FileSpend, file_spend

__all__ = ["Surveyor"]

_MOST_READ = 200
"""Files after which what was read of imported ones is dropped: memory is bounded."""


class Surveyor:
    """Reads files one after the other; what they import is read once."""

    def __init__(
        self, root: Path, *, book: PriceBook, count: Count, at: datetime
    ) -> None:
        self._root = root
        self._book = book
        self._count = count
        self._at = at
        self._workspace = Workspace(root)
        self._since = 0

    def read(self, path: Path) -> FileSpend | None:
        """Return what a file's calls cost; None if it has none or cannot be read."""
        try:
            if path.stat().st_size > LARGEST_BYTES or not may_spend(path.read_bytes()):
                return None
        except OSError:
            return None
        self._since += 1
        if self._since > _MOST_READ:
            self._since = 0
            self._workspace = Workspace(self._root)
        unit = self._workspace.unit(path)
        if unit is None:
            return None
        imports: set[str] = set()

        def noted(name: str, importer: str) -> Document | None:
            document = self._workspace.find(name, importer)
            if document is not None:
                imports.add(document.path)
            return document

        items = [
            estimate(site, book=self._book, count=self._count, at=self._at)
            for site in analyse(unit, find=noted)
        ]
        found = file_spend(str(path), items, imports)
        return found if found.spends else None
