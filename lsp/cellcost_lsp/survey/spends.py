"""What the calls of a file cost, kept small, and what they come to together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cellcost.analysis import Estimate
from cellcost_lsp.costs import about

__all__ = ["FileSpend", "Spend", "file_spend", "from_json", "to_json", "totals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """One call site: what one call of it costs, and how often it runs."""

    provider: str
    models: tuple[str, ...]
    times: int | None
    """How often the loops around it run it; None if that is unknown."""
    loads: bool
    """Whether it loads weights, which cost GPU time."""
    low: int | None
    """Nano-USD of one call at least; None without a price."""
    high: int | None
    """Nano-USD of one call at most; None without a known limit."""
    typical: int | None


@dataclass(frozen=True, slots=True)
class FileSpend:
    """The call sites of one file, and the other files that they depend on."""

    path: str
    spends: tuple[Spend, ...]
    imports: frozenset[str] = frozenset()


def file_spend(
    path: str, items: Iterable[Estimate], imports: Iterable[str] = ()
) -> FileSpend:
    """Return what a file's calls cost.

    The call of a wrapper is the same money as the call inside it, which counts.
    """
    spends = tuple(_spend(item) for item in items if not item.site.wraps)
    return FileSpend(path, spends, frozenset(imports))


def _spend(item: Estimate) -> Spend:
    cost = item.cost_nusd
    return Spend(
        provider=item.provider,
        models=tuple(dict.fromkeys(model.written for model in item.site.models)),
        times=item.site.loop_count,
        loads=item.site.kind == "load",
        low=None if cost is None else cost.low,
        high=None if cost is None else cost.high,
        typical=item.typical_nusd,
    )


def to_json(found: FileSpend) -> dict[str, Any]:
    """Return a file's spends as JSON."""
    return {
        "path": found.path,
        "imports": sorted(found.imports),
        "spends": [
            [s.provider, s.models, s.times, s.loads, s.low, s.high, s.typical]
            for s in found.spends
        ],
    }


def from_json(raw: Mapping[str, Any]) -> FileSpend:
    """Return what `to_json` was given."""
    spends: Sequence[Sequence[Any]] = raw["spends"]
    return FileSpend(
        raw["path"],
        tuple(
            Spend(
                provider=provider,
                models=tuple(models),
                times=times,
                loads=loads,
                low=low,
                high=high,
                typical=typical,
            )
            for provider, models, times, loads, low, high, typical in spends
        ),
        frozenset(raw["imports"]),
    )


def totals(files: Iterable[FileSpend], *, complete: bool) -> dict[str, Any]:
    """Return as JSON what running everything once costs; money is nano-USD as text.

    Loops of known length are multiplied; `unbounded` calls, in loops of unknown length,
    count once; calls without a price are in no figure, but counted as `unpriced`.
    `high` is null where some call has no known limit.
    """
    kept = [found for found in files if found.spends]
    spends = [spend for found in kept for spend in found.spends]
    priced = [spend for spend in spends if spend.typical is not None]
    limited = all(spend.high is not None for spend in priced)
    by_model: dict[tuple[str, str], list[Spend]] = {}
    for spend in spends:
        key = (" | ".join(spend.models) or "?", spend.provider)
        by_model.setdefault(key, []).append(spend)
    return {
        "complete": complete,
        "files": len(kept),
        **_sums(spends),
        "low": str(sum((s.low or 0) * _times(s) for s in priced)),
        "high": str(sum((s.high or 0) * _times(s) for s in priced))
        if limited
        else None,
        "loads": sum(spend.loads for spend in spends),
        "byModel": [
            {"model": model, "provider": provider, **_sums(of)}
            for (model, provider), of in sorted(by_model.items(), key=_dearest)
        ],
    }


def _sums(spends: Sequence[Spend]) -> dict[str, Any]:
    typical = sum((s.typical or 0) * _times(s) for s in spends)
    priced = any(s.typical is not None for s in spends)
    return {
        "calls": len(spends),
        "typical": str(typical),
        "text": about(typical, typical) if priced else "unpriced",
        "unpriced": sum(s.typical is None and not s.loads for s in spends),
        "unbounded": sum(s.typical is not None and s.times is None for s in spends),
    }


def _times(spend: Spend) -> int:
    return 1 if spend.times is None else spend.times


def _dearest(item: tuple[tuple[str, str], list[Spend]]) -> tuple[int, tuple[str, str]]:
    key, spends = item
    return -sum((s.typical or 0) * _times(s) for s in spends), key
