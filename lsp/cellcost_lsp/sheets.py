"""What is open in the editor: files, and notebooks as one sheet of many pages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lsprotocol import types
from pygls.uris import to_fs_path, urlparse

from cellcost.clock import utc_now
from cellcost_lsp.text import PYTHON, Edit, Encoding, Page, edited, split_lines

__all__ = ["CellId", "Sheet", "Sheets"]

CellId = int | None
"""Names a page of a sheet: None for a file, else a number that no other cell gets."""


@dataclass(slots=True, eq=False)
class Sheet:
    """A file, or a notebook: what is analysed as one."""

    uri: str
    path: str
    notebook: bool = False
    opened: datetime = field(default_factory=utc_now)
    version: int = 0
    """Counts every change of text, cells and execution order."""
    pages: dict[CellId, Page] = field(default_factory=dict[CellId, Page])
    """In the notebook's order; a file has one, None."""
    cells: list[types.NotebookCell] = field(default_factory=list[types.NotebookCell])
    edits: list[tuple[int, CellId, Edit]] = field(
        default_factory=list[tuple[int, CellId, Edit]]
    )
    """Edits with the version that each led to, for what an older version says."""
    _ids: dict[str, int] = field(default_factory=dict[str, int])

    def cell_of(self, uri: str) -> CellId:
        """Return which page of the sheet a document is."""
        return self._ids.get(uri)

    def page_of(self, uri: str) -> Page | None:
        """Return the page that a document is; None for a cell that is no Python."""
        if self.notebook and uri not in self._ids:
            return None
        return self.pages.get(self.cell_of(uri))

    def running_order(self) -> tuple[tuple[int, str], ...]:
        """Return a notebook's cells as (id, text), in the order in which they run.

        Cells that have run stand in the order in which they did, on the places that
        they have in the notebook; the others stay where they are.
        """
        ran = {
            self._ids[cell.document]: cell.execution_summary.execution_order
            for cell in self.cells
            if cell.document in self._ids
            and cell.execution_summary is not None
            and cell.execution_summary.execution_order > 0
        }
        places = [cell for cell in self.pages if cell is not None]
        ordered = iter(sorted((c for c in places if c in ran), key=ran.__getitem__))
        order = [next(ordered) if cell in ran else cell for cell in places]
        return tuple((cell, self.pages[cell].text) for cell in order)

    def edits_since(self, version: int) -> list[tuple[CellId, Edit]]:
        """Return what was edited after `version`, in order."""
        return [(cell, edit) for at, cell, edit in self.edits if at > version]

    def forget_edits(self, version: int) -> None:
        """Drop the edits that led to `version` or an older one."""
        self.edits = [edit for edit in self.edits if edit[0] > version]

    def put(self, item: types.TextDocumentItem, encoding: Encoding) -> None:
        """Keep a document that was opened; a cell that is no Python is left out."""
        if self.notebook and item.language_id not in PYTHON:
            return
        cell = self._ids.setdefault(item.uri, len(self._ids)) if self.notebook else None
        self.pages[cell] = Page(
            item.uri, item.version, item.language_id, encoding, split_lines(item.text)
        )

    def edit(
        self,
        uri: str,
        changes: Iterable[types.TextDocumentContentChangeEvent],
        version: int,
    ) -> None:
        """Change a document's text; `self.version` must be the new one already."""
        page = self.page_of(uri)
        if page is None:
            return
        cell = self.cell_of(uri)
        self.pages[cell], edits = edited(page, changes, version)
        self.edits += [(self.version, cell, edit) for edit in edits]

    def arrange(self) -> None:
        """Put the pages in the order of the notebook's cells; drop those removed."""
        places = [
            self._ids[cell.document]
            for cell in self.cells
            if cell.kind == types.NotebookCellKind.Code and cell.document in self._ids
        ]
        self.pages = {cell: self.pages[cell] for cell in places if cell in self.pages}


class Sheets:
    """Every open sheet, kept in step with the editor."""

    def __init__(self, encoding: Encoding = "utf-16", root: Path | None = None) -> None:
        self._encoding: Encoding = encoding
        self._root = root
        self._by_uri: dict[str, Sheet] = {}
        self._by_cell: dict[str, Sheet] = {}
        self._by_path: dict[str, Sheet] = {}

    def __iter__(self) -> Iterator[Sheet]:
        """Yield the sheets that are open."""
        return iter(tuple(self._by_uri.values()))

    def of(self, uri: str) -> Sheet | None:
        """Return the sheet with this uri, or that has a cell with it."""
        return self._by_uri.get(uri) or self._by_cell.get(uri)

    def at(self, path: str) -> Sheet | None:
        """Return the sheet that shows the file at `path`."""
        return self._by_path.get(path)

    def open_file(self, item: types.TextDocumentItem) -> Sheet:
        """Keep a file that was opened."""
        sheet = Sheet(item.uri, self._path(item.uri))
        sheet.put(item, self._encoding)
        return self._keep(sheet)

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> Sheet:
        """Keep a notebook that was opened."""
        notebook = params.notebook_document
        sheet = Sheet(notebook.uri, self._path(notebook.uri), notebook=True)
        sheet.cells = list(notebook.cells)
        for item in params.cell_text_documents:
            sheet.put(item, self._encoding)
            self._by_cell[item.uri] = sheet
        sheet.arrange()
        return self._keep(sheet)

    def change_file(self, params: types.DidChangeTextDocumentParams) -> Sheet | None:
        """Change a file's text, or a cell's; None if it is not open."""
        sheet = self.of(params.text_document.uri)
        if sheet is not None:
            sheet.version += 1
            sheet.edit(
                params.text_document.uri,
                params.content_changes,
                params.text_document.version,
            )
        return sheet

    def change_notebook(
        self, params: types.DidChangeNotebookDocumentParams
    ) -> Sheet | None:
        """Change a notebook's cells, their texts, or what has run; None if not open."""
        sheet = self._by_uri.get(params.notebook_document.uri)
        changes = params.change.cells
        if sheet is None or changes is None:
            return sheet
        sheet.version += 1
        if changes.structure is not None:
            self._restructure(sheet, changes.structure)
        for changed in changes.data or ():
            sheet.cells = [
                changed if cell.document == changed.document else cell
                for cell in sheet.cells
            ]
        sheet.arrange()
        for content in changes.text_content or ():
            sheet.edit(content.document.uri, content.changes, content.document.version)
        return sheet

    def close(self, uri: str, cells: Sequence[str] = ()) -> Sheet | None:
        """Forget a sheet that was closed, and return it."""
        sheet = self._by_uri.pop(uri, None)
        for cell in cells:
            self._by_cell.pop(cell, None)
        if sheet is not None:
            for page in sheet.pages.values():
                self._by_cell.pop(page.uri, None)
            if self._by_path.get(sheet.path) is sheet:
                del self._by_path[sheet.path]
        return sheet

    def _restructure(
        self, sheet: Sheet, change: types.NotebookDocumentCellChangeStructure
    ) -> None:
        array = change.array
        sheet.cells[array.start : array.start + array.delete_count] = array.cells or ()
        for closed in change.did_close or ():
            self._by_cell.pop(closed.uri, None)
        for item in change.did_open or ():
            sheet.put(item, self._encoding)
            self._by_cell[item.uri] = sheet

    def _keep(self, sheet: Sheet) -> Sheet:
        self._by_uri[sheet.uri] = sheet
        self._by_path[sheet.path] = sheet
        return sheet

    def _path(self, uri: str) -> str:
        path = to_fs_path(uri)
        if path is not None:
            return path
        # What is saved nowhere imports as if it lay in the workspace's root.
        name = Path(urlparse(uri)[2] or uri).name or "untitled"
        return str((self._root or Path.cwd()) / name)
