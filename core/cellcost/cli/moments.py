"""`--since 7d`, `--until 2026-11-01`: points in time as people write them."""

import argparse
import re
from datetime import UTC, date, datetime, time, timedelta

from cellcost.clock import utc_now

__all__ = ["FORMS", "add_span", "moment"]

FORMS = "7d, 24h, 30m, 2w, today, yesterday, 2026-11-01 or 2026-11-01T08:00"

_AGO = re.compile(r"(\d{1,6})\s*([mhdw])", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def add_span(parser: argparse.ArgumentParser) -> None:
    """Add `--since` and `--until` to a command."""
    parser.add_argument(
        "--since", type=_argument, metavar="WHEN", help=f"from this time on: {FORMS}"
    )
    parser.add_argument(
        "--until", type=_argument, metavar="WHEN", help="before this time"
    )


def moment(text: str, *, now: datetime) -> datetime:
    """Return the time that `text` means, aware; days are the machine's own.

    Raises ValueError when it means none.
    """
    word = text.strip().lower()
    ago = _AGO.fullmatch(word)
    if ago:
        try:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)
    today = now.astimezone().date()
    days = {"now": None, "today": today, "yesterday": today - timedelta(days=1)}
    if word in days:
        day = days[word]
        return now if day is None else _midnight(day)
    try:
        return _midnight(date.fromisoformat(word))
    except ValueError:
        parsed = datetime.fromisoformat(text.strip())
    return parsed if parsed.tzinfo else parsed.astimezone()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time()).astimezone()


def _argument(text: str) -> datetime:
    try:
        return moment(text, now=utc_now())
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write {FORMS}"
        ) from None
