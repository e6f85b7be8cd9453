"""The rules of what is made once a year: when a year begins and ends, and what a refused owner is told.

A year is twelve months, counted from the first day of the paid periods that have followed each other until now. The
first one begins with the first payment: nobody waits. Who lets the subscription end and begins again starts a new
year, but not before a year that was used is over. A job uses its year up by succeeding: one that failed or was
cancelled gives it back.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

NOT_ELIGIBLE = "NOT_ELIGIBLE"


class Answer(StrEnum):
    """Whether a job may be done."""

    GRANTED = "granted"
    USED = "used"
    """The year has its job already, made or being made."""
    NOT_PAID = "not_paid"
    """No paid plan is known here (yet)."""


@dataclass(frozen=True, slots=True)
class Year:
    """From its first moment to the one after its last."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and for a year that is used when it ends."""

    answer: Answer
    ends_at: datetime | None = None

    @property
    def detail(self) -> str:
        """What the owner is told of a refusal."""
        if self.ends_at is None:
            return "This comes with a paid plan; the account has none."
        return f"This is made once a year; the account's next one can be asked for from {self.ends_at:%Y-%m-%d} on."


def year_of(paid_since: datetime, moment: datetime) -> Year:
    """The year of a subscription that runs at this moment; the first one where it has not begun."""
    number = max(0, moment.year - paid_since.year)
    if number and _anniversary(paid_since, number) > moment:
        number -= 1
    return Year(_anniversary(paid_since, number), _anniversary(paid_since, number + 1))


def _anniversary(day: datetime, years: int) -> datetime:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # a 29th of February
        return day.replace(year=day.year + years, day=28)
