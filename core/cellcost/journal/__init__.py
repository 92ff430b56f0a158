"""The local journal: every call that was made here, once, whatever dies meanwhile."""

from cellcost.journal.reader import Changes, PendingCall, Reader, Rename, WriterRow
from cellcost.journal.recovery import Recovered, record_rename, recover
from cellcost.journal.repair import Repaired, damage, repair
from cellcost.journal.store import JOURNAL_FILE
from cellcost.journal.writer import About, Health, Writer

__all__ = [
    "JOURNAL_FILE",
    "About",
    "Changes",
    "Health",
    "PendingCall",
    "Reader",
    "Recovered",
    "Rename",
    "Repaired",
    "Writer",
    "WriterRow",
    "damage",
    "record_rename",
    "recover",
    "repair",
]
