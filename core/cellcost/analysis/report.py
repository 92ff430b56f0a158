"""Estimates and findings as JSON and as SARIF."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cellcost.analysis.codes import CODES, Finding
from cellcost.analysis.estimate import Estimate, Range
from cellcost.money import nano_to_text

__all__ = ["docs_of", "estimate_json", "sarif"]

_DOCS = "https://github.com/cellcost/cellcost/blob/main/docs/analysis.md"
_LEVELS = {"error": "error", "warning": "warning", "information": "note"}


def estimate_json(item: Estimate, codes: Sequence[str]) -> dict[str, Any]:
    """Return one call site as JSON; money is nano-USD as text, for one call."""
    site = item.site
    inputs = item.input_tokens
    return {
        "path": site.area.path,
        "cell": site.area.cell,
        "line": site.area.row + 1,
        "column": site.area.column,
        "end_line": site.area.end_row + 1,
        "kind": site.kind,
        "provider": item.provider,
        "models": [model.written for model in site.models],
        "models_open": site.open,
        "function": site.function,
        "wrapper": site.wraps,
        "in_loop": site.in_loop,
        "loop_count": site.loop_count,
        "input_tokens": inputs.low if inputs else None,
        "input_tokens_high": inputs.high if inputs else None,
        "output_tokens": _range(item.output_tokens),
        "cost_nusd": _range(item.cost_nusd, text=True),
        "typical_nusd": nano_to_text(item.typical_nusd),
        "gpu_bytes": item.gpu_bytes,
        "gpu_hour_usd": None if item.gpu_hour_usd is None else f"{item.gpu_hour_usd:f}",
        "from_calls": item.from_calls,
        "reasons": list(item.reasons),
        "codes": list(codes),
    }


def _range(found: Range | None, *, text: bool = False) -> list[Any] | None:
    if found is None:
        return None
    ends: list[int | None] = [found.low, found.high]
    return [str(end) if text and end is not None else end for end in ends]


def docs_of(code: str) -> str:
    """Return the address at which a code is explained."""
    return f"{_DOCS}#{code.lower()}"


def sarif(
    found: Iterable[Finding],
    *,
    version: str,
    rows: Mapping[tuple[str, int | None], int],
) -> dict[str, Any]:
    """Return findings as a SARIF 2.1.0 log.

    `rows` gives the line in the file at which a notebook's cell starts, where known.
    """
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "cellcost",
                        "version": version,
                        "informationUri": _DOCS,
                        "rules": [
                            {
                                "id": code,
                                "shortDescription": {"text": said},
                                "helpUri": docs_of(code),
                            }
                            for code, said in CODES.items()
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, rows) for finding in found],
            }
        ],
    }


def _result(
    finding: Finding, rows: Mapping[tuple[str, int | None], int]
) -> dict[str, Any]:
    area = finding.estimate.site.area
    first = rows.get((area.path, area.cell), 0)
    where: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": area.path.replace("\\", "/")},
            "region": {
                "startLine": area.row + 1 + first,
                "startColumn": area.column + 1,
                "endLine": area.end_row + 1 + first,
                "endColumn": area.end_column + 1,
            },
        }
    }
    if area.cell is not None:
        where["logicalLocations"] = [{"name": f"cell {area.cell}", "kind": "cell"}]
    return {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [where],
    }
