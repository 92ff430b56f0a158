"""Wire: views as JSON; money is text, times are ISO 8601 UTC."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cellcost.money import nano_to_text
from cellcost.records import Tokens
from cellcost.views.alternatives import Alternative
from cellcost.views.calls import CallGroup, CallView, LineSum
from cellcost.views.cells import CellView
from cellcost.views.days import DayView
from cellcost.views.gpu import GpuUse
from cellcost.views.notebooks import Breakdown
from cellcost.views.report import ReportRow
from cellcost.views.tally import Tally

__all__ = [
    "breakdown_json",
    "call_json",
    "cell_json",
    "day_json",
    "gpu_json",
    "group_json",
    "popover_json",
    "report_json",
    "total_json",
]

Json = dict[str, Any]


def total_json(tally: Tally) -> Json:
    """Return a total."""
    return {
        "cost_nusd": nano_to_text(tally.cost_nusd),
        "n_unpriced": tally.n_unpriced,
        "n_partial": tally.n_partial,
        "n_estimated": tally.n_estimated,
        "calls": tally.calls,
        "live_calls": tally.live_calls,
        "tokens": _tokens(tally.tokens),
        "gpu": _gpu_times(tally),
        "state": tally.state,
    }


def breakdown_json(breakdown: Breakdown) -> Json:
    """Return the three parts of a notebook's total."""
    return {
        "cells": total_json(breakdown.cells),
        "earlier_runs": total_json(breakdown.earlier_runs),
        "other": total_json(breakdown.other),
    }


def cell_json(cell: CellView) -> Json:
    """Return a badge."""
    tally = cell.tally
    return {
        "cell_id": cell.cell_id,
        "run_id": cell.run_id,
        "source_hash": cell.source_hash,
        "state": tally.state,
        "cost_nusd": nano_to_text(tally.cost_nusd),
        "n_unpriced": tally.n_unpriced,
        "n_partial": tally.n_partial,
        "n_estimated": tally.n_estimated,
        "calls": tally.calls,
        "live_calls": tally.live_calls,
        "failed_calls": tally.failed_calls,
        "tokens": _tokens(tally.tokens),
        "models": [
            {
                "model": share.key.model,
                "provider": share.key.provider,
                "endpoint": share.key.endpoint,
                "calls": share.calls,
            }
            for share in cell.models
        ],
        "started": _time(cell.started),
        "duration_seconds": cell.duration_seconds,
        "run_number": cell.run_number,
        "chips": [
            {"kind": chip.kind, "text": chip.text, "hint": chip.hint}
            for chip in cell.chips
        ],
        "gpu": gpu_json(cell.gpu),
        "origin_note": cell.origin_note,
    }


def call_json(call: CallView) -> Json:
    """Return one row of the calls table."""
    return {
        "id": call.id,
        "model": call.model,
        "provider": call.provider,
        "endpoint": call.endpoint,
        "operation": call.operation,
        "state": call.state,
        "input": call.tokens.input,
        "cache_read": call.tokens.cache_read,
        "output": call.tokens.output,
        "reasoning": call.tokens.reasoning,
        "duration_seconds": call.duration_seconds,
        "cost_nusd": nano_to_text(call.cost_nusd),
        "note": call.note,
        "call_site": call.call_site,
        "status": call.status,
        "reasons": list(call.reasons),
        "retry_of": call.retry_of,
    }


def group_json(group: CallGroup) -> Json:
    """Return one row for calls that are alike."""
    return {
        "label": group.label,
        "count": group.count,
        "input": group.tally.input,
        "cache_read": group.tally.cache_read,
        "output": group.tally.output,
        "duration_seconds": group.duration_seconds,
        "cost_nusd": nano_to_text(group.tally.cost_nusd),
        "state": group.state,
    }


def popover_json(
    cell: CellView,
    *,
    calls: Sequence[CallView],
    groups: Sequence[CallGroup],
    runs: Sequence[CellView],
    lines: Sequence[LineSum],
    alternatives: Sequence[Alternative],
    tags: Mapping[str, str],
) -> Json:
    """Return all that the popover of one cell shows."""
    return {
        "cell": cell_json(cell),
        "calls": [call_json(call) for call in calls],
        "groups": [group_json(group) for group in groups],
        "runs": [
            {
                "run_id": run.run_id,
                "started": _time(run.started),
                "cost_nusd": nano_to_text(run.tally.cost_nusd),
                "state": run.tally.state,
                "n_unpriced": run.tally.n_unpriced,
            }
            for run in runs
        ],
        "alternatives": [
            {"model": other.model, "cost_nusd": nano_to_text(other.cost_nusd)}
            for other in alternatives
        ],
        "tags": dict(tags),
        "lines": [
            {
                "meter": line.meter,
                "quantity": line.quantity,
                "cost_nusd": nano_to_text(line.cost_nusd),
                "reason": line.reason,
            }
            for line in lines
        ],
    }


def day_json(day: DayView) -> Json:
    """Return today's figures; paths are as the journal has them."""
    return {
        "day": day.day.isoformat(),
        "total": total_json(day.total),
        "by_model": [
            {
                "model": row.key.model,
                "provider": row.key.provider,
                "endpoint": row.key.endpoint,
                "cost_nusd": nano_to_text(row.tally.cost_nusd),
                "n_unpriced": row.tally.n_unpriced,
                "n_partial": row.tally.n_partial,
                "n_estimated": row.tally.n_estimated,
                "state": row.tally.state,
                "calls": row.tally.calls,
            }
            for row in day.by_model
        ],
        "now": [
            {
                "model": row.model,
                "path": row.notebook,
                "cell_id": row.cell_id,
                "cost_nusd": nano_to_text(row.tally.cost_nusd),
                "tokens": _tokens(row.tally.tokens),
            }
            for row in day.now
        ],
        "gpu": [],
        "guard": None,
        "ledger": None,
    }


def report_json(rows: Sequence[ReportRow]) -> list[Json]:
    """Return the rows of `cellcost report --json`."""
    return [
        {
            "key": row.key,
            "calls": row.calls,
            "tokens": _tokens(row.tokens),
            "gpu": _gpu_times(row.tally),
            "cost_nusd": nano_to_text(row.cost_nusd),
            "unpriced": row.unpriced,
        }
        for row in rows
    ]


def _gpu_times(tally: Tally) -> Json:
    return {"busy_ms": tally.gpu_busy_ms, "held_ms": tally.gpu_held_ms}


def gpu_json(use: GpuUse | None) -> Json | None:
    """Return device time and its cost; None where no GPU was used or measured."""
    if use is None:
        return None
    return {
        "name": use.name,
        "devices": list(use.devices),
        "busy_ms": use.busy_ms,
        "held_ms": use.held_ms,
        "cost_nusd": nano_to_text(use.cost_nusd),
        "n_unpriced": use.n_unpriced,
    }


def _tokens(tokens: Tokens) -> Json:
    return {
        "input": tokens.input,
        "output": tokens.output,
        "cache_read": tokens.cache_read,
        "cache_write": tokens.cache_write,
        "reasoning": tokens.reasoning,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
