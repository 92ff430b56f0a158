"""The signed lines that turn what is stored about a call into what is true of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from cellcost.records import Line

__all__ = ["correcting_lines"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Lines of one kind add up; unpriced ones are a kind of their own."""

    meter: str
    variant: str
    list_rate: Decimal | None
    contracted_rate: Decimal | None
    reason: str
    priced: bool


def correcting_lines(stored: Iterable[Line], true: Iterable[Line]) -> tuple[Line, ...]:
    """Return signed lines such that stored + lines = true, in quantity and in cost.

    Also the count of unpriced lines adds up: an unpriced line that changed is withdrawn
    whole (negative quantity) and stated anew. Empty if there is no difference.
    """
    before, after = _sums(stored), _sums(true)
    lines: list[Line] = []
    for kind in dict.fromkeys((*before, *after)):
        old_quantity, old_cost = before.get(kind, (0, 0))
        new_quantity, new_cost = after.get(kind, (0, 0))
        if (old_quantity, old_cost) == (new_quantity, new_cost):
            continue
        if kind.priced:
            changes = [(new_quantity - old_quantity, new_cost - old_cost)]
        else:
            changes = [(q, 0) for q in (-old_quantity, new_quantity) if q]
        lines += [
            Line(
                line_no=0,
                meter=kind.meter,
                variant=kind.variant,
                quantity=quantity,
                list_rate=kind.list_rate,
                contracted_rate=kind.contracted_rate,
                cost_nusd=cost if kind.priced else None,
                reason=kind.reason,
            )
            for quantity, cost in changes
        ]
    return tuple(replace(line, line_no=n) for n, line in enumerate(lines, start=1))


def _sums(lines: Iterable[Line]) -> dict[_Kind, tuple[int, int]]:
    sums: defaultdict[_Kind, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in lines:
        kind = _Kind(
            line.meter,
            line.variant,
            line.list_rate,
            line.contracted_rate,
            line.reason,
            line.cost_nusd is not None,
        )
        quantity, cost = sums[kind]
        sums[kind] = (quantity + line.quantity, cost + (line.cost_nusd or 0))
    return dict(sums)
