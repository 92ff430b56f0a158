"""Kernels: what is known of a running kernel, and whether it is metered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cellcost.journal import WriterRow

__all__ = ["GRACE_SECONDS", "KernelFact", "meter_json"]

GRACE_SECONDS = 3.0
"""How long a fresh kernel may take to say in the journal that it is metered: its meter
announces itself from a background thread, some 10 ms after the start-up files ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelFact:
    """One kernel of this server and the document that it serves."""

    kernel_id: str
    path: str
    """Of the document, as the contents API names it."""
    name: str
    language: str
    state: str
    """`starting`, `idle`, `busy`, ... as jupyter_server has it."""
    up_since: float | None
    """On the monotonic clock: when it was first seen past its start; None before."""


def meter_json(
    kernel: KernelFact | None,
    writers: Iterable[WriterRow],
    *,
    now: float,
    journal: Mapping[str, str],
) -> dict[str, Any]:
    """Return what to say about the metering of a kernel; `now` is monotonic."""
    rows = [row for row in writers if row.alive]
    state, detail = _state(kernel, rows, now)
    return {
        "state": state,
        "detail": detail,
        "not_captured": _not_captured(rows),
        "journal": _journal(rows, journal),
    }


def _state(
    kernel: KernelFact | None, rows: Sequence[WriterRow], now: float
) -> tuple[str, str]:
    if rows:
        return "metered", f"Metered by cellcost {rows[0].version}."
    if kernel is None:
        return "unknown", "No kernel of this server runs this notebook."
    if kernel.language and kernel.language.lower() != "python":
        return (
            "not_metered",
            f"cellcost meters Python kernels; this one runs {kernel.language}."
            " What it calls is not counted.",
        )
    if kernel.up_since is None or now - kernel.up_since < GRACE_SECONDS:
        return "unknown", "The kernel is starting."
    return (
        "not_metered",
        f"The meter is not loaded in this kernel ({kernel.name}): what it calls is not"
        " counted. Install cellcost in that environment, run `cellcost enable` there"
        " and restart the kernel.",
    )


def _journal(rows: Iterable[WriterRow], journal: Mapping[str, str]) -> dict[str, str]:
    """Return the journal's state, and what this kernel's writers say they lost."""
    if journal["state"] != "ok":
        return dict(journal)
    for row in rows:
        word, _, said = row.stacks.get("journal", "").partition(":")
        if word == "lost":
            detail = (
                f"{said.strip()}: its figures are lower bounds. `cellcost doctor` says"
                " whether the journal can be written now."
            )
            return {"state": "memory", "detail": detail}
    return dict(journal)


def _not_captured(rows: Iterable[WriterRow]) -> list[dict[str, str]]:
    found: dict[str, str] = {}
    for row in rows:
        for stack, said in row.stacks.items():
            word, _, reason = said.partition(":")
            if word.strip() == "not captured":
                found[stack] = reason.strip() or "no reason was given"
    return [{"stack": stack, "reason": found[stack]} for stack in sorted(found)]
