"""Use case: money of a purchase went back to the buyer, or came again; its credits follow."""

from dataclasses import dataclass

import structlog

from billing.ledger.reversals import follow_reversal
from billing.purchases.rules import CheckoutSession
from billing.purchases.settlement import lot_reference
from common.db.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reversals:
    """What was ever refunded or disputed of a payment, and what of that came back; both only ever grow.

    In the smallest unit of the payment's currency. A refund that failed later counts in both. `refunded_minor` and
    `refunds_failed_minor` are the parts of them that are no disputes.
    """

    reversed_minor: int = 0
    reinstated_minor: int = 0
    refunded_minor: int = 0
    refunds_failed_minor: int = 0

    def leaves_nothing_of(self, paid_minor: int) -> bool:
        """Whether the whole payment is back with the buyer."""
        return 0 < paid_minor <= self.reversed_minor - self.reinstated_minor


async def follow_reversals(uow: UnitOfWork, session: CheckoutSession, reversals: Reversals) -> int:
    """Bring the credits of a session's payment in line with its money, in whatever order and however often it is told.

    Answers by how many credits were taken back (negative: given back).

    Raises:
        NothingGranted: the payment has granted nothing yet; try again later.
    """
    if not reversals.reversed_minor or session.payment_intent_id is None or not session.amount_total_minor:
        return 0
    difference = await follow_reversal(
        uow,
        lot_reference(session.payment_intent_id),
        paid_minor=session.amount_total_minor,
        reversed_minor=reversals.reversed_minor,
        reinstated_minor=reversals.reinstated_minor,
        memo=f"refund or dispute {session.client_reference_id}",
    )
    if difference:
        log.info(
            "payment_reversal_followed",
            purchase_id=session.client_reference_id,
            credits_taken_back=difference,
            reversed_minor=reversals.reversed_minor,
            reinstated_minor=reversals.reinstated_minor,
        )
    return difference
