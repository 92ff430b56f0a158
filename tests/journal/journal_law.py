"""What must be so of a journal after any kill, once it was recovered."""

import sqlite3
from pathlib import Path

from cellcost.journal import JOURNAL_FILE

__all__ = ["check_the_law"]


def check_the_law(home: Path) -> dict[str, int]:
    """Return id -> cost; assert gapless seq, unique ids, no intent or live row left."""
    rows = sqlite3.connect(home / JOURNAL_FILE)
    try:
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        seqs = [r[0] for r in rows.execute("SELECT seq FROM event ORDER BY rev")]
        assert seqs == list(range(1, len(seqs) + 1))
        (lines,) = rows.execute(
            "SELECT total(value ->> 'cost_nusd') FROM event, json_each(event.lines)"
        ).fetchone()
        (events,) = rows.execute("SELECT total(cost_nusd) FROM event").fetchone()
        assert lines == events
        assert rows.execute("SELECT count(*) FROM intent").fetchone() == (0,)
        assert rows.execute("SELECT count(*) FROM live").fetchone() == (0,)
        sums: dict[str, int] = {}
        for id_, corrects, cost in rows.execute(
            "SELECT id, corrects, cost_nusd FROM event"
        ):
            sums[corrects or id_] = sums.get(corrects or id_, 0) + (cost or 0)
        return sums
    finally:
        rows.close()
