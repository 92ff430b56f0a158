"""Classes that a call makes: `Enum("Models", {...})`, `namedtuple("Pair", "a b")`."""

from cellcost.analysis import syntax as s
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Class,
    Lit,
    Mapped,
    Seq,
    Value,
    literals,
)

__all__ = ["make_enum", "make_namedtuple"]


def make_enum(run: Run, frame: Frame | None, args: Args, span: s.Span | None) -> Value:
    """Return the class that `Enum(name, {member: value})` makes."""
    members = args.get(("names",), 1) or UNKNOWN
    for atom in members:
        if isinstance(atom, Mapped) and frame is not None:
            attributes = {str(k): v for k, v in atom.items.items()}
            made = Class("Enum", [], attributes, [], frame.place, frame, is_enum=True)
            return (made,)
    return UNKNOWN


def make_namedtuple(
    run: Run, frame: Frame | None, args: Args, span: s.Span | None
) -> Value:
    """Return the class that `namedtuple(name, fields)` makes."""
    fields = args.get(("field_names",), 1) or UNKNOWN
    if frame is None or len(fields) != 1:
        return UNKNOWN
    match fields[0]:
        case Lit(str() as text):
            names = text.replace(",", " ").split()
        case Seq(items):
            names = [str(name.value) for item in items for name in literals(item)]
        case _:
            return UNKNOWN
    made = Class("", [], {}, [(name, None) for name in names], frame.place, frame)
    return (made,)
