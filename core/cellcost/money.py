"""Money: Decimal rates times integer quantities, rounded once to integer nano-USD.

A rate is USD per 1,000,000 units (tokens, requests, seconds: the line's meter says
which). One nano-USD is 1e-9 USD. All arithmetic is on integers: the `decimal` context
of the user's notebook changes nothing.
"""

from decimal import Decimal

__all__ = ["NANO_PER_USD", "format_usd", "line_cost", "nano_to_text", "usd_to_nano"]

NANO_PER_USD = 1_000_000_000


def line_cost(quantity: int, rate_usd_per_million: Decimal) -> int:
    """Return the cost of one line in nano-USD, rounded half to even.

    `quantity` may be negative (a correction); the result then is too.
    """
    top, bottom = rate_usd_per_million.as_integer_ratio()
    return _rounded(quantity * top * NANO_PER_USD, bottom * 1_000_000)


def usd_to_nano(amount: Decimal) -> int:
    """Return `amount` USD in nano-USD, rounded half to even."""
    top, bottom = amount.as_integer_ratio()
    return _rounded(top * NANO_PER_USD, bottom)


def nano_to_text(cost_nusd: int | None) -> str | None:
    """Return the wire form of a cost: a decimal integer as text, or None if unknown."""
    return None if cost_nusd is None else str(cost_nusd)


def format_usd(cost_nusd: int, *, digits: int = 3) -> str:
    """Return the amount as people read it.

    Three significant digits below $1, at most five decimals (`$0.0132`, `$0.00041`),
    two decimals from $1, whole dollars with thousands from $1000, `<$0.00001` for a
    positive amount below that, `$0` for exactly nothing. Never `$0.00` for something
    that cost. A negative amount is `-$…`. An estimate takes 2 `digits` (`$0.013`).
    """
    if cost_nusd < 0:
        return "-" + format_usd(-cost_nusd, digits=digits)
    if cost_nusd == 0:
        return "$0"
    if cost_nusd < 10_000:
        return "<$0.00001"
    cents = _rounded(cost_nusd, 10_000_000)
    if cents >= 100_000:
        return f"${_rounded(cost_nusd, NANO_PER_USD):,}"
    decimals, shown = digits, _rounded(cost_nusd, 10 ** (9 - digits))
    if shown >= 10**digits:
        return f"${cents // 100}.{cents % 100:02d}"
    while shown < 10 ** (digits - 1) and decimals < 5:
        decimals += 1
        shown = _rounded(cost_nusd, 10 ** (9 - decimals))
    return f"$0.{shown:0{decimals}d}"


def _rounded(top: int, bottom: int) -> int:
    """Return top / bottom, rounded half to even."""
    whole, rest = divmod(top, bottom)
    if 2 * rest > bottom or (2 * rest == bottom and whole & 1):
        whole += 1
    return whole
