"""`cellcost ledger ...`: arguments to actions; the engine is imported when it runs."""

import argparse
import sys
from typing import TYPE_CHECKING

from cellcost.errors import ConfigError

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers
    from cellcost_ledger.database import Database

__all__ = ["register"]

_TELLS = (
    "The team's ledger: every event of every journal once, and proof of it. Needs"
    " `pip install cellcost[ledger]`."
)
_SCOPES = ("ingest", "read", "approve", "admin")


def register(subparsers: "SubParsers") -> None:
    """Add `cellcost ledger`."""
    parser = subparsers.add_parser(
        "ledger", help="the team's ledger: serve it, prove it", description=_TELLS
    )
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", title="actions", required=True
    )
    serve = actions.add_parser("serve", help="answer over HTTP until stopped")
    serve.add_argument("--host", default="127.0.0.1", help="(default: %(default)s)")
    serve.add_argument(
        "--port", type=_port, default=8787, help="(default: %(default)s; 0: any free)"
    )
    serve.set_defaults(run=_serve)

    migrate = actions.add_parser("migrate", help="bring the tables up to date")
    migrate.set_defaults(run=_migrate)

    key = actions.add_parser("key", help="make, list and revoke keys")
    keys = key.add_subparsers(
        dest="key_action", metavar="ACTION", title="actions", required=True
    )
    create = keys.add_parser("create", help="make a key; it is shown once")
    create.add_argument("--team", required=True, help="the team that it charges")
    create.add_argument("--user", default="", help="the person whose key it is")
    create.add_argument(
        "--scope", action="append", choices=_SCOPES, required=True, dest="scopes"
    )
    create.set_defaults(run=_create_key)
    for action in (serve, migrate, create):
        action.add_argument(
            "--database",
            metavar="URL",
            help="a SQLite file or postgresql://... (default: CELLCOST_LEDGER_DATABASE,"
            " else ledger.db in CELLCOST_HOME)",
        )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _open(arguments: argparse.Namespace) -> "Database":
    """Return the book, its tables up to date. A SQLite file is made if need be."""
    try:
        from cellcost_ledger.database import open_database
        from cellcost_ledger.migrate import migrate, require_current
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the ledger needs {error.name}; pip install 'cellcost[ledger]'"
        ) from None
    database = open_database(arguments.database)
    if database.is_sqlite:
        migrate(database)
    else:
        require_current(database)
    return database


def _serve(arguments: argparse.Namespace) -> int:
    database = _open(arguments)
    from cellcost_ledger.serve import serve

    serve(database, host=arguments.host, port=arguments.port)
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    from cellcost_ledger.database import open_database
    from cellcost_ledger.migrate import migrate

    done = migrate(open_database(arguments.database))
    for migration in done:
        sys.stdout.write(f"{migration.number:04d} {migration.name}\n")
    sys.stdout.write("up to date\n")
    return 0


def _create_key(arguments: argparse.Namespace) -> int:
    database = _open(arguments)
    from cellcost.clock import to_microseconds, utc_now
    from cellcost_ledger.keys import create_key

    _, text = create_key(
        database,
        team=arguments.team,
        user=arguments.user,
        scopes=arguments.scopes,
        now_us=to_microseconds(utc_now()),
    )
    sys.stdout.write(f"{text}\n")
    return 0
