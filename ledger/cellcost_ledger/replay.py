"""Stores rejected events that are valid now: the same ingest, with what was kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from cellcost_ledger.accounts import at_the_command_line
from cellcost_ledger.book.audit import Act, ActName, Actor, record
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.keys import Key, list_keys
from cellcost_ledger.book.letters import Letter, letters_of, waiting_installations
from cellcost_ledger.ingest import reingest
from cellcost_ledger.received import Accepted, read_event

__all__ = ["Replayed", "dead_letters", "replay"]

_PAGE = 500


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What became of an installation's rejected events."""

    tenant: str
    installation: str
    stored: int = 0
    left: int = 0
    """Those that are still not valid."""


def dead_letters(
    database: Database,
    *,
    tenant: str | None = None,
    installation: str | None = None,
    reason: str = "",
) -> Iterator[Letter]:
    """Yield what was rejected for a reason that holds these words."""
    for _, page in _pages(database, tenant, installation, reason):
        yield from page


def replay(
    database: Database,
    *,
    tenant: str | None = None,
    installation: str | None = None,
    reason: str = "",
    by: Actor | None = None,
) -> list[Replayed]:
    """Store what is valid now, as what its key may charge now.

    What a revoked key sent stays where it is. A page is a transaction: killed in the
    middle and run again, it does the rest. The audit log says of each installation that
    it begins before anything is stored, and when it ended, what was.
    """
    actor = by or at_the_command_line()
    keys = {key.id: key for key in list_keys(database)}
    found: dict[tuple[str, str], Replayed] = {}
    for (of, name), page in _pages(database, tenant, installation, reason):
        done = found.setdefault((of, name), Replayed(tenant=of, installation=name))
        if page and not done.stored + done.left:
            _note(database, actor, "replay", of, name, reason=reason)
        for key_id in sorted({letter.key_id for letter in page}):
            ours = [letter for letter in page if letter.key_id == key_id]
            stored = _replay(database, keys.get(key_id), ours, name)
            done.stored += stored
            done.left += len(ours) - stored
    for (of, name), done in found.items():
        if done.stored + done.left:
            told = {"stored": done.stored, "left": done.left}
            _note(database, actor, "replay.end", of, name, **told)
    return list(found.values())


def _note(
    database: Database,
    actor: Actor,
    act: ActName,
    tenant: str,
    name: str,
    **detail: str | int,
) -> None:
    told = Act(name=act, tenant=tenant, subject=name, detail=detail)
    database.write(lambda c: record(c, actor, told))


def _replay(
    database: Database, key: Key | None, letters: list[Letter], name: str
) -> int:
    if key is None or key.revoked_us is not None:
        return 0
    events: list[Accepted] = []
    received: dict[str, int] = {}
    for letter in letters:
        event = read_event(letter.raw, name)
        if (
            isinstance(event, Accepted)
            and event.id == letter.event_id
            and key.allows(event.team or key.team)
        ):
            events.append(event)
            received[event.id] = letter.received_us
    if not events:
        return 0
    results = reingest(database, name, events, key, received_us=received)
    # `duplicate`: its client was faster.
    return sum(result.status in ("stored", "duplicate") for result in results)


def _pages(
    database: Database, tenant: str | None, installation: str | None, reason: str
) -> Iterator[tuple[tuple[str, str], list[Letter]]]:
    names = database.read(lambda c: waiting_installations(c, tenant, installation))
    for of, name in names:
        after = ""
        while page := database.read(
            partial(letters_of, tenant=of, name=name, after=after, limit=_PAGE)
        ):
            yield (of, name), [letter for letter in page if reason in letter.reason]
            after = page[-1].event_id
