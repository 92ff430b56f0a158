"""From a document or notebook to its call sites."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace

from cellcost.analysis import syntax as s
from cellcost.analysis.calling import call_func, construct
from cellcost.analysis.callsite import CallSite, site_of
from cellcost.analysis.focus import Part
from cellcost.analysis.heat import hot_names
from cellcost.analysis.run import OutOfBudget, Run, Spot, Step
from cellcost.analysis.scopes import END, NEXT, Flow, Frame, Module
from cellcost.analysis.sites import Look, Sighting, record
from cellcost.analysis.source import Chunk
from cellcost.analysis.statements import execute
from cellcost.analysis.units import Document, Notebook, Unit
from cellcost.analysis.values import (
    Args,
    Class,
    Func,
    Mod,
    Object,
    Partial,
    Place,
    Thing,
    Value,
    lit,
)

__all__ = ["Find", "Together", "analyse", "reached", "reached_by"]

Find = Callable[[str, str], Document | None]
"""From a dotted module name (with leading dots) and the importer's path to a file."""

_log = logging.getLogger(__name__)
_MOST_MODULES = 24


def nothing_found(name: str, importer: str) -> Document | None:
    """Return no module: the analysis of one file alone."""
    return None


def analyse(unit: Unit | Part, *, find: Find = nothing_found) -> tuple[CallSite, ...]:
    """Return the call sites of a document or notebook, in the order of their places.

    Never raises on any text; what takes too long is cut, and what was found stays.
    """
    main, sightings = _sightings(unit, find)
    return _sites(seen for seen in sightings.values() if seen.place.module is main)


class Together:
    """The call sites of many documents and notebooks, read one after the other.

    As `analyse` finds them in each; a call in one of them also tells what the others
    that import it call it with: which models, in which loops.
    """

    def __init__(self, *, find: Find = nothing_found) -> None:
        self._find = find
        self._seen: dict[str, dict[Spot, Sighting]] = {}

    def read(self, unit: Unit) -> None:
        """Look for calls in one more. Never raises on any text."""
        for spot, sighting in _sightings(unit, self._find)[1].items():
            path = sighting.place.module.path
            known = self._seen.setdefault(path, {}).setdefault(spot, sighting)
            if known is not sighting:
                known.add(sighting.looks)

    def sites(self, path: str) -> tuple[CallSite, ...]:
        """Return the call sites of one of them, in the order of their places."""
        return _sites(self._seen.get(path, {}).values())


def _sightings(unit: Unit | Part, find: Find) -> tuple[Module, Mapping[Spot, Sighting]]:
    run, main = _begin(unit, find)
    _run_unit(run, main, unit)
    _run_roots(run, main, unit)
    return main, run.sightings


def _sites(sightings: Iterable[Sighting]) -> tuple[CallSite, ...]:
    return tuple(sorted(map(site_of, sightings), key=lambda site: site.order))


def reached(
    notebook: Notebook, *, find: Find = nothing_found
) -> dict[int, tuple[CallSite, ...]]:
    """Return what running each cell calls, by the cell's index.

    A call that a cell reaches in two ways (two calls of one function, say) is there
    twice, each with what is known that way; wrappers are left out: their call is in it.
    Never raises on any text.
    """
    found = _reached(notebook, find)
    return {cell: sites for cell, sites in found.items() if cell is not None}


def reached_by(
    document: Document, *, find: Find = nothing_found
) -> tuple[CallSite, ...]:
    """Return what running a file calls, as `reached` does; () for a mere library."""
    return _reached(document, find).get(None, ())


def _reached(unit: Unit, find: Find) -> dict[int | None, tuple[CallSite, ...]]:
    run, main = _begin(unit, find)
    _run_unit(run, main, unit)
    ways: dict[int | None, dict[tuple[int, tuple[Step, ...]], Sighting]] = {}
    for seen, look, way, cell in run.log:
        if seen.wraps:
            continue
        found = ways.setdefault(cell, {})
        found.setdefault((id(seen), way), replace(seen, looks=[])).looks.append(look)
    return {
        cell: tuple(site_of(sighting) for sighting in found.values())
        for cell, found in ways.items()
    }


def _begin(unit: Unit | Part, find: Find) -> tuple[Run, Module]:
    main = Module(unit.path)
    imports = _Imports(find, {unit.path: main})
    run = Run(imports)
    imports.run = run
    return run, main


def _run_unit(run: Run, module: Module, unit: Unit | Part) -> None:
    run.hot |= hot_names([chunk for _, _, chunk in unit.pieces()])
    left: set[int | None] = set()
    for cell, row, chunk in unit.pieces():
        if cell in left:
            continue
        _enter(run, cell)
        times = unit.times(cell)
        with nullcontext() if times == 1 else run.loop(times):
            flow = _run_chunk(run, module, cell, row, chunk)
        if flow == END and isinstance(chunk.body[-1], s.ExprStmt | s.Jump):
            # `sys.exit()` or `raise`: nothing below runs in this file or cell.
            left.add(cell)
    for cell, magic in unit.magics():
        _enter(run, cell)
        place = Place(module, cell, magic.row, lambda row, column: column)
        frame = Frame(module, place, module.vars)
        look = Look(lit(magic.model), (lit(magic.prompt),), None, (), "")
        span = s.Span(0, magic.column, 0, magic.end_column)
        record(run, frame, span, "chat", look, family="jupyter-ai")


def _enter(run: Run, cell: int | None) -> None:
    """Say which cell runs; what it imports runs in it too."""
    if cell is not None and cell != run.cell:
        run.cell = cell
        run.turns.clear()


def _run_chunk(
    run: Run, module: Module, cell: int | None, row: int, chunk: Chunk
) -> Flow:
    place = Place(module, cell, row, chunk.column)
    frame = Frame(module, place, module.vars)
    depth, loops = len(run.stack), len(run.loops)
    try:
        return execute(run, frame, chunk.body)
    except Exception as error:  # noqa: BLE001  # one statement must not hide the rest
        _recover(run, error, depth, loops)
        return NEXT


def _recover(run: Run, error: Exception, depth: int, loops: int) -> None:
    """Go on after a statement that could not be followed to its end."""
    del run.stack[depth:]
    del run.loops[loops:]
    run.passes = 0
    if not isinstance(error, OutOfBudget | RecursionError):
        _log.warning("a statement was left out of the analysis", exc_info=error)


# -- functions that nothing calls ------------------------------------------------------


def _run_roots(run: Run, main: Module, unit: Unit | Part) -> None:
    """Look into the functions that nothing called, callers before the called."""
    # What top-level code has bound by now may spend under any name.
    bound = [n for n, value in main.vars.items() if _may_spend(value, main)]
    hot = run.hot = run.hot | hot_names([chunk for _, _, chunk in unit.pieces()], bound)
    seen: set[int] = set()
    while run.steps_left > 0:
        waiting = {
            mark: list(made)
            for mark, made in run.funcs.items()
            if made[0].place.module is main and mark not in seen
        }
        if not waiting:
            return
        named = {mark: _name(made[0]) for mark, made in waiting.items()}
        words = {
            mark: made[0].definition.words()
            for mark, made in waiting.items()
            if isinstance(made[0].definition, s.FuncDef)
        }
        mentioned = _mentioned(named, words)
        ordered = [mark for mark in waiting if mark not in mentioned]
        ordered += [mark for mark in waiting if mark in mentioned]
        # What sets up clients runs before what uses them.
        ordered.sort(key=lambda mark: not _sets_up(waiting[mark][0], words.get(mark)))
        for mark in ordered:
            seen.add(mark)
            said = words.get(mark)
            if mark in run.called or (said is not None and not said & hot):
                continue
            for func in waiting[mark]:
                _run_root(run, func)
            if run.steps_left <= 0:
                return


def _may_spend(value: Value, main: Module) -> bool:
    return any(
        isinstance(atom, Thing | Partial | Object | Mod)
        or (isinstance(atom, Func | Class) and atom.place.module is not main)
        for atom in value
    )


_SETTERS = re.compile(
    r"_*(?:a?set_?up(?:class|method)?|connect|init(?:ialize)?|start(?:up)?|lifespan|open"
    r"|configure|load|build|on_start|__a?enter__|prepare)\w*$",
    re.IGNORECASE,
)


def _sets_up(func: Func, words: frozenset[str] | None) -> bool:
    if words is not None and "global" in words:
        return True
    return func.owner is not None and _SETTERS.match(_name(func)) is not None


def _name(func: Func) -> str:
    return func.definition.name if isinstance(func.definition, s.FuncDef) else ""


def _mentioned(
    named: Mapping[int, str], words: Mapping[int, frozenset[str]]
) -> set[int]:
    """Return the functions whose name stands in another waiting function."""
    counts: dict[str, int] = {}
    names = set(named.values())
    for said in words.values():
        for name in said & names:
            counts[name] = counts.get(name, 0) + 1
    # A function's own words hold its name once.
    own: dict[str, int] = {}
    for name in named.values():
        own[name] = own.get(name, 0) + 1
    return {
        mark
        for mark, name in named.items()
        if name and counts.get(name, 0) > own.get(name, 0)
    }


def _run_root(run: Run, func: Func) -> None:
    depth, loops = len(run.stack), len(run.loops)
    try:
        for of in _owners(run, func):
            call_func(run, None, func, Args(), None, of=of)
    except Exception as error:  # noqa: BLE001  # one function must not hide the rest
        _recover(run, error, depth, loops)


def _owners(run: Run, func: Func) -> Iterable[Object | Class | None]:
    owner = func.owner
    if owner is None or func.flavour == "staticmethod":
        return (None,)
    if func.flavour == "classmethod":
        return (owner,)
    if not owner.objects and _name(func) != "__init__":
        construct(run, None, owner, Args(), None)
    if not owner.objects:
        return (Object(owner, {}),)
    return tuple(owner.objects)


class _Imports:
    """The workspace's modules that the analysed one reaches, each run once."""

    def __init__(self, find: Find, known: dict[str, Module]) -> None:
        self._find = find
        self._known = known
        self._names: dict[tuple[str, str], Module | None] = {}
        self.run: Run | None = None

    def __call__(self, name: str, importer: Module) -> Module | None:
        key = (name, importer.path)
        if key in self._names:
            return self._names[key]
        document = self._find(name, importer.path)
        module = None
        if document is not None:
            module = self._known.get(document.path)
            if module is None and len(self._known) < _MOST_MODULES:
                module = Module(document.path, name)
                self._known[document.path] = module
                self._names[key] = module
                if self.run is not None:
                    _run_unit(self.run, module, document)
        self._names[key] = module
        return module
