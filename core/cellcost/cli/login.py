"""`cellcost login` and `cellcost logout`: which ledger the journal is sent to."""

import argparse
import os
import sys
from typing import TYPE_CHECKING

from cellcost.cli.output import complain, print_line
from cellcost.errors import CellcostError, ConfigError
from cellcost.home import journal_home

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]

_KEPT = {
    "keyring": "The key is in this system's keyring.",
    "file": "The key is in {path}, which only you can read: there is no keyring here.",
}


def register(subparsers: "SubParsers") -> None:
    """Add the commands."""
    login = subparsers.add_parser(
        "login",
        help="send what is spent to the team's ledger",
        description=(
            "Store the address of the team's ledger and a key for it, then try them."
            " Needs no network: what cannot be tried now is sent later."
        ),
    )
    login.add_argument(
        "url", metavar="URL", help="https://..., or http:// on this machine"
    )
    login.add_argument(
        "--key", help="the key (default: asked for, or read from standard input)"
    )
    login.set_defaults(run=_login)
    logout = subparsers.add_parser(
        "logout",
        help="send nothing to the ledger any more",
        description="Forget the ledger's address and key. What was sent stays there.",
    )
    logout.set_defaults(run=_logout)


def _login(arguments: argparse.Namespace) -> int:
    from cellcost.sync import log_in
    from cellcost.sync.credentials import KEY_VARIABLE, LOGIN_FILE

    home = journal_home(os.environ)
    key = arguments.key if arguments.key is not None else _asked_for()
    login = log_in(home, arguments.url, key)
    print_line(f"Logged in to {login.url}.")
    print_line(_KEPT[login.kept].format(path=home / LOGIN_FILE))
    if os.environ.get(KEY_VARIABLE):
        complain(f"{KEY_VARIABLE} is set and counts before this login; unset it")
    try:
        print_line(_tried(login.url, login.key))
    except CellcostError as error:
        complain(f"{error}; the login is kept, events wait in the journal")
    return 0


def _tried(url: str, key: str) -> str:
    """Return what the ledger says to this key. Raises CellcostError."""
    from cellcost.ids import new_id
    from cellcost.journal import Reader
    from cellcost.sync.asking import Asker, Limits, Unreadable
    from cellcost.sync.backoff import Patience
    from cellcost.sync.opening import sync_settings
    from cellcost.sync.transport import HttpLink

    home = journal_home(os.environ)
    settings = sync_settings(home, os.environ).sync
    with Reader(home) as reader:
        installation = reader.installation or new_id()
    limits = Limits(patience=Patience(tries=1))
    with HttpLink(url, key, ca_file=settings.ca_file) as link:
        asker = Asker(url, link, wait=lambda seconds: False)
        try:
            held = asker.held(installation, limits=limits)
        except Unreadable as error:
            raise ConfigError(f"{url}: {error}") from error
    return (
        f"The ledger takes this key; it holds {held.events:,} events of this journal."
    )


def _asked_for() -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass("Key: ")
    return sys.stdin.readline()


def _logout(arguments: argparse.Namespace) -> int:
    from cellcost.sync import log_out
    from cellcost.sync.credentials import KEY_VARIABLE

    url = log_out(journal_home(os.environ))
    print_line(f"Logged out of {url}." if url else "Nobody was logged in.")
    if os.environ.get(KEY_VARIABLE):
        complain(f"{KEY_VARIABLE} is still set: events go on being sent; unset it")
    return 0
