"""Who signs in, and what the audit log says of it."""

import threading
import time
from dataclasses import dataclass, field

from cellcost_ledger.book.audit import WHOLE_BOOK, Act, Actor, record
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.keys import Key, find_key, refused_key
from cellcost_ledger.web.errors import ApiError

__all__ = ["Refusals", "sign_in"]

_AT_ONCE = 20.0
_A_SECOND = 1 / 60


@dataclass(slots=True)
class Refusals:
    """Which refused sign-ins are written down: 20 at once, then one a minute.

    Whoever has no key must not fill the book.
    """

    left: float = _AT_ONCE
    then: float = 0.0
    skipped: int = 0
    _one: threading.Lock = field(default_factory=threading.Lock)

    def take(self, now: float) -> int | None:
        """Return how many were left out before this one; None: leave it out too."""
        with self._one:
            self.left = min(_AT_ONCE, self.left + (now - self.then) * _A_SECOND)
            self.then = now
            if self.left < 1:
                self.skipped += 1
                return None
            self.left -= 1
            skipped, self.skipped = self.skipped, 0
            return skipped


def sign_in(database: Database, text: str, *, now_us: int, refusals: Refusals) -> Key:
    """Return the key that signs in with `text`, once the audit log has it.

    Raises ApiError for one that may not, which the audit log has too.
    """
    key = find_key(database, text, now_us=now_us)
    if key is None:
        named, why = refused_key(database, text, now_us=now_us)
        _refused(database, Actor(kind="unknown"), named, why, refusals)
        raise ApiError(
            401,
            "no_key",
            "This key is unknown, expired or revoked.",
            hint="`cellcost ledger key create --scope read` makes one.",
        )
    actor = Actor(kind="key", name=key.id)
    if "read" not in key.scopes:
        _refused(database, actor, key, "wrong scope", refusals)
        raise ApiError(
            403,
            "wrong_scope",
            f"This key may {' and '.join(key.scopes)}, but not read.",
        )
    act = Act(
        name="sign-in",
        tenant=key.tenant,
        team=key.team,
        subject=key.id,
        detail={"user": key.user},
    )
    database.write(lambda c: record(c, actor, act))
    return key


def _refused(
    database: Database, by: Actor, named: Key | None, why: str, refusals: Refusals
) -> None:
    skipped = refusals.take(time.monotonic())
    if skipped is None:
        return
    detail = {"why": why, "left_out_before": skipped}
    act = Act(name="sign-in.refused", tenant=WHOLE_BOOK, detail=detail)
    if named is not None:
        act = Act(
            name="sign-in.refused",
            tenant=named.tenant,
            team=named.team,
            subject=named.id,
            detail=detail,
        )
    database.write(lambda c: record(c, by, act))
