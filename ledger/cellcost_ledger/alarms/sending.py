"""Sends a message to a webhook, and says what to do next."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from cellcost.config.values import is_loopback
from cellcost.errors import ConfigError
from cellcost_ledger.alarms.message import sign

__all__ = ["Outcome", "check_webhook", "new_client", "send"]

_TIMEOUT_SECONDS = 5
_WHOLE_SECONDS = 10
"""For all of an answer: one that drips in meets no other timeout."""
_MOST_BYTES = 4096
_MOST_LONG = 2000
_PASSING = {408, 425, 429}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one try."""

    arrived: bool
    again: bool = False
    """Whether a later try may help."""
    after_seconds: float = 0.0
    """How long the webhook asked to be left alone."""
    why: str = ""


def check_webhook(url: str) -> None:
    """Raise ConfigError for an address that is not to be told anything."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not host
        or len(url) > _MOST_LONG
        or not url.isprintable()
        or " " in url
        or not url.isascii()
    ):
        raise ConfigError("the webhook is no URL; write https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("a webhook's URL takes no user or password; it is signed")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError("the webhook must start with https://; http:// is loopback")


def new_client() -> httpx.AsyncClient:
    """Return what sends; it follows no redirect, and keeps connections."""
    # Made once: it reads every certificate.
    trusted = httpx.create_ssl_context()
    direct = ("localhost", "127.0.0.1", "[::1]")
    return httpx.AsyncClient(
        verify=trusted,
        timeout=_TIMEOUT_SECONDS,
        follow_redirects=False,
        mounts={
            f"all://{host}": httpx.AsyncHTTPTransport(verify=trusted) for host in direct
        },
    )


async def send(
    client: httpx.AsyncClient, url: str, body: bytes, *, secret: str, delivery: str
) -> Outcome:
    """Send a message once."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "cellcost-ledger",
        "Cellcost-Signature": sign(secret, body, at=int(time.time())),
        "Cellcost-Delivery": delivery,
    }
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            async with client.stream(
                "POST", url, content=body, headers=headers
            ) as answer:
                await _read_some(answer)
    except TimeoutError:
        return Outcome(arrived=False, again=True, why="timeout")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        # Its text may name the address.
        return Outcome(arrived=False, again=True, why=type(error).__name__)
    status = answer.status_code
    if 200 <= status < 300:
        return Outcome(arrived=True)
    return Outcome(
        arrived=False,
        again=status >= 500 or status in _PASSING,
        after_seconds=_retry_after(answer.headers.get("retry-after", ""), time.time()),
        why=f"status {status}",
    )


async def _read_some(answer: httpx.Response) -> None:
    """Read a short answer to its end, so that its connection can be used again."""
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > _MOST_BYTES:
            return


def _retry_after(text: str, now: float) -> float:
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
