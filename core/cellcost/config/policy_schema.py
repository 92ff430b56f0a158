"""The settings of `[policy]` and `[[environments]]`, as data."""

from cellcost.config.setting import Kind, Setting

__all__ = ["POLICY_SETTINGS"]

_ACTIONS = ("allow", "warn", "ask", "approve", "block")


def _match(name: str, kind: Kind, meaning: str, *choices: str) -> Setting:
    return Setting(
        section="policy.rules.match",
        name=name,
        kind=kind,
        meaning=meaning,
        choices=choices,
    )


def _cap(name: str, meaning: str) -> Setting:
    return Setting(section="policy.caps", name=name, kind="cap", meaning=meaning)


POLICY_SETTINGS: tuple[Setting, ...] = (
    Setting(
        section="environments",
        name="name",
        kind="text",
        meaning="What `tags.environment` is here.",
        required=True,
    ),
    Setting(
        section="environments",
        name="branch",
        kind="patterns",
        meaning="Git branches on which it holds.",
    ),
    Setting(
        section="environments",
        name="hub_server",
        kind="patterns",
        meaning="Named servers of a JupyterHub on which it holds.",
    ),
    Setting(
        section="policy",
        name="unpriced",
        kind="text",
        meaning="What a call without a known price is.",
        choices=("allow", "warn", "block"),
    ),
    Setting(
        section="policy",
        name="large_output_rate",
        kind="usd",
        meaning="USD per 1,000,000 output tokens from which a model is large.",
    ),
    Setting(
        section="policy",
        name="require_tags",
        kind="names",
        meaning="Tags that every call must have.",
    ),
    _cap("call", "One call."),
    _cap("cell", "One run of a cell."),
    _cap("notebook", "A notebook."),
    _cap("session", "A kernel, from its start."),
    _cap("user_day", "What a user spends in a day (UTC)."),
    _cap("team_day", "What a team spends in a day (UTC)."),
    _cap("team_month", "What a team spends in a month (UTC)."),
    _cap("feature", "What a feature (the tag) spends."),
    Setting(
        section="policy.rules",
        name="action",
        kind="text",
        meaning="What a call is that matches.",
        choices=_ACTIONS,
        required=True,
    ),
    Setting(
        section="policy.rules",
        name="name",
        kind="text",
        meaning="A short name, for messages.",
    ),
    Setting(
        section="policy.rules",
        name="message",
        kind="text",
        meaning="What the user is told.",
    ),
    Setting(
        section="policy.rules",
        name="suggest",
        kind="text",
        meaning="The model to use instead.",
    ),
    _match("environment", "patterns", "Where the code runs."),
    _match("team", "patterns", "The tag `team`."),
    _match("function", "patterns", "The tag `function`."),
    _match("user", "patterns", "The user's name on the machine or the hub."),
    _match("provider", "providers", "Whose model."),
    _match("model", "patterns", "The model's name."),
    _match("size", "text", "How dear its output is.", "large"),
    _match("call_cost", "money", "From this cost of the call on."),
    _match("tokens", "count", "From this many tokens on, input and output."),
    _match("gpu", "patterns", "The GPU's name."),
    _match("hours", "hours", "Hours of the day, local time."),
)
