"""`cellcost sync`: send the journal to the team's ledger, or show what would leave."""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from cellcost.cli.output import Column, complain, print_line, table
from cellcost.cli.progress import Counter
from cellcost.errors import ConfigError, LedgerRefused, LedgerUnavailable
from cellcost.home import journal_home

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers
    from cellcost.config import SyncSettings
    from cellcost.sync import Drained
    from cellcost.sync.watching import Condition

__all__ = ["register"]

_PAGE = 500
_FLUSH_SECONDS = 8.0


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sync",
        help="send the journal to the team's ledger",
        description=(
            "Send every event that the ledger has not answered for. Jupyter does so by"
            " itself once you are logged in."
        ),
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--once",
        action="store_true",
        help="send what waits and end: status 0 only if nothing waits then (default)",
    )
    how.add_argument(
        "--watch", action="store_true", help="go on until Ctrl-C or SIGTERM"
    )
    how.add_argument(
        "--show", action="store_true", help="send nothing: list what would leave"
    )
    parser.add_argument("--json", action="store_true", help="JSON instead of words")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    home = journal_home(os.environ)
    if arguments.show:
        return _show(home, as_json=arguments.json)
    if arguments.watch:
        return _watch(home, as_json=arguments.json)
    return _once(home, as_json=arguments.json)


# -- once -----------------------------------------------------------------------------


def _once(home: Path, *, as_json: bool) -> int:
    from cellcost.sync import Limits, find_login
    from cellcost.sync.opening import open_session, sync_settings

    settings = sync_settings(home, os.environ).sync
    login = find_login(home, settings, os.environ)
    if login is None:
        raise ConfigError(f"not logged in{_hint(settings.url)}")

    def wait(seconds: float) -> bool:
        time.sleep(seconds)
        return False

    session = open_session(home, login, settings, wait=wait)
    counter = Counter("events")
    try:
        drained = session.drain(Limits(wait_for_turn=True, told=counter.show))
    finally:
        counter.clear()
        session.close()
    if as_json:
        print_line(json.dumps(_drained_json(login.url, drained)))
    else:
        print_line(_drained_text(login.url, drained))
        for line in _refused_text(drained):
            complain(line)
    if drained.state == "unavailable":
        raise LedgerUnavailable(f"{drained.error}; {_kept(drained)}")
    if drained.state == "refused":
        raise LedgerRefused(f"{drained.error}; {_kept(drained)}")
    return 0 if drained.state == "drained" else 1


def _hint(url: str) -> str:
    return (
        f" to {url}: run `cellcost login {url}`"
        if url
        else (": run `cellcost login URL`")
    )


def _kept(drained: "Drained") -> str:
    return f"{_events(drained.waiting)} wait in the journal"


def _events(n: int) -> str:
    return "1 event" if n == 1 else f"{n:,} events"


def _drained_text(url: str, drained: "Drained") -> str:
    if drained.state != "drained":
        return f"{_events(drained.sent)} sent to {url}; {_kept(drained)}."
    if not drained.sent:
        return f"Nothing waits for {url}."
    known = f" ({drained.duplicate:,} it had already)" if drained.duplicate else ""
    return f"{_events(drained.sent)} sent to {url}{known}; nothing waits."


def _refused_text(drained: "Drained") -> Iterator[str]:
    for n, what in (
        (drained.rejected, "were rejected"),
        (drained.conflict, "are in conflict with what the ledger has"),
        (drained.unread, "cannot be read by the ledger"),
    ):
        if n:
            yield f"{_events(n)} {what}; `cellcost doctor` tells why"


def _drained_json(url: str, drained: "Drained") -> dict[str, Any]:
    return {
        "url": url,
        "state": drained.state,
        "sent": drained.sent,
        "stored": drained.stored,
        "duplicate": drained.duplicate,
        "conflict": drained.conflict,
        "rejected": drained.rejected,
        "unread": drained.unread,
        "waiting": drained.waiting,
        "error": drained.error,
    }


# -- watch ----------------------------------------------------------------------------


def _watch(home: Path, *, as_json: bool) -> int:
    from cellcost.sync.watching import Watcher

    stop = threading.Event()

    def ended(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)

    def told(condition: "Condition") -> None:
        if as_json:
            body = {
                "url": condition.url,
                "state": condition.state,
                "waiting": condition.waiting,
                "detail": condition.detail,
            }
            print_line(json.dumps(body))
        else:
            print_line(_condition_text(condition))
        sys.stdout.flush()

    watcher = Watcher(
        home, os.environ, stop=stop, flush_seconds=_FLUSH_SECONDS, told=told
    )
    if not as_json:
        print_line("Sending events as they come; Ctrl-C ends it.")
        sys.stdout.flush()
    watcher.run()
    return 0


def _condition_text(condition: "Condition") -> str:
    if condition.state == "off":
        return "Not logged in: `cellcost login URL`."
    if condition.state == "ok":
        return f"{condition.url} has everything."
    if condition.state == "waiting":
        return f"{_events(condition.waiting)} wait for {condition.url}."
    return f"Trouble: {condition.detail}. {_events(condition.waiting)} wait."


# -- show -----------------------------------------------------------------------------


def _show(home: Path, *, as_json: bool) -> int:
    from cellcost.cli.book import bring_home, is_empty
    from cellcost.sync import find_login
    from cellcost.sync.opening import sync_settings
    from cellcost.sync.wire import event_body

    settings = sync_settings(home, os.environ).sync
    login = find_login(home, settings, os.environ)
    url = login.url if login else settings.url
    late = bring_home(home)
    if late:
        complain(late)
    events = iter(()) if is_empty(home) else _outgoing(home, url, settings)
    if as_json:
        for wire in events:
            print_line(event_body(wire))
        return 0
    rows = [_row(wire) for wire in events]
    where = url or f"a ledger (not logged in{_hint('')})"
    print_line(f"{_events(len(rows))} would leave for {where}.")
    print_line(f"{_policy_text(settings)} Never a prompt, a completion or a key.")
    if rows:
        for line in table(_COLUMNS, rows):
            print_line(line)
        print_line("`cellcost sync --show --json` prints them as they would be sent.")
    return 0


def _outgoing(
    home: Path, url: str, settings: "SyncSettings"
) -> Iterator[dict[str, Any]]:
    from cellcost.journal.outbox import Outbox
    from cellcost.sync.private import hashing_secret
    from cellcost.sync.redaction import redacted

    secret = hashing_secret(home) if "hash" in _policy(settings).values() else b""
    with Outbox(home, url) as outbox:
        after = outbox.position()
        while batch := outbox.batch(after, most=_PAGE, most_bytes=1 << 20):
            after = batch[-1].rev
            for out in batch:
                yield redacted(out.wire, settings, secret)


def _policy(settings: "SyncSettings") -> dict[str, str]:
    return {
        "user": settings.user,
        "host": settings.host,
        "path": settings.path,
        "cell": settings.cell,
        "call_site": settings.call_site,
    }


def _policy_text(settings: "SyncSettings") -> str:
    done = {"hash": "hashed", "drop": "left out"}
    said = [
        f"{name} is {done[what]}"
        for name, what in _policy(settings).items()
        if what != "send"
    ]
    if not said:
        return "All names are sent: `[sync]` in cellcost.toml hashes or drops them."
    return f"By [sync]: {', '.join(said)}; the rest is sent."


_COLUMNS = (
    Column("seq", "right"),
    Column("time"),
    Column("kind"),
    Column("model"),
    Column("lines", "right"),
    Column("user"),
    Column("host"),
    Column("notebook", shrink=True),
    Column("cell", shrink=True),
    Column("call site", shrink=True),
    Column("tags", shrink=True),
)


def _row(wire: dict[str, Any]) -> tuple[str, ...]:
    from cellcost.clock import from_microseconds

    where, call = wire["where"], wire.get("call", {})
    tags = ", ".join(f"{k}={v}" for k, v in where.get("tags", {}).items())
    moment = from_microseconds(wire["time_us"]).astimezone()
    return (
        str(wire["seq"]),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        str(wire["kind"]),
        str(call.get("request_model", "")),
        str(len(wire["lines"])),
        str(where.get("user", "")),
        str(where.get("host", "")),
        str(where.get("notebook", "")),
        str(where.get("cell_id", "")),
        str(where.get("call_site", "")),
        tags,
    )
