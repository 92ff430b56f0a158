"""Every setting there is, as data: what is checked, merged and documented."""

from cellcost.config.gpu_schema import GPU_SETTINGS
from cellcost.config.policy_schema import POLICY_SETTINGS
from cellcost.config.setting import Kind, Setting

__all__ = [
    "LISTS",
    "SETTINGS",
    "TAG_SECTION",
    "VARIABLES",
    "Kind",
    "Setting",
    "keys_of",
    "scalar_settings",
    "sections",
]

SETTINGS: tuple[Setting, ...] = (
    Setting(
        section="",
        name="locked",
        kind="keys",
        meaning="Keys, or whole sections, that no later layer may change.",
        host_only=True,
    ),
    Setting(
        section="tags",
        name="team",
        kind="text",
        meaning="Who pays.",
    ),
    Setting(
        section="tags",
        name="function",
        kind="text",
        meaning="What the spend is for: chat, search, evaluation.",
    ),
    Setting(
        section="tags",
        name="environment",
        kind="text",
        meaning="Where the code runs.",
        default="dev",
        variable="CELLCOST_ENV",
    ),
    Setting(section="tags", name="project", kind="text", meaning="Which project."),
    Setting(section="tags", name="feature", kind="text", meaning="Which feature."),
    Setting(
        section="tags",
        name="priority",
        kind="text",
        meaning="How much the answer matters.",
    ),
    Setting(
        section="capture",
        name="stream_usage",
        kind="text",
        meaning=(
            "Where the tokens of an OpenAI chat stream come from when your code did"
            " not ask for usage."
        ),
        choices=("ask", "count"),
        default="count",
        variable="CELLCOST_CAPTURE_STREAM_USAGE",
    ),
    Setting(
        section="view",
        name="persist",
        kind="text",
        meaning="What is written into notebook files.",
        choices=("off",),
        default="off",
        variable="CELLCOST_VIEW_PERSIST",
    ),
    Setting(
        section="editor",
        name="hints",
        kind="text",
        meaning="The cost at the end of a call.",
        choices=("on", "off"),
        default="on",
    ),
    Setting(
        section="editor",
        name="lenses",
        kind="text",
        meaning="The sum above a function, a cell and a file.",
        choices=("on", "off"),
        default="on",
    ),
    Setting(
        section="editor",
        name="diagnostics",
        kind="text",
        meaning="Findings such as a large model in `dev`, with their quick fixes.",
        choices=("on", "off"),
        default="on",
    ),
    Setting(
        section="editor",
        name="completion",
        kind="text",
        meaning="Model names with their prices, offered while you type.",
        choices=("on", "off"),
        default="on",
    ),
    Setting(
        section="editor",
        name="off",
        kind="codes",
        meaning="Codes of findings that are not shown.",
        default="COST002",
    ),
    Setting(
        section="sync",
        name="url",
        kind="ledger",
        meaning="The team's ledger, where nobody has run `cellcost login`.",
        variable="CELLCOST_SYNC_URL",
        not_project=True,
    ),
    Setting(
        section="sync",
        name="ca_file",
        kind="text",
        meaning="Certificates (PEM) that the ledger's is checked with.",
        not_project=True,
    ),
    Setting(
        section="sync",
        name="user",
        kind="text",
        meaning="The user's name.",
        choices=("send", "hash", "drop"),
        default="send",
        not_project=True,
    ),
    Setting(
        section="sync",
        name="host",
        kind="text",
        meaning="The machine's name.",
        choices=("send", "hash", "drop"),
        default="send",
        not_project=True,
    ),
    Setting(
        section="sync",
        name="path",
        kind="text",
        meaning="Paths of notebooks and files, wherever they stand.",
        choices=("send", "hash", "drop"),
        default="send",
        not_project=True,
    ),
    Setting(
        section="sync",
        name="cell",
        kind="text",
        meaning="Cell ids and the hash of a cell's source.",
        choices=("send", "hash", "drop"),
        default="send",
        not_project=True,
    ),
    Setting(
        section="sync",
        name="call_site",
        kind="text",
        meaning="File, function and line of a call, and the hash of its text.",
        choices=("send", "hash", "drop"),
        default="send",
        not_project=True,
    ),
    Setting(
        section="endpoints",
        name="url",
        kind="url",
        meaning="The start of the address: scheme, host, port, path.",
        required=True,
    ),
    Setting(
        section="endpoints",
        name="provider",
        kind="provider",
        meaning="Whose price list applies, or which kind of server it is.",
        default="self-hosted",
    ),
    Setting(
        section="endpoints",
        name="rates",
        kind="rates",
        meaning="USD per 1,000,000 units, by meter, instead of the price list.",
    ),
    Setting(
        section="endpoints",
        name="gpu_hour",
        kind="usd",
        meaning="USD per GPU-hour of the machine that serves it.",
    ),
    Setting(
        section="prices",
        name="provider",
        kind="provider",
        meaning="Whose model, as in `endpoints.provider`.",
        required=True,
    ),
    Setting(
        section="prices",
        name="model",
        kind="pattern",
        meaning="The model's name, or a pattern with `*`, `?` and `[...]`.",
        required=True,
    ),
    Setting(
        section="prices",
        name="valid_from",
        kind="date",
        meaning="First day (UTC) on which it holds. Without it: always.",
    ),
    Setting(
        section="prices",
        name="valid_to",
        kind="date",
        meaning="First day (UTC) on which it no longer holds.",
    ),
    Setting(
        section="prices",
        name="rates",
        kind="rates",
        meaning="USD per 1,000,000 units; each replaces the list's rate of that meter.",
    ),
    Setting(
        section="prices",
        name="discount",
        kind="fraction",
        meaning="Share off the rates that `rates` does not name: `0.15` is 15 %.",
    ),
    *GPU_SETTINGS,
    *POLICY_SETTINGS,
)

TAG_SECTION = "tags"
"""The one section that takes free keys beside those named here."""

LISTS = ("endpoints", "prices", "gpu_rates", "environments")
"""Sections written `[[name]]`; layers add to them instead of overriding."""


def keys_of(section: str) -> tuple[Setting, ...]:
    """Return the settings of one section; "" gives the top level's."""
    return tuple(setting for setting in SETTINGS if setting.section == section)


def sections() -> tuple[str, ...]:
    """Return the names of all sections, in the order they are documented."""
    return tuple(
        dict.fromkeys(s.section.partition(".")[0] for s in SETTINGS if s.section)
    )


def scalar_settings() -> tuple[Setting, ...]:
    """Return the settings with one value each, which layers override."""
    return tuple(
        s
        for s in SETTINGS
        if s.section not in ("", *LISTS) and s.section.partition(".")[0] != "policy"
    )


VARIABLES = (
    "CELLCOST_HOME",
    "CELLCOST_TAGS",
    "CELLCOST_NOW",
    "CELLCOST_METER",
    "CELLCOST_RUN",
    "CELLCOST_DEBUG",
    "CELLCOST_SYNC_KEY",
    "CELLCOST_LEDGER_DATABASE",
    *(setting.variable for setting in SETTINGS if setting.variable),
)
"""Every environment variable that some part of cellcost reads."""
