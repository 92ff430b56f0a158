"""CallView, CallGroup: the table behind a badge; calls that are alike share a row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cellcost.records import Line, Tokens
from cellcost.views.entries import Entry, entry_tally, failed
from cellcost.views.tally import State, Tally

__all__ = [
    "CallGroup",
    "CallView",
    "LineSum",
    "call_view",
    "groups_of",
    "line_sums",
    "shared_tags",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One call as a person sees it."""

    id: str
    model: str
    provider: str
    endpoint: str
    operation: str
    state: State
    tokens: Tokens
    duration_seconds: float
    cost_nusd: int | None
    note: str
    call_site: str
    status: int | None
    reasons: tuple[str, ...]
    """Why parts of it have no price."""
    retry_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGroup:
    """Calls of one run that differ only in their figures."""

    label: str
    count: int
    tally: Tally
    duration_seconds: float
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSum:
    """All that some calls used of one meter."""

    meter: str
    quantity: int
    cost_nusd: int | None
    reason: str


def call_view(entry: Entry) -> CallView:
    """Return the view of one call."""
    call, tally = entry.call, entry_tally(entry)
    return CallView(
        id=entry.id,
        model=entry.model,
        provider=call.provider if call else "",
        endpoint=call.endpoint if call else "",
        operation=call.operation if call else "",
        state=tally.state,
        tokens=tally.tokens,
        duration_seconds=entry.duration_seconds,
        cost_nusd=tally.cost_nusd,
        note=entry.note,
        call_site=entry.where.call_site,
        status=call.status if call else None,
        reasons=_reasons(entry.lines),
        retry_of=call.retry_of if call else "",
    )


def groups_of(entries: Sequence[Entry]) -> tuple[CallGroup, ...]:
    """Return the calls folded into groups of alike ones; every call is in one group."""
    attempts = _attempts(entries)
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_likeness(entry, attempts), []).append(entry)
    views = [_group(key[-1], members) for key, members in groups.items()]
    return tuple(sorted(views, key=lambda group: -group.count))


def line_sums(entries: Iterable[Entry]) -> tuple[LineSum, ...]:
    """Return what the calls used, summed by meter (priced and unpriced apart)."""
    sums: dict[tuple[str, str], LineSum] = {}
    for entry in entries:
        for line in entry.lines:
            reason = "" if line.cost_nusd is not None else line.reason or "unpriced"
            before = sums.get((line.meter, reason))
            quantity, cost = line.quantity, line.cost_nusd
            if before is not None:
                quantity += before.quantity
                if cost is not None and before.cost_nusd is not None:
                    cost += before.cost_nusd
            sums[line.meter, reason] = LineSum(
                meter=line.meter, quantity=quantity, cost_nusd=cost, reason=reason
            )
    return tuple(sums.values())


def shared_tags(entries: Iterable[Entry]) -> Mapping[str, str]:
    """Return the tags of some calls; a tag with several values lists up to three."""
    values: dict[str, dict[str, None]] = {}
    for entry in entries:
        for key, value in entry.where.tags.items():
            values.setdefault(key, {})[value] = None
    return {
        key: ", ".join(list(found)[:3]) + (", …" if len(found) > 3 else "")
        for key, found in sorted(values.items())
    }


def _attempts(entries: Iterable[Entry]) -> Mapping[str, int]:
    """Return how many earlier attempts each call had, by its id."""
    before = {
        entry.id: entry.call.retry_of
        for entry in entries
        if entry.call is not None and entry.call.retry_of
    }
    counts: dict[str, int] = {}
    for entry_id in before:
        count, at = 0, entry_id
        # A malformed chain could be a ring: no more steps than there are retries.
        while at in before and count < len(before):
            count, at = count + 1, before[at]
        counts[entry_id] = count
    return counts


def _likeness(entry: Entry, attempts: Mapping[str, int]) -> tuple[str, ...]:
    call = entry.call
    state = entry_tally(entry).state
    return (
        entry.model,
        call.provider if call else "",
        call.endpoint if call else "",
        call.operation if call else "",
        state,
        _manner(entry, state, attempts.get(entry.id, 0)),
    )


def _manner(entry: Entry, state: State, retries: int) -> str:
    """Return how the call went, in the words of the table; "" when as usual."""
    if entry.kind != "llm":
        return entry.kind
    if state == "live":
        return "running"
    if failed(entry):
        status = entry.call.status if entry.call else None
        return f"failed (HTTP {status})" if status is not None else "failed"
    if retries:
        times = {1: "once", 2: "twice"}.get(retries, f"{retries} times")
        return f"retried {times}"
    return "stopped early" if entry.confidence == "partial" else ""


def _group(manner: str, members: Sequence[Entry]) -> CallGroup:
    tally = sum((entry_tally(entry) for entry in members), Tally())
    label = members[0].model or "no model"
    if len(members) > 1:
        label += f", {len(members)} alike"
    if manner:
        label += f", {manner}"
    return CallGroup(
        label=label,
        count=len(members),
        tally=tally,
        duration_seconds=sum(entry.duration_seconds for entry in members),
        state=tally.state,
    )


def _reasons(lines: Iterable[Line]) -> tuple[str, ...]:
    found = (line.reason for line in lines if line.cost_nusd is None and line.reason)
    return tuple(dict.fromkeys(found))
