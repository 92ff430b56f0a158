"""What of an event leaves this machine: names sent, hashed or dropped by policy.

Only what says who and where is touched: never the id, seq, kind, time, lines or
`corrects` that the ledger knows an event by, so that every total stays the same.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from cellcost.call_sites import CELL
from cellcost.config import Redaction, SyncSettings

__all__ = ["redacted"]

_STRICTNESS: Final[dict[Redaction, int]] = {"send": 0, "hash": 1, "drop": 2}
_NO_PATHS: Final = frozenset({"", CELL, "stdin"})
"""What stands for the file in the call sites of code that is in none."""


def redacted(
    wire: dict[str, Any], policy: SyncSettings, secret: bytes
) -> dict[str, Any]:
    """Return an event's wire form as it may leave; `wire` itself stays as it is.

    `secret` keeps others from finding out a name by hashing all that there may be.
    """
    chosen = (policy.user, policy.host, policy.path, policy.cell, policy.call_site)
    if not any(what != "send" for what in chosen):
        return wire
    where: dict[str, Any] = dict(wire["where"])
    # A path stands in more than one field: the stricter word on it counts.
    file = _stricter(policy.path, policy.call_site)
    # VS Code's cell ids are addresses of documents.
    cell_id = str(where.get("cell_id", ""))
    has_path = "/" in cell_id or "\\" in cell_id
    where["call_site"] = _call_site(where, policy, secret)
    fields: dict[str, Redaction] = {
        "user": policy.user,
        "host": policy.host,
        "notebook": policy.path,
        "call_file": file,
        "call_mark": policy.call_site,
        "cell_id": _stricter(policy.cell, policy.path if has_path else "send"),
        "source_hash": policy.cell,
    }
    for name, what in fields.items():
        where[name] = _treated(name, str(where.get(name, "")), what, secret)
    kept = {name: value for name, value in where.items() if value}
    return {**wire, "where": kept}


def _call_site(where: Mapping[str, Any], policy: SyncSettings, secret: bytes) -> str:
    site = str(where.get("call_site", ""))
    if policy.call_site != "send":
        return _treated("call_site", site, policy.call_site, secret)
    # From the right: the path itself may hold a colon.
    file, *place = site.rsplit(":", 2)
    if file in _NO_PATHS:
        return site
    return ":".join([_treated("call_file", file, policy.path, secret), *place])


def _treated(name: str, text: str, what: Redaction, secret: bytes) -> str:
    if not text or what == "send":
        return text
    if what == "drop":
        return ""
    said = f"{name}\0{text}".encode("utf-8", "replace")
    return f"h:{hmac.new(secret, said, hashlib.sha256).hexdigest()[:16]}"


def _stricter(one: Redaction, other: Redaction) -> Redaction:
    return one if _STRICTNESS[one] >= _STRICTNESS[other] else other
