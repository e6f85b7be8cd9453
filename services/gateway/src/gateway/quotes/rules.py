"""What a quote binds: one account, one kind with exactly one input, one price, for ten minutes.

A quote may be used again while it is valid: it promises a price, not a job.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from common.errors import AppError

VALID_FOR = timedelta(minutes=10)

Reason = Literal["not_ours", "other_account", "other_request", "expired"]
_DETAILS: dict[Reason, str] = {
    "not_ours": "The quote is not one of ours.",
    "other_account": "The quote was made for another account.",
    "other_request": "The quote was made for another kind of work or another input.",
    "expired": "The quote has expired; ask for another estimate.",
}


class QuoteInvalid(AppError):
    """The quote does not bind this submission; nothing was kept and nothing is charged."""

    code = "QUOTE_INVALID"

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(_DETAILS[reason], reason=reason)


class QuoteExpired(QuoteInvalid):
    """The quote was good for exactly this submission, and no longer is."""

    def __init__(self) -> None:
        super().__init__("expired")


@dataclass(frozen=True, slots=True)
class Quote:
    """A promise that we signed. `request_hash` stands for the kind and the input."""

    account_id: UUID
    request_hash: bytes
    price_credits: int
    expires_at: datetime

    def bind(self, account_id: UUID, request_hash: bytes, price_credits: int, moment: datetime) -> int:
        """What the submission costs: the price of today, and never more than was quoted.

        Args:
            price_credits: the price of today.

        Raises:
            QuoteInvalid: made for another account or another request.
            QuoteExpired: made for this very request, too long ago.
        """
        if self.account_id != account_id:
            raise QuoteInvalid("other_account")
        if self.request_hash != request_hash:
            raise QuoteInvalid("other_request")
        if moment >= self.expires_at:
            raise QuoteExpired
        return min(price_credits, self.price_credits)
