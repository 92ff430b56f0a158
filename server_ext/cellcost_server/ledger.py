"""The ledger: how sending the journal to it goes, as the page shows it."""

from typing import Any
from urllib.parse import urlsplit

from cellcost.sync.watching import Condition

__all__ = ["ledger_json"]


def ledger_json(condition: Condition) -> dict[str, Any] | None:
    """Return what to say about the ledger; None where nobody is logged in."""
    if condition.state == "off" and not condition.detail:
        return None
    return {
        "state": condition.state,
        "host": urlsplit(condition.url).netloc,
        "waiting": condition.waiting,
        "detail": condition.detail,
    }
