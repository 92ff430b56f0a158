"""The files of a workspace: which to look at, and which one an import means."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cellcost.analysis.notebooks import code_cells
from cellcost.analysis.units import Document, Notebook, Unit

__all__ = ["Workspace", "python_files", "read_text"]

_SKIPPED = frozenset(
    {
        ".git",
        ".hg",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "build",
        "dist",
        "env",
        "node_modules",
        "site-packages",
        "venv",
    }
)
_SUFFIXES = (".py", ".ipynb")
_LARGEST_BYTES = 20_000_000
_ROOTS = ("", "src", "lib", "python")


def python_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the Python files and notebooks named or below the folders named."""
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED and not (Path(root) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            if name.endswith(_SUFFIXES):
                yield Path(root) / name


def read_text(path: Path) -> str | None:
    """Return a source file's text, with its line ends as they are; None if unreadable.

    UTF-16 is recognised by its mark; other bytes that are no UTF-8 are replaced.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return None
        raw = path.read_bytes()
    except OSError:
        return None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


@dataclass(slots=True)
class Workspace:
    """Finds the file that an import means, and keeps what it has read.

    `read` gives a file's text; an editor passes one that prefers its open buffers.
    """

    root: Path
    read: Callable[[Path], str | None] = read_text
    _documents: dict[Path, Document | None] = field(
        default_factory=dict[Path, Document | None]
    )
    _exists: dict[Path, bool] = field(default_factory=dict[Path, bool])

    def forget(self, path: Path | None = None) -> None:
        """Read a file again (or all) when it is next needed."""
        self._exists.clear()
        if path is None:
            self._documents.clear()
        else:
            self._documents.pop(path, None)

    def find(self, name: str, importer: str) -> Document | None:
        """Return the module that `importer` means by a dotted name, or None."""
        path = self._locate(name, Path(importer))
        if path is None:
            return None
        if path not in self._documents:
            text = self.read(path)
            self._documents[path] = None if text is None else Document(str(path), text)
        return self._documents[path]

    def unit(self, path: Path) -> Unit | None:
        """Return a file as what is analysed; None if it cannot be read."""
        text = self.read(path)
        if text is None:
            return None
        if path.suffix == ".ipynb":
            cells = code_cells(text)
            if cells is None:
                return None
            notebook = Notebook(str(path))
            notebook.update(cells)
            return notebook
        return Document(str(path), text)

    def _locate(self, name: str, importer: Path) -> Path | None:
        dots = len(name) - len(name.lstrip("."))
        parts = [part for part in name[dots:].split(".") if part]
        if dots:
            folder = importer.parent
            for _ in range(dots - 1):
                folder = folder.parent
            return self._module(folder, parts)
        if not parts:
            return None
        folder = importer.parent
        tried: set[Path] = set()
        # The importer's own folder first (scripts), then each folder above it.
        for base in (folder, *folder.parents):
            if base in tried:
                break
            tried.add(base)
            found = self._module(base, parts)
            if found is not None and found != importer:
                return found
            if base == self.root:
                break
        for below in _ROOTS:
            found = self._module(self.root / below, parts)
            if found is not None and found != importer:
                return found
        return None

    def _module(self, folder: Path, parts: list[str]) -> Path | None:
        target = folder.joinpath(*parts)
        for path in (
            target.with_name(f"{target.name}.py") if parts else target / "__init__.py",
            target / "__init__.py",
        ):
            known = self._exists.get(path)
            if known is None:
                known = self._exists[path] = path.is_file()
            if known:
                return path
        return None
