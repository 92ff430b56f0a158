"""The settings in force in this process, read again when a file of theirs changed."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cellcost.config import Settings
    from cellcost.config.watch import Stamp

__all__ = ["CurrentSettings"]

_LOOK_SECONDS = 1.0

_log = logging.getLogger("cellcost")


class CurrentSettings:
    """Loads the settings at first use; `look` notices that a file was edited.

    `changed()` is called after new settings took the place of old ones.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        changed: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._clock = clock
        self._changed = changed
        self._settings: Settings | None = None
        self.left_out = ""
        """What of the settings in force could not be read."""
        self._stamp: Stamp = ()
        self._next_look = 0.0

    def get(self) -> "Settings":
        """Return the settings; a broken file is logged and left out."""
        settings = self._settings
        return self._load() if settings is None else settings

    def look(self) -> None:
        """Read again what changed on disk; looks at most once a second."""
        now = self._clock()
        if self._settings is None or now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        if self._stamp_of(self._settings) != self._stamp:
            self._load()
            self._changed()

    def _load(self) -> "Settings":
        from cellcost.config import load_settings_or_default

        settings, problem = load_settings_or_default(
            cwd=_folder(), env=self._environment
        )
        self.left_out = "" if problem is None else str(problem)
        if problem is not None:
            _log.warning("cellcost: %s", problem)
        self._stamp = self._stamp_of(settings)
        self._settings = settings
        return settings

    def _stamp_of(self, settings: "Settings") -> "Stamp":
        from cellcost.config.watch import settings_stamp

        return settings_stamp(settings, cwd=_folder(), env=self._environment)


def _folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")  # the working directory was deleted: no project then
