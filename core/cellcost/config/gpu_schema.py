"""The settings of GPUs, as data; `schema` has all of them."""

from cellcost.config.setting import Setting

__all__ = ["GPU_SETTINGS"]

GPU_SETTINGS: tuple[Setting, ...] = (
    Setting(
        section="gpu",
        name="sample",
        kind="text",
        meaning="Whether the GPUs that your code uses are watched.",
        choices=("auto", "on", "off"),
        default="auto",
        variable="CELLCOST_GPU_SAMPLE",
        not_project=True,
    ),
    Setting(
        section="gpu",
        name="allocation",
        kind="text",
        meaning="Who pays for a GPU while nobody uses it.",
        choices=("auto", "shared", "exclusive"),
        default="auto",
        variable="CELLCOST_GPU_ALLOCATION",
        not_project=True,
    ),
    Setting(
        section="gpu",
        name="cloud",
        kind="text",
        meaning="Whose price list applies where no cloud is recognised.",
        choices=(
            "aws",
            "azure",
            "gcp",
            "coreweave",
            "hyperstack",
            "lambda",
            "modal",
            "nebius",
            "runpod",
        ),
        variable="CELLCOST_GPU_CLOUD",
        not_project=True,
    ),
    Setting(
        section="gpu",
        name="market",
        kind="text",
        meaning="How the machine was rented.",
        choices=("on-demand", "spot", "community"),
        default="on-demand",
        variable="CELLCOST_GPU_MARKET",
        not_project=True,
    ),
    Setting(
        section="gpu_rates",
        name="match",
        kind="pattern",
        meaning="The GPU's name, or a pattern with `*`, `?` and `[...]`.",
        required=True,
    ),
    Setting(
        section="gpu_rates",
        name="usd_per_hour",
        kind="hourly",
        meaning="USD an hour of one whole GPU.",
    ),
    Setting(
        section="gpu_rates",
        name="cloud",
        kind="text",
        meaning="Only on machines of this cloud.",
    ),
    Setting(
        section="gpu_rates",
        name="instance",
        kind="pattern",
        meaning="Only on machines of this type, or of a pattern.",
    ),
    Setting(
        section="gpu_rates",
        name="off_peak_usd_per_hour",
        kind="hourly",
        meaning="USD an hour in the windows of `off_peak`.",
    ),
    Setting(
        section="gpu_rates",
        name="off_peak",
        kind="windows",
        meaning="When it is cheaper: `hours`, `zone`, and `days` if not every day.",
    ),
    Setting(
        section="gpu_rates",
        name="valid_from",
        kind="date",
        meaning="First day (UTC) on which it holds. Without it: always.",
    ),
    Setting(
        section="gpu_rates",
        name="valid_to",
        kind="date",
        meaning="First day (UTC) on which it no longer holds.",
    ),
    Setting(
        section="gpu_rates",
        name="usd",
        kind="hourly",
        meaning="What one GPU cost to buy, with its share of the machine.",
    ),
    Setting(
        section="gpu_rates",
        name="years",
        kind="years",
        meaning="Over how many years that is spread.",
    ),
    Setting(
        section="gpu_rates",
        name="utilisation",
        kind="fraction",
        meaning="Share of those years in which somebody uses or holds it.",
    ),
)
