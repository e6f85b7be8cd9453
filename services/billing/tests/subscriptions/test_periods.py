"""What a paid invoice stands for: months, shares, credits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.subscriptions.periods import (
    InvoiceLine,
    Offer,
    PaidPeriod,
    UnknownPrice,
    expiry_of_month,
    month_starts,
    months_later,
    paid_periods,
)

OFFERS = {
    "pro": Offer("pro", "month", 1, 300),
    "pro-year": Offer("pro", "year", 1, 300),
    "ent": Offer("enterprise", "month", 2, 5000),
    "ent-year": Offer("enterprise", "year", 2, 5000),
}


ANY_TIME = st.integers(
    int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2030, 1, 1, tzinfo=UTC).timestamp())
)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def line(price: str, amount: int, start: str, end: str, *, proration: bool = False) -> InvoiceLine:
    return InvoiceLine(price, amount, day(start), day(end), proration)


def test_a_month_gives_the_plans_credits() -> None:
    periods = paid_periods([line("pro", 1900, "2026-04-01", "2026-05-01")], OFFERS)
    assert periods == [PaidPeriod("pro", day("2026-04-01"), day("2026-05-01"), 300, 300)]


def test_a_coupon_of_the_whole_price_gives_the_credits_all_the_same() -> None:
    assert paid_periods([line("pro", 0, "2026-04-01", "2026-05-01")], OFFERS)[0].credits_first == 300


def test_an_upgrade_gives_the_difference_for_the_rest_of_the_month() -> None:
    lines = [
        line("pro", -950, "2026-04-16", "2026-05-01", proration=True),
        line("ent", 12450, "2026-04-16", "2026-05-01", proration=True),
    ]
    assert paid_periods(lines, OFFERS) == [
        PaidPeriod("enterprise", day("2026-04-16"), day("2026-05-01"), 2500 - 150, 4700)
    ]


def test_an_upgrade_of_a_year_gives_the_whole_difference_in_later_months() -> None:
    lines = [
        line("pro-year", -9500, "2026-07-16", "2027-01-01", proration=True),
        line("ent-year", 124500, "2026-07-16", "2027-01-01", proration=True),
    ]
    (period,) = paid_periods(lines, OFFERS)
    assert period.credits_first == 2426  # 4,700 for 16 of July's 31 days, rounded up once
    assert period.credits_monthly == 4700
    assert [start.isoformat()[:10] for start in month_starts(period.starts_at, period.ends_at)] == [
        "2026-07-16",
        "2026-08-01",
        "2026-09-01",
        "2026-10-01",
        "2026-11-01",
        "2026-12-01",
    ]


def test_a_change_to_a_year_does_not_give_the_month_under_way_twice() -> None:
    lines = [
        line("pro", -950, "2026-04-16", "2026-05-01", proration=True),
        line("pro-year", 19000, "2026-04-16", "2027-04-16"),
    ]
    assert paid_periods(lines, OFFERS) == [PaidPeriod("pro", day("2026-04-16"), day("2027-04-16"), 150, 300)]


def test_prorations_that_waited_for_the_renewal_are_periods_of_their_own() -> None:
    lines = [
        line("pro", -950, "2026-04-16", "2026-05-01", proration=True),
        line("ent", 12450, "2026-04-16", "2026-05-01", proration=True),
        line("ent", 24900, "2026-05-01", "2026-06-01"),
    ]
    assert [(period.starts_at, period.credits_first) for period in paid_periods(lines, OFFERS)] == [
        (day("2026-04-16"), 2350),
        (day("2026-05-01"), 5000),
    ]


def test_a_price_that_is_not_ours_is_for_a_person() -> None:
    with pytest.raises(UnknownPrice):
        paid_periods([line("other", 100, "2026-04-01", "2026-05-01")], OFFERS)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2026-01-31", "2026-02-28", 1),
        ("2026-02-28", "2026-03-31", 1),
        ("2026-04-30", "2026-05-31", 1),
        ("2026-01-31", "2027-01-31", 12),
        ("2028-02-29", "2029-02-28", 12),
        ("2026-12-15", "2027-01-15", 1),
    ],
)
def test_a_period_has_as_many_months_as_it_was_sold_with(start: str, end: str, months: int) -> None:
    starts = month_starts(day(start), day(end))
    assert len(starts) == months
    assert starts[0] == day(start)


@given(
    anchor=ANY_TIME.map(lambda at: datetime.fromtimestamp(at, UTC)),
    number=st.integers(0, 40),
    every=st.sampled_from([1, 12]),
)
def test_any_billing_anchor_gives_every_month_once(anchor: datetime, number: int, every: int) -> None:
    start, end = months_later(anchor, number * every), months_later(anchor, (number + 1) * every)
    starts = month_starts(start, end)
    assert len(starts) == every
    assert starts == sorted(set(starts))
    assert all(start <= each < end for each in starts)


@given(end=ANY_TIME.map(lambda at: datetime.fromtimestamp(at, UTC)), days=st.integers(-40, 900))
def test_credits_given_late_last_until_the_end_of_the_month_running_then(end: datetime, days: int) -> None:
    moment = end + timedelta(days=days)
    expiry = expiry_of_month(end, moment)
    assert expiry > moment
    assert expiry == end if days < 0 else expiry - moment <= timedelta(days=31)
