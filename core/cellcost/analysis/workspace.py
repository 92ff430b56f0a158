"""The files of a workspace: which to look at, and which one an import means."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cellcost.analysis.ignoring import Rules, rules_above
from cellcost.analysis.notebooks import code_cells
from cellcost.analysis.units import Document, Notebook, Unit

__all__ = [
    "LARGEST_BYTES",
    "SUFFIXES",
    "Workspace",
    "is_left_out",
    "is_skipped",
    "python_files",
    "read_text",
    "text_of",
]

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
SUFFIXES = (".py", ".ipynb")
LARGEST_BYTES = 20_000_000
_ROOTS = ("", "src", "lib", "python")


def python_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the Python files and notebooks named or below the folders named.

    Below a folder, what ignore files name is left out, as are the folders of tools.
    """
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    above = rules_above(folder)
    here = folder.absolute()
    if above.ignores(str(here.parent), here.name, is_folder=True):
        above = Rules()  # it was named on purpose
    rules = {str(folder): above}
    for root, folders, files in os.walk(folder):
        held = rules.pop(root).below(root, files)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and not (Path(root) / name / "pyvenv.cfg").exists()
            and not held.ignores(root, name, is_folder=True)
        )
        rules.update((os.path.join(root, name), held) for name in folders)  # noqa: PTH118  # os.walk's own form
        for name in sorted(files):
            if name.endswith(SUFFIXES) and not held.ignores(
                root, name, is_folder=False
            ):
                yield Path(root) / name


def is_skipped(path: Path) -> bool:
    """Say whether a path is not among a folder's Python files and notebooks."""
    return not path.name.endswith(SUFFIXES) or not _SKIPPED.isdisjoint(path.parts)


def is_left_out(path: Path, folder: Path) -> bool:
    """Say whether `python_files` passes over a file somewhere below a folder."""
    try:
        below = path.relative_to(folder)
    except ValueError:
        return True
    if is_skipped(below):
        return True
    above = rules_above(path.parent)
    rules = above.below(str(path.parent), (".gitignore", ".ignore"))
    return rules.ignores(str(path.parent), path.name, is_folder=False)


def read_text(path: Path) -> str | None:
    """Return a source file's text, with its line ends as they are; None if unreadable.

    UTF-16 is recognised by its mark; other bytes that are no UTF-8 are replaced.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
        raw = path.read_bytes()
    except OSError:
        return None
    return text_of(raw)


def text_of(raw: bytes) -> str:
    """Return the text of a source file's bytes, as `read_text` does."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


@dataclass(slots=True)
class Workspace:
    """Finds the file that an import means, and keeps what it has read.

    `read` gives a file's text; an editor passes one that prefers its open buffers.
    `is_file` says whether there is a file at all.
    """

    root: Path
    read: Callable[[Path], str | None] = read_text
    is_file: Callable[[Path], bool] = Path.is_file
    _documents: dict[Path, Document | None] = field(
        default_factory=dict[Path, Document | None]
    )
    _exists: dict[Path, bool] = field(default_factory=dict[Path, bool])
    _located: dict[tuple[str, Path], Path | None] = field(
        default_factory=dict[tuple[str, Path], "Path | None"]
    )

    def forget(self, path: Path | None = None, *, moved: bool = True) -> None:
        """Read a file again (or all) when it is next needed.

        Without `moved` only its text has changed: no file came or went.
        """
        if moved:
            self._exists.clear()
        self._located.clear()
        if path is None:
            self._documents.clear()
        else:
            self._documents.pop(path, None)

    def find(self, name: str, importer: str) -> Document | None:
        """Return the module that `importer` means by a dotted name, or None."""
        path = self.locate(name, Path(importer))
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

    def locate(self, name: str, importer: Path) -> Path | None:
        """Return the file of the module that `importer` means, or None."""
        dots = len(name) - len(name.lstrip("."))
        parts = [part for part in name[dots:].split(".") if part]
        if dots:
            folder = importer.parent
            for _ in range(dots - 1):
                folder = folder.parent
            return self._module(folder, parts)
        if not parts:
            return None
        key = (name, importer.parent)
        found = self._located.get(key, importer)
        if found == importer:
            found = self._search(importer.parent, parts, but=importer)
            # What a script of that very name finds is not what its neighbours find.
            if importer.stem not in (parts[-1], "__init__"):
                self._located[key] = found
        return found

    def _search(self, folder: Path, parts: list[str], *, but: Path) -> Path | None:
        tried: set[Path] = set()
        # The importer's own folder first (scripts), then each folder above it.
        for base in (folder, *folder.parents):
            if base in tried:
                break
            tried.add(base)
            found = self._module(base, parts)
            if found is not None and found != but:
                return found
            if base == self.root:
                break
        for below in _ROOTS:
            found = self._module(self.root / below, parts)
            if found is not None and found != but:
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
                known = self._exists[path] = self.is_file(path)
            if known:
                return path
        return None
