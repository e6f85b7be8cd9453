"""Billing periods: calendar months and years counted from an anchor, as Stripe counts them."""

import calendar
from datetime import UTC, datetime, timedelta

from sandbox.vendors.stripe.store import StripeObject

_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


def period_end(anchor: int, start: int, recurring: StripeObject) -> int:
    """The first moment after `start` that is a whole number of intervals after `anchor` (Unix seconds).

    An anchor on the 31st bills on the last day of shorter months and returns to the 31st.
    """
    count, interval = int(recurring["interval_count"]), str(recurring["interval"])
    if interval in _DAYS:
        step = int(timedelta(days=_DAYS[interval] * count).total_seconds())
        return anchor + step * ((start - anchor) // step + 1)
    step = _MONTHS[interval] * count
    number = 1
    while (end := _months_after(anchor, number * step)) <= start:
        number += 1
    return end


def _months_after(anchor: int, months: int) -> int:
    since = datetime.fromtimestamp(anchor, UTC)
    year, month = divmod(since.year * 12 + since.month - 1 + months, 12)
    day = min(since.day, calendar.monthrange(year, month + 1)[1])
    return int(since.replace(year=year, month=month + 1, day=day).timestamp())


def share_left(start: int, end: int, at: int) -> float:
    """The part of a period that is left at a moment, between 0 and 1."""
    return min(1.0, max(0.0, (end - at) / (end - start)))
