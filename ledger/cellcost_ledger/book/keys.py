"""Keys: made once, kept as a hash, found again in a request."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import sqlalchemy as sa

from cellcost_ledger.accounts import at_the_command_line
from cellcost_ledger.book.audit import Act, ActName, Actor, record
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.schema import api_key

__all__ = [
    "ALL_TEAMS",
    "SCOPES",
    "Key",
    "Scope",
    "allow_team",
    "create_key",
    "find_key",
    "key_hash",
    "list_keys",
    "refused_key",
    "revoke_key",
    "rotate_key",
]

Scope = Literal["ingest", "read", "approve", "admin"]
SCOPES: tuple[str, ...] = get_args(Scope)
ALL_TEAMS = "*"
_PREFIX = "cck"
_TOUCH_US = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Who asks, and what they may do."""

    id: str
    tenant: str
    team: str
    teams: tuple[str, ...]
    """The teams it may charge and read, its own first; `*` for all."""
    user: str
    scopes: tuple[str, ...]
    created_us: int
    expires_us: int | None = None
    last_used_us: int | None = None
    revoked_us: int | None = None

    def allows(self, team: str) -> bool:
        """Say whether it may charge and read `team`."""
        return team in self.teams or ALL_TEAMS in self.teams

    def rows(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        """Return what holds of the rows of a table that it may read."""
        found = [table.c.tenant == self.tenant]
        if ALL_TEAMS not in self.teams:
            found.append(table.c.team.in_(self.teams))
        return found

    def state(self, now_us: int) -> str:
        """Return `active`, `expired` or `revoked`."""
        if self.revoked_us is not None:
            return "revoked"
        if self.expires_us is not None and self.expires_us <= now_us:
            return "expired"
        return "active"


def create_key(
    database: Database,
    *,
    team: str,
    now_us: int,
    teams: Iterable[str] = (),
    user: str = "",
    scopes: Sequence[str] = ("ingest",),
    tenant: str = "default",
    expires_us: int | None = None,
    by: Actor | None = None,
) -> tuple[Key, str]:
    """Return a new key and its text, which is nowhere else.

    The audit log says that `by` made it: without one, the account of this process.
    """
    key = Key(
        id=secrets.token_hex(6),
        tenant=tenant,
        team=team,
        teams=tuple(dict.fromkeys([team, *teams])),
        user=user,
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        created_us=now_us,
        expires_us=expires_us,
    )
    row, text = _new_row(key)

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.insert(api_key).values(row))
        _record(connection, by, "key.create", key, **_may(key))

    database.write(work)
    return key, text


def rotate_key(
    database: Database,
    key_id: str,
    *,
    now_us: int,
    ends_us: int,
    expires_us: int | None = None,
    by: Actor | None = None,
) -> tuple[Key, str] | None:
    """Return a key that may do the same, and its text; the old one ends at `ends_us`.

    None if there is no such active key. Without `expires_us` the new key lasts as long
    as the old one was made for.
    """
    new_id = secrets.token_hex(6)

    def work(connection: sa.Connection) -> tuple[Key, str] | None:
        row = connection.execute(
            sa.select(api_key).where(api_key.c.key_id == key_id)
        ).one_or_none()
        if row is None or (old := _key(row)).state(now_us) != "active":
            return None
        ends = expires_us
        if ends is None and old.expires_us is not None:
            ends = now_us + old.expires_us - old.created_us
        new = replace(
            old, id=new_id, created_us=now_us, expires_us=ends, last_used_us=None
        )
        made, text = _new_row(new)
        last_us = min(ends_us, old.expires_us or ends_us)
        connection.execute(sa.insert(api_key).values(made))
        connection.execute(
            sa.update(api_key)
            .where(api_key.c.key_id == key_id)
            .values(expires_us=last_us)
        )
        detail = {"new": new.id, "ends_us": last_us, **_may(new)}
        _record(connection, by, "key.rotate", old, **detail)
        return new, text

    return database.write(work)


def find_key(database: Database, text: str, *, now_us: int) -> Key | None:
    """Return the key that `text` is and that is active, or None; note its use."""
    key, why = _look_up(database, text, now_us)
    if key is None or why:
        return None
    if key.last_used_us is None or key.last_used_us + _TOUCH_US < now_us:
        database.write(
            lambda c: c.execute(
                sa.update(api_key)
                .where(api_key.c.key_id == key.id)
                .values(last_used_us=now_us)
            )
        )
    return key


def refused_key(
    database: Database, text: str, *, now_us: int
) -> tuple[Key | None, str]:
    """Return which key a refused `text` names, if any, and why it was refused.

    For the audit log alone: nobody has shown to be that key.
    """
    return _look_up(database, text, now_us)


def _look_up(database: Database, text: str, now_us: int) -> tuple[Key | None, str]:
    """Return the key that a text names, and why it does not count; "" if it does."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != _PREFIX or not secret or not key_id.isalnum():
        return None, "no key"
    row = database.read(
        lambda c: c.execute(
            sa.select(api_key).where(api_key.c.key_id == key_id)
        ).one_or_none()
    )
    if row is None:
        return None, "unknown"
    key = _key(row)
    if not hmac.compare_digest(row.secret_hash, _hash(secret)):
        return key, "wrong secret"
    state = key.state(now_us)
    return key, "" if state == "active" else state


def key_hash(database: Database, key_id: str) -> str | None:
    """Return what is kept of a key's secret, or None for a key that is unknown."""
    statement = sa.select(api_key.c.secret_hash).where(api_key.c.key_id == key_id)
    return database.read(lambda c: c.execute(statement).scalar_one_or_none())


def list_keys(database: Database) -> list[Key]:
    """Return every key, oldest first; the texts cannot be shown again."""
    statement = sa.select(api_key).order_by(api_key.c.created_us, api_key.c.key_id)
    return database.read(lambda c: [_key(row) for row in c.execute(statement)])


def allow_team(
    database: Database, key_id: str, team: str, *, by: Actor | None = None
) -> bool:
    """Let a key charge and read one more team; False if there is no such active key."""

    def work(connection: sa.Connection) -> bool:
        ours = (api_key.c.key_id == key_id, api_key.c.revoked_us.is_(None))
        row = connection.execute(sa.select(api_key).where(*ours)).one_or_none()
        if row is None:
            return False
        key = _key(row)
        teams = dict.fromkeys([*key.teams, team])
        connection.execute(
            sa.update(api_key).where(*ours).values(teams=json.dumps(list(teams)))
        )
        _record(connection, by, "key.allow", key, allowed=team)
        return True

    return database.write(work)


def revoke_key(
    database: Database, key_id: str, *, now_us: int, by: Actor | None = None
) -> bool:
    """End a key, from its next request on; False if there is no such active key."""
    ours = (api_key.c.key_id == key_id, api_key.c.revoked_us.is_(None))

    def work(connection: sa.Connection) -> bool:
        row = connection.execute(sa.select(api_key).where(*ours)).one_or_none()
        ended = sa.update(api_key).where(*ours).values(revoked_us=now_us)
        if row is None or connection.execute(ended).rowcount != 1:
            return False
        _record(connection, by, "key.revoke", _key(row))
        return True

    return database.write(work)


def _new_row(key: Key) -> tuple[dict[str, Any], str]:
    """Return the row of a new key, and its text."""
    secret = secrets.token_urlsafe(32)
    row = {
        "key_id": key.id,
        "tenant": key.tenant,
        "team": key.team,
        "teams": json.dumps(key.teams),
        "user_name": key.user,
        "scopes": " ".join(key.scopes),
        "secret_hash": _hash(secret),
        "created_us": key.created_us,
        "expires_us": key.expires_us,
    }
    return row, f"{_PREFIX}_{key.id}_{secret}"


def _record(
    connection: sa.Connection,
    by: Actor | None,
    name: ActName,
    key: Key,
    **detail: Any,
) -> None:
    act = Act(
        name=name, tenant=key.tenant, team=key.team, subject=key.id, detail=detail
    )
    record(connection, by or at_the_command_line(), act)


def _may(key: Key) -> dict[str, Any]:
    return {
        "teams": list(key.teams),
        "user": key.user,
        "scopes": list(key.scopes),
        "expires_us": key.expires_us,
    }


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    return Key(
        id=row.key_id,
        tenant=row.tenant,
        team=row.team,
        teams=tuple(json.loads(row.teams)),
        user=row.user_name,
        scopes=tuple(row.scopes.split()),
        created_us=row.created_us,
        expires_us=row.expires_us,
        last_used_us=row.last_used_us,
        revoked_us=row.revoked_us,
    )


def _hash(secret: str) -> str:
    # A plain hash is enough: the secret is 256 random bits, not a password.
    return hashlib.sha256(secret.encode()).hexdigest()
