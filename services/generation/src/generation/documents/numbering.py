"""How documents are numbered: by account, series and year, from 1 on without gaps.

A number is taken in the transaction that issues its document, and only if it is still the next one. So a document
that comes to nothing takes none, and two that are made at the same time never get the same: one of them is drawn
again with the number after it. A year is the calendar year of the day of issue (UTC).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Series(StrEnum):
    """What is counted apart."""

    QUOTE = "quote"
    INVOICE = "invoice"


QUOTE_PREFIX, INVOICE_PREFIX = "quo", "inv"
"""Of their ids, which are not their numbers."""
_PREFIXES = {Series.QUOTE: "Q", Series.INVOICE: "INV"}
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Number:
    """The number of a document that is issued on `issued_on`, the `sequence`-th of its series and year."""

    series: Series
    issued_on: date
    sequence: int

    @property
    def year(self) -> int:
        """The year it is counted in."""
        return self.issued_on.year

    @property
    def text(self) -> str:
        """As it is printed: `INV-2026-0001`, with more digits from the 10,000th on."""
        return f"{_PREFIXES[self.series]}-{self.year}-{self.sequence:0{_DIGITS}d}"
