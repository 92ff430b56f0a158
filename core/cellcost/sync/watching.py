"""Sending events as they come, for as long as a process lives; quiet when offline."""

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cellcost.config import Settings
from cellcost.config.watch import settings_stamp
from cellcost.errors import CellcostError, ConfigError
from cellcost.sync.asking import Limits
from cellcost.sync.backoff import Patience, pause_seconds
from cellcost.sync.credentials import LOGIN_FILE, find_login
from cellcost.sync.drain import Drained, Session
from cellcost.sync.opening import open_session, sync_settings

__all__ = ["Background", "Condition", "Watcher"]

_TICK_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 10.0
"""How often dead writers are looked for when nothing else happens."""
_CONFIG_SECONDS: Final = 60.0
"""How often a login that cannot be used (a locked keyring, say) is tried again."""
_WITHIN_PASS: Final = Patience(tries=2, longest_ask_seconds=5.0)
_BETWEEN_PASSES: Final = Patience(tries=0, first_seconds=2.0, most_seconds=60.0)
_AT_THE_END: Final = Patience(tries=4, first_seconds=0.2, most_seconds=2.0)

_log = logging.getLogger("cellcost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How sync is, as views show it."""

    state: Literal["off", "ok", "waiting", "failing", "refused"]
    """`off`: not logged in. `waiting`: on its way. `failing`: not reached, tried again.
    `refused`: somebody must do something. `detail` says why."""
    url: str = ""
    waiting: int = 0
    detail: str = ""


_OFF: Final = Condition(state="off")


class Watcher:
    """Runs in one thread until `stop` is set; nothing that fails gets out of `run`."""

    def __init__(
        self,
        home: Path,
        env: Mapping[str, str],
        *,
        stop: threading.Event,
        flush_seconds: float,
        told: Callable[[Condition], object] = lambda condition: None,
    ) -> None:
        self._home = home
        self._env = env
        self._stop = stop
        self._flush_seconds = flush_seconds
        self._told = told
        self._session: Session | None = None
        self._url = ""
        self._settings = Settings(home=home)
        self._stamp: object = None
        self._opened_at = float("-inf")
        self._passed_at = float("-inf")
        self._not_before = float("-inf")
        self._failures = 0
        self._ending = False
        self._said = ""
        self.condition = _OFF

    def run(self) -> None:
        """Send until told to stop, then what is left, within the flush time."""
        while True:
            self._turn()
            if self._stop.wait(_TICK_SECONDS):
                break
        self._ending = True
        try:
            self._flush()
        finally:
            if self._session is not None:
                self._session.close()

    def _turn(self) -> None:
        try:
            session = self._current()
            if session is not None and self._is_due(session):
                self._passed_at = time.monotonic()
                self._took(session.drain(Limits(patience=_WITHIN_PASS)))
        except ConfigError as error:
            self._failed(str(error), None, state="refused")
        except (sqlite3.Error, OSError, CellcostError) as error:
            self._failed(str(error), None)
        except Exception as error:  # noqa: BLE001 - a host must not lose its thread
            self._failed(f"unexpected: {type(error).__name__}: {error}", None)
            _log.debug("cellcost: sync failed", exc_info=True)

    def _current(self) -> Session | None:
        """Return the session of the login and settings of now; None for no login."""
        stamp = self._stamp_now()
        stale = time.monotonic() - self._opened_at >= _CONFIG_SECONDS
        if stamp == self._stamp and (self._session is not None or not stale):
            return self._session
        if self._session is not None:
            self._session.close()
            self._session = None
        self._opened_at = time.monotonic()
        self._not_before, self._failures = float("-inf"), 0
        self._stamp = stamp
        self._settings = sync_settings(self._home, self._env)
        self._stamp = self._stamp_now()
        settings = self._settings.sync
        login = find_login(self._home, settings, self._env)
        if login is None:
            self._tell(_OFF)
            return None
        self._url = login.url
        self._session = open_session(self._home, login, settings, wait=self._wait)
        return self._session

    def _stamp_now(self) -> object:
        """Return a value that differs once login or settings were changed."""
        settings = settings_stamp(self._settings, cwd=self._home, env=self._env)
        try:
            status = (self._home / LOGIN_FILE).stat()
        except OSError:
            return None, settings
        return (status.st_mtime_ns, status.st_ino), settings

    def _is_due(self, session: Session) -> bool:
        now = time.monotonic()
        if now < self._not_before:
            return False
        return now - self._passed_at >= _IDLE_SECONDS or session.waits()

    def _flush(self) -> None:
        try:
            session = self._current()
            if session is not None and self._flush_seconds > 0:
                deadline = time.monotonic() + self._flush_seconds
                limits = Limits(
                    patience=_AT_THE_END, deadline=deadline, wait_for_turn=False
                )
                self._took(session.drain(limits))
        except Exception as error:  # noqa: BLE001 - the process ends; all is kept
            _log.debug("cellcost: last sync: %s: %s", type(error).__name__, error)

    def _wait(self, seconds: float) -> bool:
        if self._ending:
            time.sleep(seconds)
            return False
        return self._stop.wait(seconds)

    def _took(self, drained: Drained) -> None:
        if drained.state in ("unavailable", "refused"):
            self._failed(
                drained.error,
                drained.retry_after,
                waiting=drained.waiting,
                state="refused" if drained.state == "refused" else "failing",
            )
            return
        self._failures, self._said = 0, ""
        state: Literal["ok", "waiting"] = "waiting" if drained.waiting else "ok"
        self._tell(Condition(state=state, url=self._url, waiting=drained.waiting))

    def _failed(
        self,
        error: str,
        asked: float | None,
        *,
        waiting: int = 0,
        state: Literal["failing", "refused"] = "failing",
    ) -> None:
        self._failures += 1
        pause = pause_seconds(
            self._failures, _BETWEEN_PASSES, asked=asked, spread=random.uniform
        )
        self._not_before = time.monotonic() + pause
        if error != self._said:
            self._said = error
            _log.info("cellcost: events wait for the ledger: %s", error)
        self._tell(Condition(state=state, url=self._url, waiting=waiting, detail=error))

    def _tell(self, condition: Condition) -> None:
        if condition != self.condition:
            self.condition = condition
            self._told(condition)


class Background:
    """A watcher in a thread of its own, for a host that lives long."""

    def __init__(
        self, home: Path, env: Mapping[str, str], *, flush_seconds: float = 3.0
    ) -> None:
        self._stop = threading.Event()
        self._patience = flush_seconds + 2.0
        self._watcher = Watcher(home, env, stop=self._stop, flush_seconds=flush_seconds)
        self._thread = threading.Thread(
            target=self._watcher.run, name="cellcost-sync", daemon=True
        )

    @property
    def condition(self) -> Condition:
        """How sync is now; may be asked from any thread."""
        return self._watcher.condition

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Send what is left and end; returns after the flush time at the latest."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._patience)
