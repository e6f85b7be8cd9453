"""Rounding and adding up: exact to the cent, the printed lines add up to the printed sums."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.documents.amounts import UNIT_PRICE_MINOR_MAX, Totals, line_total_minor, totals

QUANTITIES = st.integers(1, 999_999_999).map(lambda thousandths: f"{thousandths // 1000}.{thousandths % 1000:03d}")
PRICES = st.integers(0, UNIT_PRICE_MINOR_MAX)
RATES = st.integers(0, 10_000).map(lambda points: f"{points // 100}.{points % 100:02d}")


def half_up(exact: Fraction) -> int:
    """The rule written another way."""
    return int((2 * exact + 1) // 2)


@given(QUANTITIES, PRICES)
def test_a_line_is_the_exact_product_rounded_half_up(quantity: str, price: int) -> None:
    total = line_total_minor(quantity, price)
    exact = Fraction(quantity) * price
    assert total == half_up(exact)
    assert abs(total - exact) <= Fraction(1, 2)


@given(st.lists(st.integers(0, 10**12), max_size=50), RATES)
def test_net_and_tax_make_gross_and_tax_is_rounded_once(lines: list[int], rate: str) -> None:
    made = totals(lines, rate)
    assert made.net_minor == sum(lines)
    assert made.tax_minor == half_up(Fraction(rate) / 100 * sum(lines))
    assert made.gross_minor == made.net_minor + made.tax_minor
    assert totals(reversed(lines), rate) == made


@given(QUANTITIES, PRICES, PRICES)
def test_a_higher_price_never_costs_less(quantity: str, one: int, other: int) -> None:
    assert line_total_minor(quantity, min(one, other)) <= line_total_minor(quantity, max(one, other))


@pytest.mark.parametrize(
    ("quantity", "price", "total"),
    [("1", 999, 999), ("2.5", 1, 3), ("0.5", 1, 1), ("0.499", 1, 0), ("0.001", 500, 1), ("0.001", 499, 0),
     ("999999.999", 100_000_000, 99_999_999_900_000), ("12", 0, 0), ("1.005", 100, 101)],
)  # fmt: skip
def test_halves_go_up(quantity: str, price: int, total: int) -> None:
    assert line_total_minor(quantity, price) == total


@pytest.mark.parametrize(("rate", "tax"), [("20", 200), ("5.5", 55), ("0", 0), ("100", 1000), ("0.05", 1), ("0.04", 0)])
def test_taxes(rate: str, tax: int) -> None:
    assert totals([400, 600], rate) == Totals(1000, tax, 1000 + tax)


@pytest.mark.parametrize("quantity", ["0", "-1", "1000000", "1.0001", "NaN", "Infinity", "1e2000", "", "twelve"])
def test_refuses_quantities_that_are_none(quantity: str) -> None:
    with pytest.raises(ValueError, match=r"quantity|decimal"):
        line_total_minor(quantity, 1)


@pytest.mark.parametrize("price", [-1, UNIT_PRICE_MINOR_MAX + 1])
def test_refuses_prices_out_of_bounds(price: int) -> None:
    with pytest.raises(ValueError, match="unit price"):
        line_total_minor("1", price)


@pytest.mark.parametrize("rate", ["-1", "100.01", "5.555", "NaN", "x"])
def test_refuses_rates_out_of_bounds(rate: str) -> None:
    with pytest.raises(ValueError, match=r"tax rate|decimal"):
        totals([1], rate)
