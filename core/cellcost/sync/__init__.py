"""The journal, sent to the team's ledger: every event once, whatever dies meanwhile."""

from cellcost.sync.asking import Limits
from cellcost.sync.credentials import Login, find_login, log_in, log_out
from cellcost.sync.drain import Drained, Session

__all__ = ["Drained", "Limits", "Login", "Session", "find_login", "log_in", "log_out"]
