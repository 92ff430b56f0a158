"""The tables, as the newest migration leaves them (a test compares the two)."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

__all__ = [
    "METADATA",
    "ROLLUP_DAY_KEYS",
    "ROLLUP_KEYS",
    "ROLLUP_SUMS",
    "alarm",
    "alarm_fired",
    "api_key",
    "audit",
    "audit_head",
    "conflict",
    "day_seal",
    "dead_letter",
    "event",
    "event_line",
    "installation",
    "job_lease",
    "pruned_event",
    "rollup_day",
    "rollup_hour",
]

METADATA = MetaData()

_JSON = JSON().with_variant(JSONB(), "postgresql")

ROLLUP_KEYS = (
    "tenant",
    "installation",
    "hour",
    "team",
    "function",
    "environment",
    "provider",
    "model",
    "user_name",
)
ROLLUP_DAY_KEYS = tuple("day" if name == "hour" else name for name in ROLLUP_KEYS)
ROLLUP_SUMS = (
    "events",
    "calls",
    "n_priced",
    "n_unpriced",
    "cost_nusd",
    "input_tokens",
    "output_tokens",
)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _int(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


installation = Table(
    "installation",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _text("team"),
    _text("client"),
    _int("first_seen_us"),
    _int("last_seen_us"),
    _int("received"),
    _int("last_contiguous_seq"),
    _int("forked"),
    _int("writer"),
    _int("clock_off"),
    PrimaryKeyConstraint("tenant", "installation"),
)

event = Table(
    "event",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _text("event_id"),
    _int("seq"),
    _int("time_us"),
    _int("received_us"),
    _text("kind"),
    _text("confidence"),
    _text("corrects"),
    _text("team"),
    _text("function"),
    _text("environment"),
    _text("provider"),
    _text("model"),
    _text("user_name"),
    _text("claimed_user"),
    _text("key_id"),
    _int("cost_nusd", null=True),
    _int("n_unpriced"),
    _int("input_tokens"),
    _int("output_tokens"),
    _text("core_hash"),
    Column("tags", _JSON, nullable=False),
    _text("body"),
    _int("seal"),
    PrimaryKeyConstraint("tenant", "installation", "event_id"),
)

event_line = Table(
    "event_line",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _text("event_id"),
    _int("line_no"),
    _text("meter"),
    _text("variant"),
    _int("quantity"),
    _text("list_rate", null=True),
    _text("contracted_rate", null=True),
    _int("cost_nusd", null=True),
    _text("reason"),
    PrimaryKeyConstraint("tenant", "installation", "event_id", "line_no"),
    ForeignKeyConstraint(
        ["tenant", "installation", "event_id"],
        ["event.tenant", "event.installation", "event.event_id"],
    ),
)

dead_letter = Table(
    "dead_letter",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _text("event_id"),
    _int("seq", null=True),
    _text("reason"),
    Column("raw", LargeBinary, nullable=False),
    _int("received_us"),
    _text("key_id"),
    PrimaryKeyConstraint("tenant", "installation", "event_id"),
)

conflict = Table(
    "conflict",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _text("event_id"),
    _text("digest"),
    _text("reason"),
    Column("raw", LargeBinary, nullable=False),
    _int("received_us"),
    _text("key_id"),
    PrimaryKeyConstraint("tenant", "installation", "event_id", "digest"),
)

rollup_hour = Table(
    "rollup_hour",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _int("hour"),
    *(_text(name) for name in ROLLUP_KEYS[3:]),
    *(_int(name) for name in ROLLUP_SUMS),
    PrimaryKeyConstraint(*ROLLUP_KEYS),
)

rollup_day = Table(
    "rollup_day",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _int("day"),
    *(_text(name) for name in ROLLUP_DAY_KEYS[3:]),
    *(_int(name) for name in ROLLUP_SUMS),
    PrimaryKeyConstraint(*ROLLUP_DAY_KEYS),
)

day_seal = Table(
    "day_seal",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _int("number"),
    _int("day"),
    _int("late"),
    _int("closed_us"),
    _int("first_seq"),
    _int("last_seq"),
    *(_int(name) for name in ROLLUP_SUMS),
    _text("members"),
    _text("hours"),
    _text("digest"),
    _int("pruned_us", null=True),
    PrimaryKeyConstraint("tenant", "installation", "number"),
)

pruned_event = Table(
    "pruned_event",
    METADATA,
    _text("tenant"),
    _text("installation"),
    _text("event_id"),
    _int("seq"),
    _int("seal"),
    _text("core_hash"),
    PrimaryKeyConstraint("tenant", "installation", "event_id"),
)

api_key = Table(
    "api_key",
    METADATA,
    _text("key_id"),
    _text("tenant"),
    _text("team"),
    _text("teams"),
    _text("user_name"),
    _text("scopes"),
    _text("secret_hash"),
    _int("created_us"),
    _int("expires_us", null=True),
    _int("last_used_us", null=True),
    _int("revoked_us", null=True),
    PrimaryKeyConstraint("key_id"),
)

job_lease = Table(
    "job_lease",
    METADATA,
    _text("name"),
    _text("holder"),
    _int("until_us"),
    PrimaryKeyConstraint("name"),
)

alarm = Table(
    "alarm",
    METADATA,
    _text("alarm_id"),
    _text("tenant"),
    _text("team", null=True),
    _text("function", null=True),
    _text("model", null=True),
    _text("per"),
    _int("limit_nusd", null=True),
    _int("limit_tokens", null=True),
    _text("webhook"),
    _text("secret"),
    _int("created_us"),
    _int("limit_gpu_ms", null=True),
    PrimaryKeyConstraint("alarm_id"),
)

alarm_fired = Table(
    "alarm_fired",
    METADATA,
    _text("alarm_id"),
    _int("period_us"),
    _text("sum_nusd", null=True),
    _text("tokens"),
    _int("n_unpriced"),
    _text("state"),
    _int("tries"),
    _int("next_try_us"),
    _int("fired_us"),
    _text("gpu_ms", null=True),
    PrimaryKeyConstraint("alarm_id", "period_us"),
)

audit = Table(
    "audit",
    METADATA,
    _text("tenant"),
    _int("number"),
    _int("time_us"),
    _text("team"),
    _text("actor_kind"),
    _text("actor"),
    _text("act"),
    _text("subject"),
    _text("detail"),
    _text("digest"),
    PrimaryKeyConstraint("tenant", "number"),
)

audit_head = Table(
    "audit_head",
    METADATA,
    _text("tenant"),
    _int("number"),
    _text("digest"),
    PrimaryKeyConstraint("tenant"),
)
