"""Which files a repository's ignore files leave out."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

__all__ = ["Rules", "rules_above"]

_NAMES = (".gitignore", ".ignore")
_LARGEST_BYTES = 1_000_000
"""A larger ignore file is none: reading it would take longer than what it saves."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The ignore files that hold in a folder, the outermost first."""

    layers: "tuple[tuple[str, GitIgnoreSpec], ...]" = ()
    """(folder, patterns)."""

    def below(self, folder: str, names: Iterable[str]) -> "Rules":
        """Return the rules in a folder that holds files of these names."""
        held = set(names)
        found = [
            (folder, spec)
            for name in _NAMES
            if name in held and (spec := _read(Path(folder, name))) is not None
        ]
        return Rules((*self.layers, *found)) if found else self

    def ignores(self, folder: str, name: str, *, is_folder: bool) -> bool:
        """Say whether something in a folder is left out; the nearest file decides."""
        end = "/" if is_folder else ""
        for base, spec in reversed(self.layers):
            below = os.path.relpath(folder, base) if folder != base else ""
            if below.startswith(os.pardir):
                continue  # outside of what this file speaks of
            path = f"{below}/{name}{end}".replace(os.sep, "/").removeprefix("/")
            decided = spec.check_file(path).include
            if decided is not None:
                return decided
        return False


def rules_above(folder: Path) -> Rules:
    """Return the rules that folders above a folder, in its repository, lay down.

    A folder outside any repository has none.
    """
    folder = folder.absolute()
    above = [folder, *folder.parents]
    root = next((n for n, path in enumerate(above) if (path / ".git").exists()), None)
    if root is None:
        return Rules()
    rules = Rules()
    exclude = _read(above[root] / ".git" / "info" / "exclude")
    if exclude is not None:
        rules = Rules(((str(above[root]), exclude),))
    for path in reversed(above[1 : root + 1]):
        names = [name for name in _NAMES if (path / name).is_file()]
        rules = rules.below(str(path), names)
    return rules


def _read(path: Path) -> "GitIgnoreSpec | None":
    # Imported here: an editor's first hints need no ignore file.
    from pathspec import GitIgnoreSpec

    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return None
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    kept: list[str] = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue  # git too passes over a pattern that it cannot read
        kept.append(line)
    return GitIgnoreSpec.from_lines(kept) if kept else None
