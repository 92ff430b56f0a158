"""Whether a hook is on: it turns itself off when its own code fails again and again."""

import logging
from collections.abc import Callable

from cellcost_meter.faults import place_of

__all__ = ["Switch"]

_LIMIT = 5
"""Own failures in a row after which a hook is off."""

_log = logging.getLogger("cellcost")


class Switch:
    """Counts the failures of one hooked stack; `on` is read before each call."""

    __slots__ = ("_announce", "_failures", "_logged", "on", "stack")

    def __init__(self, stack: str, announce: Callable[[str, str], object]) -> None:
        self.stack = stack
        self.on = True
        self._announce = announce
        self._failures = 0
        self._logged: set[str] = set()

    def worked(self) -> None:
        """Forget the failures: what works again stays on."""
        self._failures = 0

    def failed(self, error: Exception) -> None:
        """Note a failure of our own code; the fifth in a row turns the hook off."""
        self._failures += 1
        where = place_of(error)
        if where not in self._logged and len(self._logged) < _LIMIT:
            # Type and place only: a message may hold what the user sent.
            self._logged.add(where)
            _log.warning("cellcost: %s capture failed: %s", self.stack, where)
        if self._failures >= _LIMIT and self.on:
            self.on = False
            try:
                self._announce(self.stack, f"not captured: {where}")
            except Exception as own:  # noqa: BLE001 - nothing of ours may get out
                _log.warning("cellcost: cannot announce: %s", place_of(own))
