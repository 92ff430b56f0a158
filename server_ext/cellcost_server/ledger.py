"""The ledger: how sending the journal to it goes, as a card of the side panel."""

from typing import Any
from urllib.parse import urlsplit

from cellcost.sync.watching import Condition

__all__ = ["ledger_json"]


def ledger_json(condition: Condition) -> dict[str, Any] | None:
    """Return the card; None where nobody is logged in."""
    if condition.state == "off":
        return None
    host = urlsplit(condition.url).netloc or "no ledger"
    waiting = f"{condition.waiting:,} waiting" if condition.waiting else "up to date"
    if condition.state in ("ok", "waiting"):
        return {"rows": [_row(host, waiting)]}
    # Being offline is no trouble: events wait in the journal and go by themselves.
    offline = condition.state == "failing"
    state = "not reached" if offline else "not sending"
    if condition.waiting:
        state = f"{state}, {waiting}"
    level = {} if offline else {"level": "warn"}
    return {"rows": [_row(host, state) | level, _row(condition.detail, "") | level]}


def _row(text: str, detail: str) -> dict[str, Any]:
    return {"text": text, "detail": detail}
