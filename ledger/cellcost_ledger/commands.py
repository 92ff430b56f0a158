"""`cellcost ledger ...`: the arguments; what they do is in `actions`, imported late."""

import argparse
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from cellcost.errors import ConfigError
from cellcost.money import usd_to_nano

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]

_TELLS = "The team's ledger: every event of every journal once, and proof of it."
_SCOPES = ("ingest", "read", "approve", "admin")


def register(subparsers: "SubParsers") -> None:
    """Add `cellcost ledger`."""
    parser = subparsers.add_parser(
        "ledger", help="the team's ledger: serve it, prove it", description=_TELLS
    )
    actions = _group(parser, "action")
    serve = _add(
        actions, "serve", "answer over HTTP until stopped; prints its address first"
    )
    serve.add_argument(
        "--host", default="127.0.0.1", help="where to listen (default: %(default)s)"
    )
    serve.add_argument(
        "--port", type=_port, default=8787, help="0: any free (default: %(default)s)"
    )
    serve.add_argument(
        "--rate",
        type=_rate,
        default=50.0,
        help="requests a second that one key may send (default: %(default)s)",
    )
    migrate = _add(actions, "migrate", "bring the tables up to date")
    migrate.add_argument(
        "--distribute",
        choices=("citus",),
        help="then spread empty tables over the nodes of a Citus cluster",
    )
    verify = _add(actions, "verify", "prove the law from the rows; exit 1 if it breaks")
    verify.add_argument("--tenant", help="of this company only")
    _takes_json(verify)
    audit = _add(actions, "audit", "who did what to the book; exit 1 if it was changed")
    audit.add_argument("--since", type=_day, metavar="DAY", help="the first day (UTC)")
    audit.add_argument("--until", type=_day, metavar="DAY", help="the first day not")
    audit.add_argument("--tenant", help="of this company only")
    _takes_json(audit)
    _add_upkeep(actions)

    key = actions.add_parser("key", help="make, list and revoke keys")
    keys = _group(key, "key_action")
    create = _add(keys, "create", "make a key and print it, once")
    create.add_argument("--team", required=True, help="whom its events are charged to")
    create.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="TEAM",
        help="another team that it may charge and read; '*' for all; may be repeated",
    )
    create.add_argument("--user", default="", help="the person whose key it is")
    create.add_argument(
        "--scope",
        action="append",
        choices=_SCOPES,
        required=True,
        dest="scopes",
        help="what it may do; may be repeated",
    )
    create.add_argument(
        "--tenant", default="default", help="the company (default: %(default)s)"
    )
    create.add_argument(
        "--expires", type=_day, metavar="DAY", help="the day (UTC) from which it ends"
    )
    _takes_json(_add(keys, "list", "every key, without its secret"))
    allow = _add(keys, "allow", "let a key charge and read one more team")
    allow.add_argument("key_id", metavar="KEY", help="its id, as `key list` shows it")
    allow.add_argument("team", metavar="TEAM", help="the team; '*' for all")
    rotate = _add(keys, "rotate", "make a key that may do the same and end the old one")
    rotate.add_argument("key_id", metavar="KEY", help="its id, as `key list` shows it")
    rotate.add_argument(
        "--keep",
        type=_hours,
        default=24,
        metavar="HOURS",
        help="how long the old one still counts (default: %(default)s)",
    )
    rotate.add_argument(
        "--expires", type=_day, metavar="DAY", help="the day (UTC) the new one ends"
    )
    revoke = _add(keys, "revoke", "end a key at once")
    revoke.add_argument("key_id", metavar="KEY", help="its id, as `key list` shows it")


def _add_upkeep(actions: "SubParsers") -> None:
    close = _add(actions, "close", "seal the days before a day, of every installation")
    close.add_argument(
        "--until", type=_day, required=True, metavar="DAY", help="the first day not"
    )
    prune = _add(actions, "prune", "remove the rows of sealed events before a day")
    prune.add_argument(
        "--before", type=_day, required=True, metavar="DAY", help="the first that stays"
    )
    prune.add_argument("--dry-run", action="store_true", help="only say how many")
    for parser in (close, prune):
        parser.add_argument("--tenant", help="of this company only")
        _takes_json(parser)
    backup = _add(actions, "backup", "write the whole book into one file")
    backup.add_argument("file", metavar="FILE", help="a new file")
    restore = _add(actions, "restore", "read such a file into an empty book")
    restore.add_argument("file", metavar="FILE", help="what `backup` wrote")
    _add_alarms(actions)
    _add_letters(actions)
    _add_focus(actions)


def _add_alarms(actions: "SubParsers") -> None:
    parser = actions.add_parser("alarm", help="limits, and whom to tell of them")
    alarms = _group(parser, "alarm_action")
    add = _add(alarms, "add", "tell a webhook when a limit is reached")
    for name in ("team", "function", "model"):
        add.add_argument(f"--{name}", help=f"of this {name} only; '' for without one")
    add.add_argument("--per", choices=("hour", "day"), required=True, help="in UTC")
    limit = add.add_mutually_exclusive_group(required=True)
    limit.add_argument("--usd", type=_usd, help="dollars that are too many")
    limit.add_argument("--tokens", type=_tokens, help="tokens that are too many")
    limit.add_argument(
        "--gpu-hours", type=_gpu_hours, metavar="HOURS", help="GPU-hours, used or held"
    )
    add.add_argument(
        "--webhook", required=True, metavar="URL", help="https://...; whom to tell"
    )
    add.add_argument(
        "--secret-file",
        metavar="FILE",
        help="what it signs with; without it one is made and printed, once",
    )
    add.add_argument(
        "--tenant", default="default", help="of this company (default: %(default)s)"
    )
    _takes_json(_add(alarms, "list", "every alarm, without its secret"))
    for name, tells in (
        ("remove", "end an alarm"),
        ("test", "send a message that is marked as a test now"),
    ):
        action = _add(alarms, name, tells)
        action.add_argument("alarm_id", metavar="ALARM", help="its id in `alarm list`")


def _add_focus(actions: "SubParsers") -> None:
    focus = _add(actions, "focus", "write the events of some days as a FOCUS table")
    focus.add_argument(
        "--since", type=_day, required=True, metavar="DAY", help="the first day (UTC)"
    )
    focus.add_argument(
        "--until", type=_day, required=True, metavar="DAY", help="the first day not"
    )
    focus.add_argument(
        "--version",
        choices=("1.2", "1.4"),
        default="1.2",
        help="of FOCUS (default: %(default)s)",
    )
    focus.add_argument("--output", metavar="FILE", help="a new file, not the terminal")
    focus.add_argument(
        "--tenant", default="default", help="of this company (default: %(default)s)"
    )


def _add_letters(actions: "SubParsers") -> None:
    parser = actions.add_parser("dead-letters", help="the rejected events")
    letters = _group(parser, "letters_action")
    for name, tells in (
        ("list", "every rejected event, and why"),
        ("replay", "store what is valid now"),
    ):
        action = _add(letters, name, tells)
        action.add_argument("--tenant", help="of this company only")
        action.add_argument("--installation", help="of this one only")
        action.add_argument(
            "--reason", default="", help="those whose reason holds these words"
        )
        _takes_json(action)


def _group(parser: argparse.ArgumentParser, name: str) -> "SubParsers":
    return parser.add_subparsers(
        dest=name, metavar="ACTION", title="actions", required=True
    )


def _add(actions: "SubParsers", name: str, tells: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=tells, description=f"{tells}.".capitalize())
    parser.add_argument(
        "--database",
        metavar="URL",
        help=(
            "a SQLite file, or postgresql://...; without it CELLCOST_LEDGER_DATABASE,"
            " else ledger.db in CELLCOST_HOME"
        ),
    )
    parser.set_defaults(run=_run)
    return parser


def _takes_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _run(arguments: argparse.Namespace) -> int:
    try:
        from cellcost_ledger import actions
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the ledger needs {error.name}; run `pip install 'cellcost[ledger]'`"
        ) from None
    name = arguments.action
    if name == "key":
        name = f"key_{arguments.key_action}"
    if name == "alarm":
        name = f"alarm_{arguments.alarm_action}"
    if name == "dead-letters":
        name = f"letters_{arguments.letters_action}"
    return actions.ACTIONS[name](arguments)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _rate(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 1 <= found <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return found


def _usd(text: str) -> int:
    """Return a positive amount in nano-USD, at most $1 billion."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(0)
    if not found.is_finite() or not Decimal("0.000000001") <= found <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars")
    return usd_to_nano(found)


def _tokens(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:20]) <= 10**18:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tokens")
    return int(text)


def _gpu_hours(text: str) -> int:
    """Return hours of devices in milliseconds, at most 10 million hours."""
    try:
        found = Decimal(text) * 3_600_000
    except InvalidOperation:
        found = Decimal(0)
    if not found.is_finite() or not 1 <= found <= Decimal(36) * 10**12:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of GPU-hours")
    return round(found)


def _hours(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:6]) > 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hours to 10000")
    return int(text)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(f"{text}+0000", "%Y-%m-%d%z")
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day; write it like 2027-11-30"
        ) from None
