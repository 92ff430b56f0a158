"""What is answered, as types: the OpenAPI document is made from them.

The test-suite holds every answer that it gets to them.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from cellcost_ledger.wire import WireCall, WireEvent, WireWhere

__all__ = [
    "AuditPage",
    "EventPage",
    "Failure",
    "Figures",
    "InstallationPage",
    "OutcomePage",
    "Recent",
    "RunPage",
    "SentBatch",
    "Spend",
    "State",
    "UnitCosts",
    "WhoAmI",
]

Money = Annotated[
    str, Meta(pattern="^-?[0-9]+$", description="Integer nano-USD (1e-9 USD) as text.")
]
Time = Annotated[str, Meta(description="ISO 8601, UTC.")]
Cursor = Annotated[
    str | None, Meta(description="The next page's `cursor`; null: the last page.")
]
NotKept = Annotated[
    int, Meta(description="Events of this time whose details were pruned.")
]


class Failure(Struct):
    """Every error: what happened, to which thing, what to do next."""

    error: str
    message: str
    hint: str
    status: int


class State(Struct):
    """Whether the process lives, or is ready."""

    status: str


class Sums(Struct):
    """What some events add up to; `cost_nusd` is null where nothing is known."""

    events: int
    calls: int
    n_priced: int
    n_unpriced: int
    cost_nusd: Money | None


class TokenSums(Sums):
    """The same, with tokens."""

    input_tokens: int
    output_tokens: int


class SpendRow(TokenSums):
    """The sums of one group and span; each group is a name of its own beside these."""

    time: Time | None = None


class Spend(Struct):
    """Sums by group and span of time, and their total."""

    since: Time
    until: Time
    group_by: list[str]
    granularity: str | None
    rows: list[SpendRow]
    total: TokenSums
    events_not_kept: NotKept


class Minute(Sums, kw_only=True):
    """The sums of one minute."""

    time: Time


class Recent(Struct):
    """The sums of the last minutes."""

    since: Time
    until: Time
    minutes: list[Minute]
    total: Sums


class StoredLine(Struct):
    """One priced part of an event."""

    line_no: int
    meter: str
    variant: str
    quantity: int
    list_rate: str | None
    contracted_rate: str | None
    cost_nusd: Money | None
    reason: str


class StoredEvent(Struct):
    """An event with its lines, as it is stored."""

    id: str
    installation: str
    seq: int
    time_us: int
    received_us: int
    wrong_clock: Literal["", "ahead", "behind"]
    kind: str
    confidence: str
    corrects: str
    team: str
    user: str
    claimed_user: str
    provider: str
    model: str
    cost_nusd: Money | None
    n_unpriced: int
    input_tokens: int
    output_tokens: int
    where: WireWhere
    lines: list[StoredLine]
    call: WireCall | None = None
    duration_seconds: float = 0.0
    note: str = ""
    price_id: str = ""
    catalogue_version: str = ""
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


class EventPage(Struct):
    """Events, the newest first."""

    events: list[StoredEvent]
    next: Cursor


class Run(Struct):
    """What one run of a cell or a script cost; `script` where it has no notebook."""

    run_id: str
    installation: str
    origin: str
    notebook: str
    script: str
    user: str
    first_us: int
    last_us: int
    events: int
    calls: int
    n_priced: int
    n_unpriced: int
    input_tokens: int
    output_tokens: int
    cost_nusd: Money | None


class RunPage(Struct):
    """Runs, the last active first."""

    since: Time
    until: Time
    runs: list[Run]
    next: Cursor


class Outcome(Struct):
    """What the money bought, as the user's code said it."""

    id: str
    installation: str
    time_us: int
    team: str
    function: str
    environment: str
    user: str
    run_id: str
    name: str
    count: int
    quality: float | None
    value: str | None
    tags: dict[str, str]


class OutcomePage(Struct):
    """Outcomes, the newest first."""

    outcomes: list[Outcome]
    next: Cursor


class UnitCost(Struct):
    """What one outcome of a group cost; the groups are names of their own beside these.

    `cost_nusd` is the whole group's: in each row of a group with several outcomes.
    """

    outcome: str | None
    count: int
    quality: float | None
    value_usd: str | None
    events: int
    n_priced: int
    n_unpriced: int
    cost_nusd: Money | None
    unit_cost_nusd: Money | None


class UnitCosts(Struct):
    """Spend over outcomes, by group."""

    since: Time
    until: Time
    group_by: list[str]
    rows: list[UnitCost]
    events_not_kept: NotKept


class Installation(Struct):
    """How whole a journal came."""

    installation: str
    team: str
    client: str
    first_seen_us: int
    last_seen_us: int
    last_contiguous_seq: int
    highest_seq: int
    gaps: int
    forked: bool
    clock_off: int


class InstallationPage(Struct):
    """Installations, the last seen first."""

    installations: list[Installation]
    next: Cursor


class Figures(Struct):
    """How much of an installation is stored."""

    installation: str
    last_contiguous_seq: int
    events: int
    sum_nusd: Money
    forked: bool
    clock_off: int


class AuditEntry(Struct):
    """Who did what, when, to what."""

    number: int
    time_us: int
    team: str
    actor_kind: Literal["key", "command", "unknown"]
    actor: str
    act: str
    subject: str
    detail: dict[str, Any]
    digest: str


class AuditPage(Struct):
    """Entries of the audit log, the newest first."""

    entries: list[AuditEntry]
    next: Cursor


class WhoAmI(Struct):
    """What the asking key is."""

    team: str
    teams: list[str]
    user: str
    scopes: list[str]
    expires: Time | None


class SentBatch(Struct):
    """Some events of one installation; one that is malformed is rejected alone."""

    installation: Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$")]
    events: Annotated[list[WireEvent], Meta(max_length=500)]
    client: Annotated[str, Meta(max_length=200)] = ""
