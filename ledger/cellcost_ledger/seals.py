"""What a seal says of a closed day, and whether the rows still say the same.

A seal holds the figures of its events and three digests: of its events (`members`), of
the hourly sums of all that was sealed of its day (`hours`), and of all of this together
with the seal before it, so that the seals of an installation are one chain.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cellcost_ledger.book.schema import ROLLUP_KEYS, ROLLUP_SUMS
from cellcost_ledger.wire import encode

__all__ = [
    "Contents",
    "Member",
    "check_chain",
    "hours_digest",
    "make_seal",
    "members_digest",
]

_CHAINED = (
    *("tenant", "installation", "number", "day", "late", "closed_us"),
    *("first_seq", "last_seq", *ROLLUP_SUMS, "members", "hours"),
)


class Member(NamedTuple):
    """What stays known of an event for ever."""

    event_id: str
    seq: int
    core_hash: str


@dataclass(slots=True)
class Contents:
    """The events of one seal, and their sums where their rows are still there."""

    members: list[Member] = field(default_factory=list[Member])
    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ROLLUP_SUMS, 0))
    days: set[int] = field(default_factory=set[int])

    def add(self, event: Mapping[str, Any], day: int) -> None:
        """Count an event's row."""
        member = Member(event["event_id"], event["seq"], event["core_hash"])
        self.members.append(member)
        self.days.add(day)
        cost = event["cost_nusd"]
        self.sums["events"] += 1
        self.sums["calls"] += event["kind"] == "llm"
        self.sums["n_priced"] += cost is not None
        self.sums["cost_nusd"] += cost or 0
        for name in ("n_unpriced", "input_tokens", "output_tokens"):
            self.sums[name] += event[name]


def make_seal(
    previous: Mapping[str, Any] | None,
    contents: Contents,
    hours: Iterable[Mapping[str, Any]],
    **about: Any,
) -> dict[str, Any]:
    """Return the row of a seal behind `previous`.

    `hours` are the hourly sums of its day. `about` is tenant, installation, day, late
    and closed_us.
    """
    seqs = [member.seq for member in contents.members]
    row: dict[str, Any] = {
        **about,
        "number": 1 if previous is None else previous["number"] + 1,
        "first_seq": min(seqs),
        "last_seq": max(seqs),
        **contents.sums,
        "members": members_digest(contents.members),
        "hours": hours_digest(hours),
        "pruned_us": None,
    }
    row["digest"] = _digest("" if previous is None else previous["digest"], row)
    return row


def members_digest(members: Iterable[Member]) -> str:
    """Return the digest of some events, whatever their order."""
    found = hashlib.sha256()
    for member in sorted(members):
        found.update(encode(member))
    return found.hexdigest()


def hours_digest(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the digest of hourly sums, whatever their order."""
    names = (*ROLLUP_KEYS, *ROLLUP_SUMS)
    found = hashlib.sha256()
    for values in sorted([row[name] for name in names] for row in rows):
        found.update(encode(values))
    return found.hexdigest()


def _digest(previous: str, row: Mapping[str, Any]) -> str:
    whole = encode([previous, *(row[name] for name in _CHAINED)])
    return hashlib.sha256(whole).hexdigest()


def check_chain(
    seals: Sequence[Mapping[str, Any]],
    live: Mapping[int, Contents],
    pruned: Mapping[int, Sequence[Member]],
) -> list[str]:
    """Return what is wrong with an installation's seals; nothing if all is well.

    `live` and `pruned` are the events by the number of their seal.
    """
    wrong: list[str] = []
    previous, days = "", set[int]()
    for number, seal in enumerate(seals, 1):
        if seal["number"] != number:
            wrong.append(f"seal {number} is missing")
            break
        if seal["digest"] != _digest(previous, seal):
            wrong.append(f"seal {number} is not what its digest says")
        if bool(seal["late"]) != (seal["day"] in days):
            wrong.append(f"seal {number} says wrongly whether it is late")
        previous = seal["digest"]
        days.add(seal["day"])
        contents = live.get(number, Contents())
        gone = pruned.get(number, ())
        if seal["pruned_us"] is None:
            what = _check_live(seal, contents)
            wrong += [f"seal {number}: events are removed and stored"] if gone else []
        else:
            what = _check_members(seal, gone)
            if contents.members:
                wrong.append(f"seal {number} is pruned, and some of its events stayed")
        wrong += [f"seal {number}: {what}"] if what else []
    known = {seal["number"] for seal in seals}
    wrong += [
        f"seal {number} is missing, and events are of it"
        for number in sorted({*live, *pruned} - known)
    ]
    return wrong


def _check_live(seal: Mapping[str, Any], contents: Contents) -> str:
    for name, value in contents.sums.items():
        if seal[name] != value:
            return f"its {name} is {seal[name]}, its events say {value}"
    if contents.days != {seal["day"]}:
        return "an event is not of its day"
    return _check_members(seal, contents.members)


def _check_members(seal: Mapping[str, Any], members: Sequence[Member]) -> str:
    if seal["events"] != len(members):
        return f"it has {seal['events']} events, {len(members)} are known"
    if seal["members"] != members_digest(members):
        return "its events are not those that were sealed"
    return ""
