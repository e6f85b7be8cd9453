"""Adds up what a document charges, in whole minor units (cents); the one place where money is rounded.

The rule: a line's total is quantity x unit price, rounded to the minor unit, halves away from zero (commercial
rounding). Net is the sum of the line totals as they are printed. Tax is net x rate, rounded once, the same way. Gross
is net plus tax. So the printed lines add up to the printed net, and the printed net and tax to the printed gross.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

QUANTITY_PATTERN = r"^[0-9]{1,6}(\.[0-9]{1,3})?$"
RATE_PATTERN = r"^(100|[0-9]{1,2}(\.[0-9]{1,2})?)$"
"""Per cent, with up to two decimals: 20, 5.5, 8.25."""
UNIT_PRICE_MINOR_MAX = 100_000_000

_EXACT = Context(prec=40)
"""Far more digits than 999 999.999 x 100 000 000 needs: products here are exact before they are rounded."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a document comes to, in minor units."""

    net_minor: int
    tax_minor: int
    gross_minor: int


def line_total_minor(quantity: str, unit_price_minor: int) -> int:
    """What so many units cost.

    Raises:
        ValueError: the quantity is not a positive decimal of at most 6 digits and 3 decimals, or the price is
            negative or above `UNIT_PRICE_MINOR_MAX`.
    """
    amount = _decimal(quantity)
    if not 0 < amount < 1_000_000 or -int(amount.as_tuple().exponent) > 3:
        raise ValueError(f"quantity {quantity} is not between 0.001 and 999999.999")
    if not 0 <= unit_price_minor <= UNIT_PRICE_MINOR_MAX:
        raise ValueError(f"unit price {unit_price_minor} is outside 0..{UNIT_PRICE_MINOR_MAX}")
    return _rounded(_EXACT.multiply(amount, Decimal(unit_price_minor)))


def totals(lines_minor: Iterable[int], tax_rate_percent: str) -> Totals:
    """What lines with these totals come to under one rate of tax.

    Raises:
        ValueError: the rate is not between 0 and 100, or has more than two decimals.
    """
    rate = _decimal(tax_rate_percent)
    if not 0 <= rate <= 100 or -int(rate.as_tuple().exponent) > 2:
        raise ValueError(f"tax rate {tax_rate_percent} is not between 0 and 100 per cent")
    net = sum(lines_minor)
    tax = _rounded(_EXACT.multiply(Decimal(net), rate).scaleb(-2, context=_EXACT))
    return Totals(net, tax, net + tax)


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no decimal") from error
    if not value.is_finite():
        raise ValueError(f"{text!r} is no decimal")
    return value


def _rounded(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=_EXACT))
