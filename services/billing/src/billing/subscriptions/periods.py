"""What an invoice has paid for: which plan from when to when, and the credits of each of its months.

The rule: a month costs a part of what was paid, and its credits are the same part of the plan's monthly credits.

- A whole period gives the plan's credits for each of its months, when the month begins: twelve times on a yearly plan.
- An upgrade is invoiced for the rest of the period, with the rest of the old plan credited. It gives the difference of
  the two plans' credits: of the month under way the share that is left of it, rounded up, of every later month all.
  What the old plan has given already stays.
- A change to a yearly plan begins a new period at once and credits the rest of the old one: its first month gives the
  new plan's credits without that share of the old plan's.

Months are counted back from the end of a period, so that they end with it; a period that begins on a 31st has no
month too many (docs.stripe.com/billing/subscriptions/billing-cycle).
"""

import calendar
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

Interval = Literal["month", "year"]

MONTHS_MAX = 120


class UnknownPrice(ValueError):
    """An invoice or a subscription is of a price that is not in our catalogue: for a person."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a price at Stripe stands for in our catalogue; `rank` orders the plans."""

    plan: str
    interval: Interval
    rank: int
    credits_monthly: int


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of an invoice that belongs to its subscription; negative when something is credited."""

    price_id: str
    amount_minor: int
    starts_at: datetime
    ends_at: datetime
    proration: bool


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A plan that was paid for, with the credits of its first and of each later month."""

    plan: str
    starts_at: datetime
    ends_at: datetime
    credits_first: int
    credits_monthly: int


def paid_periods(lines: Sequence[InvoiceLine], offers: Mapping[str, Offer]) -> list[PaidPeriod]:
    """The periods that the lines of a paid invoice stand for, in order.

    Raises:
        UnknownPrice: a line is of a price that is not ours.
    """
    bought = [line for line in lines if _buys(line)]
    credited = [line for line in lines if line.amount_minor < 0]
    back_first = sum((_offer(line, offers).credits_monthly * share_of_month(line) for line in credited), Fraction(0))
    periods = []
    for line in sorted(bought, key=lambda line: (line.starts_at, line.ends_at)):
        offer = _offer(line, offers)
        first = offer.credits_monthly * share_of_month(line)
        back_monthly = sum(_offer(old, offers).credits_monthly for old in credited if old.ends_at == line.ends_at)
        periods.append(
            PaidPeriod(
                plan=offer.plan,
                starts_at=line.starts_at,
                ends_at=line.ends_at,
                credits_first=max(0, math.ceil(first - back_first)),
                credits_monthly=max(0, offer.credits_monthly - back_monthly),
            )
        )
        back_first = max(Fraction(0), back_first - first)
    return periods


def share_of_month(line: InvoiceLine) -> Fraction:
    """The part of the first month of a line that the line is for: all of it unless it is a proration."""
    if not line.proration:
        return Fraction(1)
    ends_at = month_ends_at(line.starts_at, line.ends_at, 0)
    begins_at = months_later(ends_at, -1)
    left, whole = ends_at - line.starts_at, ends_at - begins_at
    return min(Fraction(1), Fraction(int(left.total_seconds()), int(whole.total_seconds())))


def month_starts(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """When each month of a period begins.

    Raises:
        ValueError: the period does not last, or longer than `MONTHS_MAX` months.
    """
    if ends_at <= starts_at:
        raise ValueError("a period ends after it begins")
    inner: list[datetime] = []
    while (boundary := months_later(ends_at, -len(inner) - 1)) > starts_at:
        inner.append(boundary)
        if len(inner) > MONTHS_MAX:
            raise ValueError(f"a period has at most {MONTHS_MAX} months")
    return [starts_at, *reversed(inner)]


def month_ends_at(starts_at: datetime, ends_at: datetime, number: int) -> datetime:
    """When a month of a period ends; the first one is number 0."""
    following = [*month_starts(starts_at, ends_at), ends_at]
    return following[number + 1]


def expiry_of_month(month_end: datetime, moment: datetime) -> datetime:
    """When the credits of a month expire that are granted at this moment.

    With the month; those that come after it has ended (an outage of ours, a dispute won late, an invoice paid late)
    with the month running then.
    """
    if month_end > moment:
        return month_end
    behind = (moment.year - month_end.year) * 12 + moment.month - month_end.month
    end = months_later(month_end, behind)
    return end if end > moment else months_later(month_end, behind + 1)


def months_later(moment: datetime, months: int) -> datetime:
    """The same time of day so many calendar months later, on the last day where a month is too short."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _buys(line: InvoiceLine) -> bool:
    """Whether a line stands for a period: a whole one even when it was free, a rest only when it cost something."""
    return line.ends_at > line.starts_at and (line.amount_minor > 0 or (line.amount_minor == 0 and not line.proration))


def _offer(line: InvoiceLine, offers: Mapping[str, Offer]) -> Offer:
    offer = offers.get(line.price_id)
    if offer is None:
        raise UnknownPrice(f"price {line.price_id} is not ours")
    return offer
