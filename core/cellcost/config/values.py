"""Settings values checked: from what TOML or a variable holds to what the code uses."""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Union, cast
from urllib.parse import urlsplit

from cellcost.config.schema import Setting
from cellcost.errors import CatalogueError

if TYPE_CHECKING:
    from cellcost.config.off_peak import OffPeak

__all__ = ["Invalid", "Value", "check", "is_loopback", "ledger_url", "likely"]

Value = Union[
    str, Decimal, date, dict[str, Decimal], tuple[str, ...], "tuple[OffPeak, ...]"
]

# More than $1000 a token, or finer than a millionth of a nano-dollar a token: a mistake
# in the unit, and numbers that would make every later sum slow.
_MAX_RATE = Decimal(1_000_000_000)
_MAX_DECIMALS = 12


class Invalid(ValueError):
    """A value that its setting cannot have; the message says what it should be."""


def check(setting: Setting, value: object) -> Value:
    """Return `value` as the type of `setting`; raise Invalid saying what is meant."""
    match setting.kind:
        case "text" | "pattern":
            return _choice(setting, _text(value))
        case "codes":
            return _codes(value)
        case "provider":
            return _provider(_text(value).strip().lower())
        case "url":
            return _url(_text(value))
        case "ledger":
            return ledger_url(_text(value))
        case "date":
            return _day(value)
        case "usd":
            return _positive(value)
        case "fraction":
            return _fraction(value)
        case "rates":
            return _rates(value)
        case "keys":
            return _keys(value)
        case "patterns" | "names":
            return _names(value)
        case "providers":
            return tuple(_provider_pattern(name) for name in _names(value))
        case "money":
            return _usd(value)
        case "cap":
            return _cap(value)
        case "count":
            return _count(value)
        case "hours":
            return _hours(value)
        case "hourly":
            return _amount(value)
        case "years":
            return _positive(value)
        case "windows":
            # Imported here: time zones are read for few settings.
            from cellcost.config.off_peak import read_windows

            return read_windows(value)


def likely(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known word nearest to `word`, else ""."""
    from difflib import get_close_matches  # 2 ms, only on the way to an error

    by_fold = {_fold(name): name for name in known}
    nearest = get_close_matches(_fold(word), by_fold, n=1, cutoff=0.6)
    return f"; did you mean {by_fold[nearest[0]]}?" if nearest else ""


def _fold(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def _text(value: object) -> str:
    if isinstance(value, str):
        if not value.strip():
            raise Invalid("must not be empty; remove the key to leave it unset")
        return value
    if isinstance(value, (bool, int, Decimal, date)):
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        raise Invalid(f'must be text, not {_kind_of(value)}; write "{shown}"')
    raise Invalid(f"must be text, not {_kind_of(value)}")


def _choice(setting: Setting, text: str) -> str:
    if not setting.choices or text in setting.choices:
        return text
    allowed = " or ".join(f'"{choice}"' for choice in setting.choices)
    raise Invalid(f'must be {allowed}, not "{text}"{likely(text, setting.choices)}')


def _codes(value: object) -> str:
    """Return codes as one text, "COST002 COST005", from a list or such a text."""
    if isinstance(value, str):
        codes: list[object] = [*value.split()]
    elif isinstance(value, list):
        codes = cast(list[object], value)
    else:
        raise Invalid(f'must be a list like ["COST002"], not {_kind_of(value)}')
    for code in codes:
        if not isinstance(code, str) or not re.fullmatch(r"COST\d{3}", code):
            raise Invalid(f'must be a list like ["COST002"]; "{code}" is no code')
    return " ".join(str(code) for code in codes)


def _provider(name: str) -> str:
    """Return the catalogue's id, or the host kind, that `name` means."""
    found = _provider_id(name)
    if found:
        return found
    from cellcost.prices.catalogue import HOST_KINDS, load_catalogue

    hint = likely(name, (*load_catalogue().providers, *sorted(HOST_KINDS)))
    raise Invalid(
        f'is no known provider: "{name}"'
        + (hint or '; write "self-hosted" for a server without a price list')
    )


@cache
def _provider_id(name: str) -> str:
    """Return the id that `name` means, "" for none."""
    # Imported here: most settings name no provider, and the prices import this package.
    from cellcost.prices.catalogue import HOST_KINDS, SHIPPED, load_catalogue

    if name in HOST_KINDS:
        return name
    try:
        # Most write an id as it stands in the file: finding it is 10x faster than
        # reading the catalogue, and this may run while a kernel starts.
        if f'{{"id":{json.dumps(name)},"name":' in SHIPPED.read_text(encoding="utf-8"):
            return name
        catalogue = load_catalogue()
    except (OSError, ValueError, CatalogueError):
        return name  # `cellcost doctor` names it; no fault of these settings
    found = catalogue.provider_id(name)
    return found if found in HOST_KINDS or found in catalogue.providers else ""


def _rate_names() -> frozenset[str]:
    from cellcost.prices.units import SOURCE_UNITS

    return frozenset(unit.rate for unit in SOURCE_UNITS.values())


def _url(text: str) -> str:
    """Return the prefix in one spelling, so that two spellings of one prefix tie."""
    if not re.match(r"https?://", text, re.IGNORECASE):
        scheme = text.partition("://")[0] if "://" in text else ""
        hint = "" if scheme else f"; did you mean http://{text}?"
        raise Invalid(f'must start with http:// or https://, not "{text}"{hint}')
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise Invalid(f'"{text}" is not an address ({error})') from None
    if not parts.hostname:
        raise Invalid(f'"{text}" names no host')
    if parts.username or parts.password:
        raise Invalid("must not hold a user name or password; remove them")
    if parts.query or parts.fragment:
        raise Invalid("is a prefix; remove the part from ? or # on")
    host = parts.hostname.lower()
    host = f"[{host}]" if ":" in host else host
    where = host if port is None else f"{host}:{port}"
    return f"{parts.scheme.lower()}://{where}{parts.path.rstrip('/')}"


def ledger_url(text: str) -> str:
    """Return the address of a ledger in one spelling; raise Invalid for a bad one.

    A key crosses the network only encrypted: `http://` is for this machine.
    """
    url = _url(text)
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise Invalid(
            f'must start with https://, not "{text}"; http:// is for loopback'
        )
    return url


def is_loopback(host: str) -> bool:
    """Say whether a host's name or address is this machine's own."""
    from ipaddress import ip_address  # 7 ms, only for a ledger's address

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _day(value: object) -> date:
    if isinstance(value, datetime):
        raise Invalid(f"must be a day, not a time; write {value.date().isoformat()}")
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Invalid(f'must be a day like 2026-11-24, not "{value}"') from None
    raise Invalid(f"must be a day like 2026-11-24, not {_kind_of(value)}")


def _number(value: object) -> Decimal:
    if isinstance(value, str):
        try:
            Decimal(value)
        except ArithmeticError:
            raise Invalid(f'must be a number, not "{value}"') from None
        raise Invalid(f"must be a number; write {value} without quotes")
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Invalid(f"must be a number, not {_kind_of(value)}")
    number = Decimal(value)
    if not number.is_finite():
        raise Invalid(f"must be a finite number, not {value}")
    if number < 0:
        raise Invalid(f"must not be negative, not {value}")
    if number >= _MAX_RATE:
        raise Invalid("is too large; USD are meant, per 1,000,000 units for rates")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_MAX_DECIMALS:
        raise Invalid(f"has more than {_MAX_DECIMALS} decimals; round it")
    return number


def _positive(value: object) -> Decimal:
    number = _number(value)
    if number == 0:
        raise Invalid("must be more than 0; remove the key if it costs nothing to know")
    return number


def _fraction(value: object) -> Decimal:
    number = _number(value)
    if number > 1:
        hint = f"; for {number:f} % write {number / 100:f}" if number <= 100 else ""
        raise Invalid(f"must be a share from 0 to 1, not {number:f}{hint}")
    return number


def _rates(value: object) -> dict[str, Decimal]:
    if not isinstance(value, dict):
        raise Invalid(
            "must be a table like { input = 2.5, output = 10 }, not " + _kind_of(value)
        )
    if not value:
        raise Invalid("is empty; name a meter, like { input = 2.5, output = 10 }")
    known = _rate_names()
    rates: dict[str, Decimal] = {}
    for meter, rate in cast(dict[str, object], value).items():
        if meter not in known:
            raise Invalid(f'cannot name "{meter}"{likely(meter, known)}')
        try:
            rates[meter] = _number(rate)
        except Invalid as error:
            raise Invalid(f"{meter} {error}") from None
    return rates


def _keys(value: object) -> tuple[str, ...]:
    keys = cast(list[object], value) if isinstance(value, list) else [None]
    names = [key for key in keys if isinstance(key, str)]
    if len(names) != len(keys):
        raise Invalid('must be a list of keys like ["capture.stream_usage"]')
    return tuple(names)


def _names(value: object) -> tuple[str, ...]:
    """Return one name or a list of names, each with something in it."""
    given = cast(list[object], value) if isinstance(value, list) else [value]
    if not given:
        raise Invalid("is empty; remove the key to leave it unset")
    for name in given:
        if not isinstance(name, str):
            raise Invalid(f"must be text or a list of texts, not {_kind_of(name)}")
        if not name.strip().removeprefix("!").strip():
            raise Invalid('must not be empty; write "*" for any')
    return tuple(str(name).strip() for name in given)


def _provider_pattern(text: str) -> str:
    """Return a pattern of providers, a plain name as the catalogue's id."""
    if any(char in text for char in "*?["):
        return text
    name = text.removeprefix("!")
    return ("!" if name != text else "") + _provider(name.strip().lower())


def _amount(value: object) -> Decimal:
    """Return an amount of USD, which is written as text: "0.50"."""
    if isinstance(value, str):
        try:
            value = Decimal(value.strip().removeprefix("$"))
        except ArithmeticError:
            raise Invalid(f'must be USD like "0.50", not "{value}"') from None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Invalid(f'must be USD like "0.50", not {_kind_of(value)}')
    return _number(value)


def _usd(value: object) -> Decimal:
    """Return an amount of USD from which on a rule holds."""
    number = _amount(value)
    if number == 0:
        raise Invalid('must be more than 0; a rule with action = "block" stops all')
    return number


def _cap(value: object) -> dict[str, Decimal]:
    """Return a cap as `hard` and `soft`; an amount alone is hard."""
    if not isinstance(value, dict):
        return {"hard": _usd(value)}
    table = cast(dict[str, object], value)
    limits: dict[str, Decimal] = {}
    for name, amount in table.items():
        if name not in ("hard", "soft"):
            hint = likely(name, ("hard", "soft"))
            raise Invalid(f'cannot have "{name}"; it has soft and hard{hint}')
        try:
            limits[name] = _usd(amount)
        except Invalid as error:
            raise Invalid(f"{name} {error}") from None
    if not limits:
        raise Invalid('is empty; write "0.50" or { soft = "0.40", hard = "0.50" }')
    if "soft" in limits and limits["soft"] > limits.get("hard", limits["soft"]):
        raise Invalid(
            f"soft {limits['soft']:f} is above hard {limits['hard']:f}: it would never"
            " be reached"
        )
    return limits


def _count(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Invalid(f"must be a whole number from 1 on, not {_kind_of(value)}")
    if value >= _MAX_RATE:
        raise Invalid("is too large; a number of tokens is meant")
    return Decimal(value)


def _hours(value: object) -> str:
    """Return hours of the day in one spelling: `20-7`."""
    found = None
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d\d?)(?::00)?\s*-\s*(\d\d?)(?::00)?\s*", value)
    if found is None:
        raise Invalid(f'must be whole hours like "20-7", not {_kind_of(value)}')
    start, end = int(found[1]), int(found[2])
    if start > 23 or end > 24 or start == end:
        raise Invalid(f'must be two different hours from 0 to 24, not "{value}"')
    return f"{start}-{end}"


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, (int, Decimal)):
        return f"the number {value}"
    if isinstance(value, date):
        return f"the date {value}"
    if isinstance(value, str):
        return f'the text "{value}"'
    return "a list" if isinstance(value, list) else "a table"
