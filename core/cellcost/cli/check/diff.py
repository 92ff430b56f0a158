"""`cellcost check --diff BASE`: what a change does to what calls cost."""

import argparse
import json
import os
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cellcost import __version__
from cellcost.analysis import (
    Estimate,
    Finding,
    Workspace,
    calibrated,
    python_files,
    sarif,
)
from cellcost.analysis.comparing import Change, Version, compared, paired
from cellcost.analysis.workspace import is_skipped
from cellcost.call_sites import call_mark
from cellcost.cli.check.changes import changes_json, print_changes
from cellcost.cli.check.history import History
from cellcost.cli.check.reading import Checked, Checker
from cellcost.cli.check.revision import Revision, RevisionError, open_revision
from cellcost.cli.output import complain, print_line
from cellcost.cli.progress import counted
from cellcost.prices import PriceBook
from cellcost.views import Past, SiteBook, SiteView, Spot

__all__ = ["run_diff"]

_ENOUGH = 5
"""Past calls from which on an edited call is judged by its own."""


def run_diff(
    arguments: argparse.Namespace,
    paths: Sequence[Path],
    checker: Checker,
    past: History | None,
) -> list[Finding]:
    """Print what changed since a revision; return the findings that are new."""
    revision = _revision(arguments.diff, paths)
    base = replace(
        checker,
        workspace=Workspace(
            checker.workspace.root, read=revision.read, is_file=revision.is_file
        ),
    )
    before, after = _sides(paths, checker, base, revision)
    pairs = _paired(before, after)
    judge = _Judge(checker.book, past)
    changes = [judge.change(was, now) for was, now in pairs]
    found = _new_findings(pairs)
    if arguments.json:
        told = changes_json(changes, base=revision.commit, findings=found)
        print_line(json.dumps(told, indent=1))
    elif arguments.sarif:
        print_line(json.dumps(sarif(found, version=__version__, rows={}), indent=1))
    else:
        print_changes(changes, found, base=arguments.diff)
    return found


def _revision(name: str, paths: Sequence[Path]) -> Revision:
    first = paths[0] if paths else Path()
    revision = open_revision(name, folder=first if first.is_dir() else first.parent)
    for path in paths:
        if revision.name(path) is None:
            raise RevisionError(
                f"{path} is not in the repository {revision.top}; check it on its own"
            )
    return revision


@dataclass(frozen=True, slots=True)
class _Site:
    """One call site of one side, with what its side knows of it."""

    version: Version
    spot: Spot
    path: str
    checked: Checked
    estimate: Estimate
    siblings: tuple[Spot, ...]


_Pair = tuple[_Site | None, _Site | None]


def _sides(
    paths: Sequence[Path], now: Checker, base: Checker, revision: Revision
) -> tuple[list[_Site], list[_Site]]:
    """Return the call sites as they were and as they are.

    All of them: what one file says changes what a call in another one costs.
    """
    if not revision.changes_source():
        return [], []
    files = list(python_files(paths))
    was: dict[Path, Path] = {}
    for path in files:
        old = _path_then(path, revision)
        if base.workspace.is_file(old):
            was[old] = path
    was.update((gone, gone) for gone in _gone(paths, revision, was))
    after: list[_Site] = []
    for path, seen in now.check_all(counted(files, "files")):
        if seen is None:
            complain(f"{path} cannot be read: it was left out")
        else:
            after += _sites(seen, str(path))
    before: list[_Site] = []
    for path, seen in base.check_all(counted(list(was), "files as they were")):
        if seen is None:
            complain(f"{path} could not be read as it was: it was left out")
        else:
            before += _sites(seen, str(was[path]))
    return before, after


def _path_then(path: Path, revision: Revision) -> Path:
    """Return the path that a file had in the revision."""
    name = revision.name(path)
    was = revision.renamed.get(name) if name is not None else None
    return path if was is None else _shown(revision.top / was)


def _gone(
    paths: Sequence[Path], revision: Revision, known: Container[Path]
) -> Iterator[Path]:
    """Yield the files below `paths` that are no longer there."""
    tops = [Path(os.path.realpath(path)) for path in paths]
    for name in sorted(revision.touched):
        path = revision.top / name
        below = any(top == path or top in path.parents for top in tops)
        if below and not is_skipped(Path(name)) and not path.exists():
            shown = _shown(path)
            if shown not in known:
                yield shown


def _shown(path: Path) -> Path:
    """Return a path as a person in this folder writes it."""
    here = Path(os.path.realpath(Path.cwd()))
    return path.relative_to(here) if path.is_relative_to(here) else path


def _sites(seen: Checked, file: str) -> Iterable[_Site]:
    for item, spot in zip(seen.estimates, seen.spots, strict=True):
        area = item.site.area
        lines = seen.lines(area.cell)[area.row : area.end_row + 1]
        version = Version(
            estimate=item,
            file=file,
            mark=call_mark(lines),
            text="\n".join(line.strip() for line in lines),
        )
        yield _Site(version, spot, seen.unit.path, seen, item, seen.spots)


def _paired(before: Sequence[_Site], after: Sequence[_Site]) -> list[_Pair]:
    by_version = {id(site.version): site for site in (*before, *after)}
    found = paired([s.version for s in before], [s.version for s in after])
    return [
        (
            None if was is None else by_version[id(was)],
            None if now is None else by_version[id(now)],
        )
        for was, now in found
    ]


def _new_findings(pairs: Iterable[_Pair]) -> list[Finding]:
    """Return the findings that the call sites did not have before."""
    found: list[Finding] = []
    for was, now in pairs:
        if now is None:
            continue
        old = set[str]() if was is None else set(was.checked.codes(was.estimate))
        found += [
            finding
            for finding in now.checked.findings
            if finding.estimate is now.estimate and finding.code not in old
        ]
    return found


@dataclass(frozen=True, slots=True)
class _Judge:
    """Compares call sites by what the journal knows of them."""

    book: PriceBook
    past: History | None

    def change(self, was: _Site | None, now: _Site | None) -> Change:
        """Return what became of one call site."""
        before, after = self._version(was), self._version(now)
        if self.past is None:
            return compared(before, after)
        own = self._view(now, self.past.calls)
        theirs = self._view(was, self.past.calls)
        if was is not None and before is not None and theirs is not None:
            before = self._calibrated(before, theirs.past)
        if after is not None:
            past = own.past if own is not None else None
            if theirs is not None and (past is None or len(past) < _ENOUGH):
                past = _shifted(theirs.past, was, now)
            if past is not None:
                after = self._calibrated(after, past)
            if before is not None and theirs is None and own is not None:
                before = self._calibrated(before, _shifted(own.past, now, was))
        return compared(before, after)

    def _version(self, site: _Site | None) -> Version | None:
        if site is None:
            return None
        view = None if self.past is None else self._view(site, self.past.month)
        if view is None or view.total is None:
            return site.version
        calls = view.total.calls - view.total.failed_calls
        return replace(site.version, calls=calls)

    def _view(self, site: _Site | None, book: SiteBook) -> SiteView | None:
        if site is None:
            return None
        views = book.sites(site.path, site.siblings, now=site.estimate.at)
        return views[site.siblings.index(site.spot)]

    def _calibrated(self, version: Version, past: Past) -> Version:
        item = version.estimate
        return replace(
            version, estimate=calibrated(item, past, book=self.book, at=item.at)
        )


def _shifted(past: Past, was: _Site | None, now: _Site | None) -> Past:
    """Return past calls as they would be with what the prompt gained or lost."""
    if was is None or now is None:
        return past
    old, new = was.estimate.prompt_tokens, now.estimate.prompt_tokens
    more = (new.low if new else 0) - (old.low if old else 0)
    return replace(past, inputs=tuple(max(count + more, 0) for count in past.inputs))
