"""Showing: a report as words, as a static table, as JSON. Nothing is summed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from html import escape
from ipaddress import ip_address
from typing import Any

from cellcost.figures import (
    cached_text,
    cost_text,
    duration_text,
    notes_text,
    tokens_text,
)
from cellcost.views import Tally
from cellcost.views.gpu import GpuUse
from cellcost.views.wire import gpu_json, total_json
from cellcost_widgets.book import Row
from cellcost_widgets.reading import Report, Scope

__all__ = ["Shown", "state_json", "to_html", "to_json", "to_text"]

_SCOPES: dict[Scope, str] = {
    "kernel": "this kernel",
    "run": "this run",
    "cell": "this cell, all runs",
    "notebook": "this notebook",
}


_ROW_KEYS = ("name", "calls", "tokens", "cost", "notes")
_COLUMNS = (
    ("", "left"),
    ("calls", "right"),
    ("in → out", "right"),
    ("cost", "right"),
    ("", "left"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A report that a frontend shows as a table, and a terminal as text."""

    report: Report

    def __repr__(self) -> str:
        return to_text(self.report)

    def _repr_html_(self) -> str:
        return to_html(self.report)


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as data; money is nano-USD as text, null where unknown."""
    figures = report.figures
    return {
        "scope": report.scope,
        "at": report.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "state": report.state,
        "detail": report.detail,
        "total": total_json(figures.total),
        "rows": [_row_json(row) for row in figures.rows],
        "gpu": gpu_json(figures.gpu),
    }


def state_json(report: Report) -> dict[str, Any]:
    """Return what the live meter gets: the data, and every figure as it is shown."""
    return {**to_json(report), "text": _words(report)}


def to_text(report: Report) -> str:
    """Return the report as lines for a terminal."""
    words = _words(report)
    head = " · ".join(filter(None, [words["cost"], *words["line"]]))
    lines = [f"{words['scope']}: {head}"]
    if words["gpu"]:
        lines.append(words["gpu"])
    if len(words["rows"]) > 1:
        lines += ["", *_text_table(words["rows"])]
    lines += filter(None, [report.detail])
    return "\n".join(lines)


def _text_table(rows: Sequence[dict[str, str]]) -> list[str]:
    heads = [head for head, _ in _COLUMNS]
    cells = [heads, *([_printable(row[key]) for key in _ROW_KEYS] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if side == "right" else cell.ljust(width)
            for cell, width, (_, side) in zip(line, widths, _COLUMNS, strict=True)
        ).rstrip()
        for line in cells
    ]


def _printable(text: str) -> str:
    """Return `text` without control characters: names come from foreign answers."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def to_html(report: Report) -> str:
    """Return the report as plain HTML that needs no style sheet and no script."""
    words = _words(report)
    told = [f"<strong>{escape(words['cost'])}</strong> {escape(words['scope'])}"]
    told += [escape(part) for part in [*words["line"], words["gpu"]] if part]
    told.append(f"<small>{escape(words['at'])}</small>")
    parts = [f"<p>{' · '.join(told)}</p>"]
    if words["rows"]:
        parts.append(_html_table(words["rows"]))
    if report.detail:
        parts.append(f"<p><small>{escape(report.detail)}</small></p>")
    return f'<div class="cellcost-figures">{"".join(parts)}</div>'


def _html_table(rows: Sequence[dict[str, str]]) -> str:
    # The attribute `align`, because GitHub keeps it and removes every style.
    head = "".join(f'<th align="{side}">{name}</th>' for name, side in _COLUMNS)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td align="{side}">{escape(row[key])}</td>'
            for key, (_, side) in zip(_ROW_KEYS, _COLUMNS, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _words(report: Report) -> dict[str, Any]:
    """Return every figure as a person reads it."""
    total, known = report.figures.total, report.state == "known"
    cached = cached_text(total.tokens)
    line = [
        tokens_text(total.tokens),
        f"{cached} cached" if cached else "",
        _calls(total) if known else "",
        notes_text(total) if known else "",
    ]
    return {
        "scope": _SCOPES[report.scope],
        "cost": cost_text(total) if known else report.state,
        "exact": _exact(total),
        "line": [part for part in line if part],
        "gpu": _gpu_words(report.figures.gpu),
        "rows": [_row_words(row) for row in report.figures.rows],
        "at": f"{report.at.astimezone():%Y-%m-%d %H:%M:%S %Z}",
    }


def _row_words(row: Row) -> dict[str, str]:
    tally = row.tally
    tokens, cost = tokens_text(tally.tokens), cost_text(tally)
    if row.device:
        tokens = _gpu_times(tally.gpu_busy_ms, tally.gpu_held_ms)
    return {
        "name": _name(row),
        "calls": f"{tally.calls:,}" if tally.calls else "",
        "counted": _calls(tally) if tally.calls else "",
        "tokens": tokens,
        "cost": cost,
        "exact": _exact(tally),
        "notes": "" if cost == "unpriced" else notes_text(tally),
    }


def _calls(tally: Tally) -> str:
    return "1 call" if tally.calls == 1 else f"{tally.calls:,} calls"


def _exact(tally: Tally) -> str:
    cost = tally.cost_nusd
    return "" if cost is None else f"{cost:,} nano-dollars"


def _name(row: Row) -> str:
    """Return the model, and where it ran if no price list covers it."""
    if row.device:
        return row.device
    key = row.key
    name = key.model or ("unnamed model" if row.tally.calls else "corrections")
    host = key.endpoint.rpartition(":")[0] or key.endpoint
    unlisted = not key.provider or (_is_own(host) and row.tally.n_unpriced > 0)
    return f"{name} at {host}" if unlisted and host else name


def _is_own(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost"
    return True


def _gpu_words(use: GpuUse | None) -> str:
    if use is None:
        return ""
    return f"GPU {use.name} {_gpu_times(use.busy_ms, use.held_ms)}".rstrip()


def _gpu_times(busy_ms: int, held_ms: int) -> str:
    busy, held = duration_text(busy_ms / 1000), duration_text(held_ms / 1000)
    parts = (f"{busy} busy" if busy else "", f"{held} held" if held else "")
    return " · ".join(filter(None, parts))


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "model": row.key.model,
        "provider": row.key.provider,
        "endpoint": row.key.endpoint,
        "device": row.device,
        **total_json(row.tally),
    }
