"""Keys: made once, kept as a hash, found again in a request."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import sqlalchemy as sa

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
    "revoke_key",
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
) -> tuple[Key, str]:
    """Return a new key and its text, which is nowhere else."""
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
    secret = secrets.token_urlsafe(32)
    row = {
        "key_id": key.id,
        "tenant": key.tenant,
        "team": key.team,
        "teams": json.dumps(key.teams),
        "user_name": key.user,
        "scopes": " ".join(key.scopes),
        "secret_hash": _hash(secret),
        "created_us": now_us,
        "expires_us": expires_us,
    }
    database.write(lambda c: c.execute(sa.insert(api_key).values(row)))
    return key, f"{_PREFIX}_{key.id}_{secret}"


def find_key(database: Database, text: str, *, now_us: int) -> Key | None:
    """Return the key that `text` is and that is active, or None; note its use."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != _PREFIX or not secret or not key_id.isalnum():
        return None
    row = database.read(
        lambda c: c.execute(
            sa.select(api_key).where(api_key.c.key_id == key_id)
        ).one_or_none()
    )
    if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)):
        return None
    key = _key(row)
    if key.state(now_us) != "active":
        return None
    if key.last_used_us is None or key.last_used_us + _TOUCH_US < now_us:
        database.write(
            lambda c: c.execute(
                sa.update(api_key)
                .where(api_key.c.key_id == key_id)
                .values(last_used_us=now_us)
            )
        )
    return key


def key_hash(database: Database, key_id: str) -> str | None:
    """Return what is kept of a key's secret, or None for a key that is unknown."""
    statement = sa.select(api_key.c.secret_hash).where(api_key.c.key_id == key_id)
    return database.read(lambda c: c.execute(statement).scalar_one_or_none())


def list_keys(database: Database) -> list[Key]:
    """Return every key, oldest first; the texts cannot be shown again."""
    statement = sa.select(api_key).order_by(api_key.c.created_us, api_key.c.key_id)
    return database.read(lambda c: [_key(row) for row in c.execute(statement)])


def allow_team(database: Database, key_id: str, team: str) -> bool:
    """Let a key charge and read one more team; False if there is no such active key."""

    def work(connection: sa.Connection) -> bool:
        ours = (api_key.c.key_id == key_id, api_key.c.revoked_us.is_(None))
        row = connection.execute(sa.select(api_key).where(*ours)).one_or_none()
        if row is None:
            return False
        teams = dict.fromkeys([*_key(row).teams, team])
        connection.execute(
            sa.update(api_key).where(*ours).values(teams=json.dumps(list(teams)))
        )
        return True

    return database.write(work)


def revoke_key(database: Database, key_id: str, *, now_us: int) -> bool:
    """End a key, from its next request on; False if there is no such active key."""
    statement = (
        sa.update(api_key)
        .where(api_key.c.key_id == key_id, api_key.c.revoked_us.is_(None))
        .values(revoked_us=now_us)
    )
    return database.write(lambda c: c.execute(statement).rowcount) == 1


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
