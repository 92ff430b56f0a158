"""What a change of the source does to the cost of its call sites."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import islice
from typing import Literal

from cellcost.analysis.estimate import Estimate

__all__ = ["Change", "Money", "Status", "Version", "compared", "paired"]

Status = Literal["same", "changed", "added", "removed"]

_MOST_PAIRS = 20_000
"""How many pairs of calls are held against each other: the rest came or went."""
_ALIKE = 0.6
"""How much of the text two calls share if one is the other, edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One call site in one version of the source."""

    estimate: Estimate
    file: str
    """Its file by the name that it has after the change."""
    mark: str
    """`call_mark` of its lines."""
    text: str
    """Its lines, without the space around them."""
    calls: int | None = None
    """How many calls it made in the time asked about; None if nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What one run of a call site costs, its loop included if its length is known."""

    typical: int | None
    low: int | None
    high: int | None
    """None: no known limit."""
    other: bool = False
    """Whether a model may be used that has no price or is not known."""
    notes: tuple[str, ...] = ()
    """What the figures leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One call site before and after; the one that is None was not there."""

    status: Status
    before: Version | None
    after: Version | None
    before_money: Money | None
    after_money: Money | None
    run_nusd: int | None
    """What one run costs more now, by the typical figures; None if unknown."""
    run_reason: str
    """Why that is unknown."""
    calls: int | None
    """The journal's calls that `period_nusd` is for."""
    period_nusd: int | None
    """What as many runs as those calls were cost more now; None if unknown."""
    period_reason: str

    @property
    def site(self) -> Version:
        """Return the call site as it is now, or as it was."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change of nothing")
        return found

    @property
    def counts(self) -> bool:
        """Say whether it is in sums: a wrapper is the same money as the call in it."""
        return not self.site.estimate.site.wraps


# -- which is which -------------------------------------------------------------------


def paired(
    before: Sequence[Version], after: Sequence[Version]
) -> list[tuple[Version | None, Version | None]]:
    """Return each call site with what it was, the surest likeness first.

    A call that moved, also to another function or file, is the same call; one that was
    edited is the same if it stays in its function, or alike in its file or in a
    function of that name.
    """
    old, new = dict(enumerate(before)), dict(enumerate(after))
    pairs: dict[int, int] = {}

    def match(key: Callable[[Version], Hashable]) -> None:
        groups: dict[Hashable, list[int]] = {}
        for number, version in old.items():
            groups.setdefault(key(version), []).append(number)
        for number, version in list(new.items()):
            same = groups.get(key(version))
            if same:
                was = same.pop(0)
                pairs[number] = was
                del old[was], new[number]

    match(lambda v: (v.file, _function(v), v.mark, _kind(v)))
    match(lambda v: (v.file, v.mark, _kind(v)))
    match(lambda v: (v.mark, _kind(v)))
    match(lambda v: (v.file, _function(v), _kind(v), _models(v)))
    match(lambda v: (v.file, _function(v), _kind(v)))
    _match_alike(old, new, pairs, lambda v: v.file)
    _match_alike(old, new, pairs, _function)
    found: list[tuple[Version | None, Version | None]] = [
        (before[pairs[n]] if n in pairs else None, version)
        for n, version in enumerate(after)
    ]
    return found + [(version, None) for version in old.values()]


def _match_alike(
    old: dict[int, Version],
    new: dict[int, Version],
    pairs: dict[int, int],
    near: Callable[[Version], Hashable],
) -> None:
    """Pair what is left and near by how much of the text is the same."""
    groups: dict[Hashable, list[int]] = {}
    for o, was in old.items():
        groups.setdefault((near(was), _kind(was)), []).append(o)
    possible = (
        (o, n)
        for n, now in new.items()
        for o in groups.get((near(now), _kind(now)), ())
    )
    likeness = [
        (_likeness(old[o], new[n]), -o, -n) for o, n in islice(possible, _MOST_PAIRS)
    ]
    for ratio, o, n in sorted(likeness, reverse=True):
        if ratio >= _ALIKE and -o in old and -n in new:
            pairs[-n] = -o
            del old[-o], new[-n]


def _likeness(was: Version, now: Version) -> float:
    matcher = SequenceMatcher(None, was.text[:2000], now.text[:2000], autojunk=False)
    # The cheap bounds first: most pairs are not alike at all.
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    return matcher.ratio()


def _function(version: Version) -> str:
    return version.estimate.site.function


def _kind(version: Version) -> tuple[str, bool]:
    site = version.estimate.site
    return site.kind, site.wraps


def _models(version: Version) -> frozenset[str]:
    return frozenset(model.written for model in version.estimate.site.models)


# -- what it costs --------------------------------------------------------------------


def compared(before: Version | None, after: Version | None) -> Change:
    """Return what became of one call site."""
    was = None if before is None else _money(before.estimate)
    now = None if after is None else _money(after.estimate)
    run, why = _difference(before, after, was, now)
    calls = before.calls if before is not None else None
    if not calls and after is not None:
        calls = after.calls
    period, why_not = _over_calls(before, after, calls, why)
    return Change(
        status=_status(before, after, was, now),
        before=before,
        after=after,
        before_money=was,
        after_money=now,
        run_nusd=run,
        run_reason=why,
        calls=calls,
        period_nusd=period,
        period_reason=why_not,
    )


def _status(
    before: Version | None, after: Version | None, was: Money | None, now: Money | None
) -> Status:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    same = was == now and _models(before) == _models(after)
    turns = (_turns(before.estimate), _turns(after.estimate))
    return "same" if same and turns[0] == turns[1] else "changed"


def _money(item: Estimate) -> Money:
    turns = _turns(item)
    notes = list(_notes(item))
    if turns is None:
        notes.append("one turn of its loop")
    count = turns or 1
    cost = item.cost_nusd
    typical = _typical(item)
    return Money(
        typical=None if typical is None else typical * count,
        low=None if cost is None else cost.low * count,
        high=None if cost is None or cost.high is None else cost.high * count,
        other=_other(item),
        notes=tuple(notes),
    )


def _notes(item: Estimate) -> Iterable[str]:
    if item.typical_nusd is None:
        yield "GPU time" if item.site.kind == "load" else "unpriced"
        return
    if _typical(item) is None:
        yield "length unknown"
        return
    if _other(item):
        yield "another model may be used"
    if item.cost_nusd is None or item.cost_nusd.high is None:
        yield "no known limit"


def _typical(item: Estimate) -> int | None:
    """Return the typical figure; None too where it would stand on no token at all."""
    usage = item.typical_usage
    return item.typical_nusd if usage.input_tokens or usage.output_tokens else None


def _other(item: Estimate) -> bool:
    return item.site.open or any(c.card.reason for c in item.candidates)


def _turns(item: Estimate) -> int | None:
    """Return how often its loops run it; None if unknown, 1 outside any."""
    return item.site.loop_count if item.site.in_loop else 1


def _difference(
    before: Version | None, after: Version | None, was: Money | None, now: Money | None
) -> tuple[int | None, str]:
    """Return what one run costs more, or None and why not."""
    if was is not None and was.typical is None:
        return None, f"{was.notes[0]} before"
    if now is not None and now.typical is None:
        return None, f"{now.notes[0]} now"
    if before is not None and after is not None:
        turns = (_turns(before.estimate), _turns(after.estimate))
        if (turns[0] is None) != (turns[1] is None):
            return None, "a loop of unknown length on one side only"
    return (now.typical or 0 if now else 0) - (was.typical or 0 if was else 0), ""


def _over_calls(
    before: Version | None, after: Version | None, calls: int | None, why: str
) -> tuple[int | None, str]:
    """Return what as many runs as `calls` tells cost more, or None and why not."""
    if why:
        return None, why
    if not calls:
        return None, "volume unknown"
    sites = [version.estimate for version in (before, after) if version is not None]
    passes = Fraction(calls, _requests(sites[0]))
    ratio = Fraction(1)
    if before is not None and after is not None:
        old, new = _turns(before.estimate), _turns(after.estimate)
        if old and new is not None:
            ratio = Fraction(new, old)
    was = 0 if before is None else _typical(before.estimate) or 0
    now = 0 if after is None else _typical(after.estimate) or 0
    return round(passes * (now * ratio - was)), ""


def _requests(item: Estimate) -> int:
    return max((prompt.requests for prompt in item.site.prompts), default=1)
