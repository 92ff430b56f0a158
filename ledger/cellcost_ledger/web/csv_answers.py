"""Tables as CSV: RFC 4180, a head row, and no cell that a spreadsheet would run."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from cellcost.money import NANO_PER_USD
from cellcost_ledger.web.arguments import FORMAT

__all__ = ["csv_answer", "csv_stream", "csv_text", "usd_text", "wants_csv"]

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
# With these a spreadsheet begins a formula; some skip white space before them.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")


def wants_csv(request: Request) -> bool:
    """Say whether a table is asked for: by `format`, else by what is accepted."""
    asked = FORMAT.of(request)
    if asked:
        return asked == "csv"
    accepted = request.headers.get("accept", "").lower().split(",")
    return any(part.partition(";")[0].strip() == "text/csv" for part in accepted)


def csv_answer(
    name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> Response:
    """Return the rows' `columns` as a file of that name."""
    body = csv_text([columns, *(_cells(columns, row) for row in rows)])
    return Response(body, media_type=MEDIA_TYPE, headers=_headers(name))


def csv_stream(
    name: str,
    columns: Sequence[str],
    pages: AsyncIterator[Sequence[Mapping[str, Any]]],
) -> Response:
    """Return the same page by page. One that fails breaks off: no last chunk comes."""

    async def parts() -> AsyncIterator[str]:
        yield csv_text([columns])
        async for page in pages:
            yield csv_text(_cells(columns, row) for row in page)

    return StreamingResponse(parts(), media_type=MEDIA_TYPE, headers=_headers(name))


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as CSV; unknown is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(map(_safe, row) for row in rows)
    return text.getvalue()


def usd_text(cost_nusd: int | str | None) -> str | None:
    """Return an exact amount in USD: nine decimals, None if it is not known."""
    if cost_nusd is None:
        return None
    cost = int(cost_nusd)
    whole, nano = divmod(abs(cost), NANO_PER_USD)
    return f"{'-' if cost < 0 else ''}{whole}.{nano:09d}"


def _cells(columns: Sequence[str], row: Mapping[str, Any]) -> list[object]:
    return [row.get(name) for name in columns]


def _safe(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if text.lstrip(" ").startswith(_RUNS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="cellcost-{name}.csv"'}
