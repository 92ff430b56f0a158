"""The ledger's side: who is logged in, what waits, what was not taken."""

import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cellcost.cli.doctor.finding import Finding, fix, note, ok
from cellcost.errors import CellcostError, ConfigError
from cellcost.journal import JOURNAL_FILE
from cellcost.journal.outbox import Outbox, Progress, Refusal
from cellcost.sync.credentials import LOGIN_FILE, Login, find_login
from cellcost.sync.opening import sync_settings

__all__ = ["findings"]

_WHAT = {
    "rejected": "rejected",
    "conflict": "in conflict with what the ledger has under their ids",
    "unread": "not readable for the ledger",
}
_SHOWN_REASONS = 5


def findings(home: Path, env: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is to say about sending the journal; asks no network."""
    try:
        settings = sync_settings(home, env).sync
        login = find_login(home, settings, env)
    except ConfigError as error:
        yield fix("ledger", str(error), "until then nothing is sent")
        return
    if login is None:
        if settings.url:
            yield note(
                "ledger",
                f"settings name {settings.url}, but nobody is logged in: nothing is"
                " sent",
                f"cellcost login {settings.url}",
            )
        else:
            yield ok("ledger", "not logged in: figures stay on this machine")
        return
    yield from _key_file(home, login)
    if not (home / JOURNAL_FILE).exists():
        yield ok("ledger", f"logged in to {login.url}; no journal yet")
        return
    try:
        with Outbox(home, login.url) as outbox:
            progress = outbox.progress()
    except (OSError, sqlite3.Error, CellcostError) as error:
        yield fix("ledger", f"what waits cannot be told: {error}", "see journal above")
        return
    yield _progress(login, progress)
    yield from map(_refusal, progress.refused[:_SHOWN_REASONS])
    more = progress.refused[_SHOWN_REASONS:]
    if more:
        n = sum(refusal.events for refusal in more)
        yield note("ledger", f"{_events(n)} more were not taken, for other reasons")


def _progress(login: Login, progress: Progress) -> Finding:
    host = urlsplit(login.url).netloc
    waiting = (
        f"{_events(progress.waiting)} wait" if progress.waiting else "nothing waits"
    )
    if progress.failing_since is not None:
        since = f"{progress.failing_since.astimezone():%Y-%m-%d %H:%M}"
        return note(
            "ledger",
            f"{waiting} for {host} since {since}: {progress.error}",
            "they stay in the journal and go by themselves; cellcost sync tries now",
        )
    if progress.reached is None:
        return note(
            "ledger",
            f"logged in to {login.url}, never reached; {waiting}",
            "cellcost sync sends them now; Jupyter does by itself",
        )
    reached = f"{progress.reached.astimezone():%Y-%m-%d %H:%M}"
    return ok("ledger", f"{waiting} for {login.url}, last reached {reached}")


def _refusal(refusal: Refusal) -> Finding:
    return note(
        "ledger",
        f"{_events(refusal.events)} {_WHAT.get(refusal.status, refusal.status)}:"
        f" {refusal.reason}",
        "they stay in the journal; ask who keeps the ledger",
    )


def _key_file(home: Path, login: Login) -> Iterator[Finding]:
    if login.kept != "file" or sys.platform == "win32":
        return
    path = home / LOGIN_FILE
    if path.stat().st_mode & 0o077:
        yield fix(
            "ledger",
            f"{path} holds the key and others can read it",
            f"chmod 600 {path}, and ask for a new key",
        )
    elif path.stat().st_uid != os.getuid():
        yield note("ledger", f"{path} holds the key and is another user's")


def _events(n: int) -> str:
    return "1 event" if n == 1 else f"{n:,} events"
