"""A call site as its readers get it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cellcost.analysis.prompts import PromptSize, cap_of, prompt_size
from cellcost.analysis.run import Loop
from cellcost.analysis.sites import Look, Sighting
from cellcost.analysis.syntax import Span
from cellcost.analysis.values import Lit, Place, literals

__all__ = ["Area", "CallSite", "Model", "site_of"]

_DEEPEST = 8
"""How many wrappers of wrappers are followed."""


@dataclass(frozen=True, slots=True)
class Area:
    """Where something is: rows and columns from 0, columns in code points."""

    path: str
    cell: int | None
    row: int
    column: int
    end_row: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Model:
    """One model that a call may use, and where its name is written."""

    written: str
    provider: str
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSite:
    """A place in the source where tokens are billed or weights are loaded."""

    area: Area
    kind: str
    family: str
    provider: str
    function: str
    """The qualified name of the function that it stands in; "" at the top."""
    models: tuple[Model, ...]
    open: bool
    """Whether it may use a model that the source does not tell."""
    loops: tuple[Loop, ...]
    prompts: tuple[PromptSize, ...]
    cap: int | None
    """The most output tokens that a call may have; None where nothing limits it."""
    capped: bool
    """Whether some cap is given, known or not."""
    wraps: bool
    """Whether it is the call of the user's own function that passes a model on."""
    url: str = ""
    inside: tuple[Area, ...] = ()
    """Of a wrapper: the calls that it leads to; their cost is the same money."""

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Return a key that sorts call sites as they stand in the source."""
        area = self.area
        return area.cell or 0, area.row, area.column, self.kind

    @property
    def in_loop(self) -> bool:
        """Say whether it runs in a loop."""
        return bool(self.loops)

    @property
    def loop_count(self) -> int | None:
        """Return how often the loops around it run it, or None if that is unknown."""
        total = 1
        for loop in self.loops:
            if loop.count is None:
                return None
            total *= loop.count
        return total


def site_of(sighting: Sighting) -> CallSite:
    """Return a call site from every way in which it was reached."""
    looks = sighting.looks
    area = _where(sighting)
    caps = [cap_of(look.cap) for look in looks]
    known = [cap for cap in caps if cap is not None]
    return CallSite(
        area=area,
        kind=sighting.kind,
        family=sighting.family,
        provider=next((look.provider for look in looks if look.provider), ""),
        function=sighting.scope,
        models=_models(looks),
        open=any(
            not (isinstance(a, Lit) and isinstance(a.value, str))
            for look in looks
            for a in look.models
        ),
        loops=_longest(look.loops for look in looks),
        prompts=tuple(dict.fromkeys(prompt_size(look) for look in looks)),
        cap=max(known) if known and len(known) == len(caps) else None,
        capped=all(look.cap is not None for look in looks),
        wraps=sighting.wraps,
        url=next(
            (str(a.value) for look in looks for a in literals(look.url or ())), ""
        ),
        inside=tuple(dict.fromkeys(_where(s) for s in _innermost(sighting, 0))),
    )


def _where(sighting: Sighting) -> Area:
    return _area(sighting.place, sighting.span)


def _innermost(sighting: Sighting, depth: int) -> Iterator[Sighting]:
    """Yield the calls below a wrapper that wrap nothing; a cycle ends by its depth."""
    for inner in sighting.inside:
        if not inner.wraps:
            yield inner
        elif depth < _DEEPEST:
            yield from _innermost(inner, depth + 1)


def _models(looks: Iterable[Look]) -> tuple[Model, ...]:
    areas: dict[tuple[str, str], dict[Area, None]] = {}
    for look in looks:
        for atom in literals(look.models):
            written = str(atom.value).strip()
            if not written:
                continue
            found = areas.setdefault((written, look.provider), {})
            if atom.origin is not None:
                found[_area(atom.origin.place, atom.origin.span)] = None
    return tuple(
        Model(written, provider, tuple(found))
        for (written, provider), found in areas.items()
    )


def _area(place: Place, span: Span) -> Area:
    return Area(
        place.module.path,
        place.cell,
        place.row + span.row,
        place.column(span.row, span.column),
        place.row + span.end_row,
        place.column(span.end_row, span.end_column),
    )


def _longest(loops: Iterable[tuple[Loop, ...]]) -> tuple[Loop, ...]:
    def weight(found: tuple[Loop, ...]) -> tuple[bool, int, int]:
        total = 1
        for loop in found:
            total *= loop.count or 1
        return any(loop.count is None for loop in found), total, len(found)

    return max(loops, key=weight, default=())
