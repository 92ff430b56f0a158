"""One git revision of the source, read without touching the work tree."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cellcost.analysis.workspace import LARGEST_BYTES, SUFFIXES, read_text, text_of
from cellcost.errors import CellcostError

__all__ = ["Revision", "RevisionError", "open_revision"]

_GIT_SECONDS = 120
_FILES = ("100644", "100755")
"""Modes of regular files; links and submodules are left out."""


_OF_A_HOOK = frozenset({"GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE"})


class RevisionError(CellcostError):
    """There is no such revision to compare with."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit's files by their path below the repository's top."""

    commit: str
    top: Path
    blobs: Mapping[str, tuple[str, int]]
    """Id and size of every regular file in it."""
    touched: frozenset[str]
    """Files of the commit that the work tree has otherwise, or no longer."""
    added: frozenset[str]
    """Files of the work tree that the commit lacks; no ignored ones."""
    renamed: Mapping[str, str]
    """From a file's new path to the one it had in the commit."""

    def name(self, path: Path) -> str | None:
        """Return a path below the top; None for one elsewhere."""
        real = Path(os.path.realpath(path))
        return real.relative_to(self.top).as_posix() if self._holds(real) else None

    def is_file(self, path: Path) -> bool:
        """Say whether there was a file then."""
        name = self.name(path)
        if name is None or self._as_now(name):
            return path.is_file()
        return name in self.blobs

    def read(self, path: Path) -> str | None:
        """Return the text of a file then; None if there was none to read."""
        name = self.name(path)
        if name is None or self._as_now(name):
            return read_text(path)
        blob, size = self.blobs.get(name, ("", 0))
        if not blob or size > LARGEST_BYTES:
            return None
        return text_of(_git(self.top, "cat-file", "blob", blob))

    def changes_source(self) -> bool:
        """Say whether any Python file or notebook is another one now."""
        return any(
            name.endswith(SUFFIXES)
            for names in (self.touched, self.added)
            for name in names
        )

    def _as_now(self, name: str) -> bool:
        # What git ignores is in no commit: it is taken to be as it is now.
        return name not in self.touched and name not in self.added

    def _holds(self, real: Path) -> bool:
        return real == self.top or self.top in real.parents


def open_revision(name: str, *, folder: Path) -> Revision:
    """Return a revision of the repository that `folder` is in.

    Raises RevisionError where there is no git, repository or such revision.
    """
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
    except RevisionError as error:
        raise RevisionError(
            f"{folder} is in no git repository ({error}); --diff compares with one of"
            " its revisions"
        ) from None
    root = Path(os.path.realpath(_path(top)))
    try:
        found = _git(
            *(root, "rev-parse", "--verify", "--quiet", "--end-of-options"),
            f"{name}^{{commit}}",
        )
    except RevisionError:
        raise RevisionError(
            f"{name!r} is no revision of {root}; `git log` shows them, and a shallow"
            " clone may need `git fetch`"
        ) from None
    commit = found.decode().strip()
    touched, added, renamed = _differences(root, commit)
    others = _git(root, "ls-files", "-z", "--others", "--exclude-standard")
    return Revision(
        commit=commit,
        top=root,
        blobs=_blobs(root, commit),
        touched=touched,
        added=added | frozenset(_names(others)),
        renamed=renamed,
    )


def _blobs(top: Path, commit: str) -> Mapping[str, tuple[str, int]]:
    listed = _git(top, "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
    blobs: dict[str, tuple[str, int]] = {}
    for row in _names(listed):
        about, _, name = row.partition("\t")
        mode, _, blob, size = about.split()
        if mode in _FILES:
            blobs[name] = (blob, int(size))
    return blobs


def _differences(
    top: Path, commit: str
) -> tuple[frozenset[str], frozenset[str], Mapping[str, str]]:
    told = _git(
        *(top, "diff", "--name-status", "--find-renames", "--no-ext-diff"),
        *("-z", commit, "--"),
    )
    touched: set[str] = set()
    added: set[str] = set()
    renamed: dict[str, str] = {}
    parts = iter(_names(told))
    for status in parts:
        name = next(parts)
        if status.startswith(("R", "C")):
            new = next(parts)
            added.add(new)
            if status.startswith("R"):
                touched.add(name)
                renamed[new] = name
        elif status == "A":
            added.add(name)
        else:
            touched.add(name)
    return frozenset(touched), frozenset(added), renamed


def _names(output: bytes) -> list[str]:
    return [_path(part) for part in output.split(b"\0") if part]


def _path(raw: bytes) -> str:
    return os.fsdecode(raw.removesuffix(b"\n"))


def _git(folder: Path, *arguments: str) -> bytes:
    """Return what git answers. Raises RevisionError when it does not."""
    # Optional locks would write to the index of a repository that is only read.
    # In a git hook, variables name the repository from another folder than ours.
    kept = {k: v for k, v in os.environ.items() if k not in _OF_A_HOOK}
    environment = {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise RevisionError(
            "git was not found: --diff asks it for the revision; install git"
        ) from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"git took more than {_GIT_SECONDS} s") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RevisionError(said[0] if said else f"git ended with {done.returncode}")
    return done.stdout
