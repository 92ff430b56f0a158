"""Spools: what waits beside the journal, and when that is trouble to tell."""

from pathlib import Path

from cellcost.journal.spool import fallback_folder, spool_folder, waiting

__all__ = ["PATIENCE_SECONDS", "SpoolWatch"]

PATIENCE_SECONDS = 3.0
"""A writer or this server brings a spool home within a second; longer is trouble."""
_LOOK_SECONDS = 1.0


class SpoolWatch:
    """Looks into the spools of one home, at most once a second; one thread only."""

    def __init__(self, home: Path) -> None:
        self._folders = (spool_folder(home), fallback_folder(home))
        self._looked_at = float("-inf")
        self._since: float | None = None
        self._n_bytes = 0

    @property
    def holds_records(self) -> bool:
        """Whether anything waited at the last look."""
        return self._since is not None

    def trouble(self, now: float) -> str:
        """Return what waits for too long, and where; "" if nothing does.

        `now` is monotonic. A spool that shrinks is on its way home: no trouble.
        """
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            self._look(now)
        if self._since is None or now - self._since < PATIENCE_SECONDS:
            return ""
        places = " and ".join(str(f) for f in self._folders if waiting((f,)))
        if not places:
            return ""  # brought home this moment
        size = f"{max(1, round(self._n_bytes / 1000)):,} kB"
        return (
            f"About {size} of records wait in {places} and are not in these figures"
            " yet. They come home by themselves once the journal can be written;"
            " `cellcost doctor` says what is in the way."
        )

    def _look(self, now: float) -> None:
        n_bytes = waiting(self._folders)
        if not n_bytes:
            self._since = None
        elif self._since is None or n_bytes < self._n_bytes:
            self._since = now
        self._n_bytes = n_bytes
