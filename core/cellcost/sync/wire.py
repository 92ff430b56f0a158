"""What crosses the network: a batch as bytes, and the ledger's answers, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from cellcost import __version__
from cellcost.errors import LedgerUnavailable
from cellcost.journal import codec
from cellcost.journal.outbox import Held

__all__ = [
    "EVENTS",
    "Reply",
    "Result",
    "batch_body",
    "event_body",
    "installation_path",
    "read_held",
    "read_reply",
]

EVENTS: Final = "/api/v1/events"
_INSTALLATIONS: Final = "/api/v1/installations/"
_STATUSES: Final = frozenset({"stored", "duplicate", "conflict", "rejected"})
_REASON_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one event."""

    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a batch."""

    results: tuple[Result, ...]
    contiguous: int
    forked: bool


def installation_path(installation: str) -> str:
    """Return where a ledger says what it holds of an installation."""
    return _INSTALLATIONS + installation


def event_body(wire: Mapping[str, Any]) -> str:
    """Return one event as it stands in a batch."""
    return codec.dumps(wire)


def batch_body(installation: str, events: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a batch as JSON."""
    body = {
        "installation": installation,
        "client": f"cellcost/{__version__}",
        "events": list(events),
    }
    return codec.dumps(body).encode("utf-8", "replace")


def read_reply(value: Mapping[str, Any], ids: Sequence[str]) -> Reply:
    """Return the answer to a batch of events with these ids.

    Raises LedgerUnavailable when it does not answer for each of them: an event without
    an answer must be sent again.
    """
    try:
        rows = cast("list[dict[str, Any]]", value["results"])
        results = tuple(_result(row, id_) for row, id_ in zip(rows, ids, strict=True))
        contiguous = int(value["last_contiguous_seq"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise LedgerUnavailable(
            f"the ledger's answer cannot be read ({type(error).__name__}: {error})"
        ) from error
    return Reply(results, contiguous, bool(value.get("forked", False)))


def read_held(value: Mapping[str, Any]) -> Held:
    """Return what a ledger says that it holds. Raises LedgerUnavailable."""
    try:
        return Held(int(value["last_contiguous_seq"]), int(value["events"]))
    except (LookupError, TypeError, ValueError) as error:
        raise LedgerUnavailable(
            f"the ledger's answer cannot be read ({type(error).__name__}: {error})"
        ) from error


def _result(row: Mapping[str, Any], id_: str) -> Result:
    status = row["status"]
    if status not in _STATUSES:
        raise ValueError(f"unknown status {status!r}")
    if row.get("id") not in (id_, "", None):
        raise ValueError("it answers for another event")
    return Result(status, str(row.get("reason", ""))[:_REASON_CHARACTERS])
