"""Chips: the few words beside a figure that say what is unusual, and what to do."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from cellcost.views.runs import Gap, Run

__all__ = ["Chip", "chips_of", "how_to_price"]


@dataclass(frozen=True, slots=True)
class Chip:
    """A word or two, and the sentence behind it."""

    kind: Literal["info", "warn", "error"]
    text: str
    hint: str


def chips_of(run: Run) -> tuple[Chip, ...]:
    """Return the chips of one run of a cell, the most telling first."""
    tally = run.tally
    chips: list[Chip] = []
    # A refused attempt that was sent again is told by "retried", not by "failed".
    lost = max(tally.failed_calls - tally.retried_calls, 0)
    if lost:
        chips.append(
            Chip(
                "warn",
                f"{lost} failed",
                f"{_listed(run.failures)}. A call that the provider refused costs"
                " nothing.",
            )
        )
    if tally.n_partial:
        one = tally.calls + len(run.gpu) == 1
        many = "stopped early" if one else f"{tally.n_partial} stopped early"
        why = f" ({_listed(run.notes)})" if run.notes else ""
        what = (
            f"The answer was not read to its end{why}: the provider bills"
            if tally.calls
            else f"The device was used to the end of the process{why}: it cost"
        )
        chips.append(
            Chip(
                "warn", many, f"{what} at least this much, the rest is not known here."
            )
        )
    if tally.n_unpriced:
        chips.append(Chip("info", f"{tally.n_unpriced} unpriced", _gap_hint(run.gaps)))
    if tally.retried_calls:
        times = "" if tally.retried_calls == 1 else f" {tally.retried_calls} times"
        chips.append(
            Chip(
                "info",
                f"retried{times}",
                f"{_listed(run.failures) or 'An attempt failed'}; the client sent it"
                " again. Each attempt is counted once.",
            )
        )
    return tuple(chips)


def how_to_price(gap: Gap) -> str:
    """Return the lines for `cellcost.toml` that give a model its price.

    Empty where no price is what is missing (a cut-off call, say).
    """
    model = gap.model
    if "[[endpoints]]" in gap.reason and model.endpoint and "trust" not in gap.reason:
        lines = [
            "[[endpoints]]",
            f'url = "{_guessed_scheme(model.endpoint)}://{model.endpoint}"',
        ]
        if not model.provider:
            return "\n".join(
                [*lines, 'provider = "openai"   # whose price list applies']
            )
        return "\n".join([*lines, f'provider = "{model.provider}"', _RATES])
    if "[[prices]]" in gap.reason and model.provider:
        return "\n".join(
            [
                "[[prices]]",
                f'provider = "{model.provider}"',
                f'model = "{model.model}"',
                _RATES,
            ]
        )
    return ""


_RATES = 'rates = { input = "0.25", output = "2.00" }   # USD per 1,000,000 tokens'


def _gap_hint(gaps: Counter[Gap]) -> str:
    if not gaps:
        return "No price is known."
    gap, _ = gaps.most_common(1)[0]
    more = f" (and {len(gaps) - 1} more)" if len(gaps) > 1 else ""
    name = gap.model.model or "this call"
    said = f"{name}: {gap.reason or 'no price is known'}{more}"
    lines = how_to_price(gap)
    return f"{said}\n\n{lines}" if lines else said


def _listed(counts: Counter[str]) -> str:
    return ", ".join(
        text if n == 1 else f"{n} x {text}" for text, n in counts.most_common(3)
    )


def _guessed_scheme(endpoint: str) -> str:
    host = endpoint.rsplit(":", 1)[0].strip("[]")
    local = host in ("localhost", "::1") or host.startswith(("127.", "10.", "192.168."))
    return "http" if local else "https"
