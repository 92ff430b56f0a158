"""Whose account a command runs in, as the audit log names it."""

import getpass
import os
import socket
import sys

from cellcost_ledger.book.audit import Actor

__all__ = ["at_the_command_line"]


def at_the_command_line() -> Actor:
    """Return the account that this process runs in, and its machine."""
    return Actor(kind="command", name=f"{_account()}@{socket.gethostname()}")


def _account() -> str:
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd

    # Not the variables that `getpass` reads first: anybody can set those.
    number = os.geteuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    asked = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo {asked})" if asked and number == 0 else name
