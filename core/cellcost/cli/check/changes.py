"""What a change costs, as a table and as JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cellcost.analysis import Finding, estimate_json
from cellcost.analysis.comparing import Change, Money, Version
from cellcost.cli.check.history import MONTH_DAYS
from cellcost.cli.check.tables import place_text, print_found
from cellcost.cli.output import Column, print_line, table
from cellcost.money import format_usd, nano_to_text

__all__ = ["Totals", "changes_json", "print_changes", "totals_of"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the changed call sites, wrappers left out.

    They are of what is known: `unknown` says why the rest is not in them.
    """

    before_nusd: int
    after_nusd: int
    run_nusd: int
    period_nusd: int
    unknown: Counter[str]
    """Reasons why a change of one run is not in the sums, and how often."""
    volume_unknown: int
    """Changes that are in `run_nusd`, but not in `period_nusd`."""


def totals_of(changes: Iterable[Change]) -> Totals:
    """Return the sums over some changes."""
    counted = [change for change in changes if change.counts]
    return Totals(
        before_nusd=_sum(c.before_money for c in counted),
        after_nusd=_sum(c.after_money for c in counted),
        run_nusd=sum(c.run_nusd or 0 for c in counted),
        period_nusd=sum(c.period_nusd or 0 for c in counted),
        unknown=Counter(c.run_reason for c in counted if c.run_nusd is None),
        volume_unknown=sum(
            c.run_nusd is not None and c.period_nusd is None for c in counted
        ),
    )


def changes_json(
    changes: Sequence[Change], *, base: str, findings: Sequence[Finding]
) -> Json:
    """Return what changed as JSON; money is nano-USD as text, null if unknown."""
    shown = [change for change in changes if change.status != "same"]
    totals = totals_of(shown)
    return {
        "base": base,
        "days": MONTH_DAYS,
        "sites": [_change_json(change, findings) for change in shown],
        "unchanged": len(changes) - len(shown),
        "totals": {
            "before_nusd": nano_to_text(totals.before_nusd),
            "after_nusd": nano_to_text(totals.after_nusd),
            "run_nusd": nano_to_text(totals.run_nusd),
            "period_nusd": nano_to_text(totals.period_nusd),
            "unknown": dict(totals.unknown),
            "volume_unknown": totals.volume_unknown,
        },
    }


def _change_json(change: Change, findings: Sequence[Finding]) -> Json:
    site = change.site.estimate.site
    codes = [f.code for f in findings if f.estimate.site is site]
    return {
        "status": change.status,
        "wrapper": site.wraps,
        "before": _side_json(change.before, change.before_money),
        "after": _side_json(change.after, change.after_money),
        "run_nusd": nano_to_text(change.run_nusd),
        "run_reason": change.run_reason,
        "calls": change.calls,
        "period_nusd": nano_to_text(change.period_nusd),
        "period_reason": change.period_reason,
        "new_codes": list(dict.fromkeys(codes)),
    }


def _side_json(version: Version | None, money: Money | None) -> Json | None:
    """Return one side: the call site as `check --json` has it, and one run of it."""
    if version is None or money is None:
        return None
    told = estimate_json(version.estimate, ())
    del told["codes"]
    return {
        **told,
        "run": {
            "typical_nusd": nano_to_text(money.typical),
            "low_nusd": nano_to_text(money.low),
            "high_nusd": nano_to_text(money.high),
            "notes": list(money.notes),
        },
    }


def print_changes(
    changes: Sequence[Change], found: Sequence[Finding], *, base: str
) -> None:
    """Print a table of what changed, then what is new and worth a word."""
    shown = [change for change in changes if change.status != "same"]
    if not shown:
        print_line(f"No model call costs anything else than in {base}.")
        return
    columns = (
        Column("where", shrink=True),
        Column("model", shrink=True),
        Column("before", "right"),
        Column("after", "right"),
        Column("one run", "right"),
        Column(f"{MONTH_DAYS} days", "right"),
        Column(""),
    )
    totals = totals_of(shown)
    rows = [_row(change) for change in shown]
    for line in table(columns, rows, footer=_footer(totals)):
        print_line(line)
    for line in _remarks(shown, totals):
        print_line(line)
    print_found(found)


def _row(change: Change) -> tuple[str, ...]:
    return (
        place_text(change.site.estimate),
        _models_text(change),
        _money_text(change.before_money),
        _money_text(change.after_money),
        "?" if change.run_nusd is None else _signed(change.run_nusd),
        _period_text(change),
        _notes_text(change),
    )


def _models_text(change: Change) -> str:
    names = [
        " | ".join(model.written for model in version.estimate.site.models) or "?"
        for version in (change.before, change.after)
        if version is not None
    ]
    return " → ".join(dict.fromkeys(names))


def _money_text(money: Money | None) -> str:
    if money is None:
        return ""
    if money.typical is None:
        return money.notes[0]
    if money.other and money.low is not None:
        return f"≥ {format_usd(money.low)}"
    return f"≈ {format_usd(money.typical)}"


def _period_text(change: Change) -> str:
    if change.period_nusd is not None:
        return _signed(change.period_nusd)
    return change.period_reason if change.run_nusd is not None else "?"


def _notes_text(change: Change) -> str:
    notes: list[str] = [] if change.status == "changed" else [change.status]
    if change.calls:
        notes.append(f"{change.calls:,} calls in {MONTH_DAYS} days")
    if change.run_reason:
        notes.append(change.run_reason)
    money = change.after_money or change.before_money
    if money is not None and money.typical is not None:
        notes += money.notes
    if not change.counts:
        notes.append("same money as the call inside it")
    return " · ".join(dict.fromkeys(notes))


def _footer(totals: Totals) -> tuple[str, ...]:
    least = "≥" if totals.unknown else "≈"
    return (
        "total",
        "",
        f"{least} {format_usd(totals.before_nusd)}",
        f"{least} {format_usd(totals.after_nusd)}",
        _signed(totals.run_nusd),
        _signed(totals.period_nusd) if totals.period_nusd else "",
        "",
    )


def _remarks(shown: Sequence[Change], totals: Totals) -> Iterable[str]:
    if totals.unknown:
        listed = ", ".join(f"{n} × {why}" for why, n in totals.unknown.most_common())  # noqa: RUF001
        yield f"Not in the changes' total: {listed}."
    if totals.volume_unknown:
        yield (
            f"Not in the sum of {MONTH_DAYS} days: {totals.volume_unknown} of which no"
            " volume is known."
        )
    if any(not change.counts for change in shown):
        yield (
            "The money of a wrapper is in the row of the call inside it, which is"
            " figured at the dearest model that any caller passes."
        )


def _signed(change: int) -> str:
    if not change:
        return "$0"
    return f"≈ {'+' if change > 0 else ''}{format_usd(change)}"


def _sum(parts: Iterable[Money | None]) -> int:
    return sum(part.typical or 0 for part in parts if part is not None)
