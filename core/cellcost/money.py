"""Money: Decimal rates times integer quantities, rounded once to integer nano-USD.

A rate is USD per 1,000,000 units (tokens, requests, milliseconds: the line's meter
says which). One nano-USD is 1e-9 USD.
"""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

__all__ = ["NANO_PER_USD", "format_usd", "line_cost", "nano_to_text", "usd_to_nano"]

NANO_PER_USD = 1_000_000_000


def line_cost(quantity: int, rate_usd_per_million: Decimal) -> int:
    """Return the cost of one line in nano-USD, rounded half to even.

    `quantity` may be negative (a correction); the result then is too.
    """
    # USD/1e6 units * 1e9 nano/USD = 1000 nano per unit and USD of rate.
    return usd_to_nano(Decimal(quantity) * rate_usd_per_million / 1_000_000)


def usd_to_nano(amount: Decimal) -> int:
    """Return `amount` USD in nano-USD, rounded half to even."""
    with localcontext() as context:
        context.prec = 60
        return int((amount * NANO_PER_USD).to_integral_value(ROUND_HALF_EVEN))


def nano_to_text(cost_nusd: int | None) -> str | None:
    """Return the wire form of a cost: a decimal integer as text, or None if unknown."""
    return None if cost_nusd is None else str(cost_nusd)


def format_usd(cost_nusd: int) -> str:
    """Return the amount as people read it.

    Three significant digits below $1, at most five decimals (`$0.0132`), two decimals from $1, whole dollars
    with thousands from $1000, `<$0.00001` for a positive amount below that, `$0` for
    exactly nothing. Never `$0.00` for something that cost. A negative amount is `-$…`.
    """
    if cost_nusd < 0:
        return "-" + format_usd(-cost_nusd)
    if cost_nusd == 0:
        return "$0"
    if cost_nusd < 10_000:
        return "<$0.00001"
    amount = Decimal(cost_nusd) / NANO_PER_USD
    if amount >= Decimal("999.995"):
        return f"${amount.quantize(Decimal(1), ROUND_HALF_EVEN):,}"
    if amount >= Decimal("0.9995"):
        return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_EVEN)}"
    # 3 significant digits, at most 5 decimals: $0.497, $0.0132, $0.00041.
    decimals = min(2 - amount.adjusted(), 5)
    return f"${round(amount, decimals):f}"
