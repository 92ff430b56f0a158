"""What is seen where a call spends money or loads weights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cellcost.analysis import syntax as s
from cellcost.analysis.run import Loop, Run, Step
from cellcost.analysis.scopes import Frame
from cellcost.analysis.values import (
    PARSER,
    Func,
    Lit,
    Mapped,
    Place,
    Seq,
    Value,
    literals,
)

__all__ = [
    "Logged",
    "Look",
    "Sighting",
    "record",
    "record_wrapper",
]

_MOST_LOOKS = 12


@dataclass(frozen=True, slots=True)
class Look:
    """One way in which a call site was reached."""

    models: Value
    prompt: tuple[Value, ...]
    cap: Value | None
    loops: tuple[Loop, ...]
    provider: str
    url: Value | None = None
    many: bool = False


@dataclass(slots=True)
class Sighting:
    """A call site, and every way in which it was reached."""

    place: Place
    span: s.Span
    kind: str
    scope: str
    """The qualified name of the function that it stands in."""
    family: str = ""
    wraps: bool = False
    """Whether it is the call of the user's own function that passes a model on."""
    looks: list[Look] = field(default_factory=list[Look])
    inside: "list[Sighting]" = field(default_factory=list["Sighting"])
    """Of a wrapper: what it leads to."""

    def add(self, looks: Iterable[Look]) -> None:
        """Keep more ways in which it was reached, as many as there is room for."""
        for look in looks:
            if look not in self.looks and len(self.looks) < _MOST_LOOKS:
                self.looks.append(look)


class Logged(NamedTuple):
    """A sighting at the moment when it was reached."""

    sighting: Sighting
    look: Look
    way: tuple[Step, ...]
    """Through which calls of the user's functions."""
    cell: int | None
    """Which cell of the notebook ran."""


def record(
    run: Run,
    frame: Frame | None,
    span: s.Span | None,
    kind: str,
    look: Look,
    *,
    wraps: bool = False,
    family: str = "",
    inside: Sighting | None = None,
) -> None:
    """Keep that a call site was reached."""
    if frame is None or span is None:
        return
    place = frame.place
    key = (
        place.module.path,
        place.cell,
        place.row + span.row,
        span.column,
        "wrapper" if wraps else kind,
    )
    found = run.sightings.get(key)
    if found is None:
        found = Sighting(place, span, kind, frame.name, family, wraps)
        run.sightings[key] = found
    found.add((look,))
    if inside is not None and all(known is not inside for known in found.inside):
        found.inside.append(inside)
    run.log.append(Logged(found, look, tuple(run.way), run.cell))


# -- the user's own wrappers ----------------------------------------------------------


def record_wrapper(
    run: Run,
    frame: Frame,
    span: s.Span,
    func: Func,
    given: Sequence[tuple[str, Value]],
    since: int,
) -> None:
    """Record a call of a function that passes on a model which its caller chose."""
    if not isinstance(func.definition, s.FuncDef):
        return
    texts: set[Lit] = set()
    for _, value in given:
        texts.update(_literals_in(value, 0))
    foreign = func.place.module is not frame.place.module
    for seen, look, way, _ in list(run.log[since:]):
        chosen = tuple(
            atom for atom in literals(look.models) if _comes_from(atom, texts)
        )
        direct = foreign and not seen.wraps and len(way) == len(run.stack) + 1
        if not chosen and not direct:
            continue
        models = chosen or look.models
        outer = Look(
            models,
            look.prompt,
            look.cap,
            tuple(run.loops),
            look.provider,
            look.url,
            look.many,
        )
        record(
            run,
            frame,
            span,
            seen.kind,
            outer,
            wraps=True,
            family=seen.family,
            inside=seen,
        )


def _literals_in(value: Value, depth: int) -> Iterable[Lit]:
    for atom in value:
        if isinstance(atom, Lit):
            if isinstance(atom.value, str) and atom.value:
                yield atom
        elif depth < 2 and isinstance(atom, Mapped) and PARSER not in atom.items:
            for item in atom.items.values():
                yield from _literals_in(item, depth + 1)
        elif depth < 2 and isinstance(atom, Seq):
            for item in atom.items[:50]:
                yield from _literals_in(item, depth + 1)


def _comes_from(atom: Lit, texts: set[Lit]) -> bool:
    if atom in texts:
        return True
    if atom.origin is not None:
        return False
    whole = str(atom.value)
    return any(len(str(text.value)) > 2 and str(text.value) in whole for text in texts)
