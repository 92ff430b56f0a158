"""Call sites as a person reads them."""

from collections.abc import Sequence

from cellcost.analysis import Estimate, Finding, load_text
from cellcost.cli.output import Column, print_line, table
from cellcost.money import format_usd

__all__ = ["place_text", "print_checked", "print_found"]


def print_checked(estimates: Sequence[Estimate], found: Sequence[Finding]) -> None:
    """Print a table of call sites, then what is worth a word."""
    if not estimates:
        print_line("No model calls found.")
        return
    columns = (
        Column("where", shrink=True),
        Column("kind"),
        Column("model"),
        Column("one call", "right"),
        Column("loop"),
        Column("lengths"),
    )
    rows = [
        (
            place_text(item),
            item.site.kind,
            " | ".join(model.written for model in item.site.models) or "?",
            _cost_text(item),
            _loop_text(item),
            item.reasons[0] if item.from_calls else "",
        )
        for item in estimates
    ]
    for line in table(columns, rows):
        print_line(line)
    print_found(found)


def print_found(found: Sequence[Finding]) -> None:
    """Print what is worth a word, one line each."""
    if found:
        print_line()
    for finding in found:
        place = place_text(finding.estimate)
        blocked = "error " if finding.severity == "error" else ""
        print_line(f"{place}: {blocked}{finding.code} {finding.message}")


def place_text(item: Estimate) -> str:
    """Return where a call site is: `a.py:3`, `a.ipynb:cell 2:1`."""
    area = item.site.area
    cell = "" if area.cell is None else f":cell {area.cell}"
    return f"{area.path}{cell}:{area.row + 1}"


def _cost_text(item: Estimate) -> str:
    cost = item.cost_nusd
    if item.site.kind == "load":
        return load_text(item)
    if cost is None:
        return "unpriced" if item.candidates else "?"
    usage = item.typical_usage
    if not (cost.low or usage.input_tokens or usage.output_tokens):
        return "?"
    other = item.site.open or any(c.card.reason for c in item.candidates)
    if (
        cost.high is None
        and not (other and cost.low)
        and (item.from_calls or not cost.low)
    ):
        return f"≈ {format_usd(item.typical_nusd or 0)}"
    if cost.high is None:
        return f"≥ {format_usd(cost.low)}"
    if cost.high == cost.low:
        return f"≈ {format_usd(cost.low)}"
    return f"≈ {format_usd(cost.low)}–{format_usd(cost.high).removeprefix('$')}"  # noqa: RUF001


def _loop_text(item: Estimate) -> str:
    if not item.site.in_loop:
        return ""
    count = item.site.loop_count
    return "× n" if count is None else f"× {count}"  # noqa: RUF001
