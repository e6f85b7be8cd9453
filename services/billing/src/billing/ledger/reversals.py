"""Use case: a payment was reversed (refunded, disputed) or reinstated; its credits follow, exactly.

For each payment `target = min(reversed − reinstated, granted)` credits are to be taken back. What is posted is the
difference to what was taken back before. Both totals only ever grow, and the highest that was seen counts, so that any
order and number of Stripe's messages, and any delay between asking Stripe and writing here, ends in the same state.
"""

from uuid import UUID

from sqlalchemy import text

from billing.ledger import storage
from billing.ledger.announcements import announce_balances
from billing.ledger.rules import Book, ClawbackRequest, GrantRequest
from common.db.unit_of_work import UnitOfWork

_LOT = text("SELECT account_id, granted_credits FROM lots WHERE source = 'purchase' AND reference = :reference")
_OPEN = text(
    """
    INSERT INTO payment_reversals (lot_reference, account_id, granted_credits)
    VALUES (:reference, :account_id, :granted) ON CONFLICT DO NOTHING
    """
)
_NOTE = text(
    """
    UPDATE payment_reversals
    SET reversed_minor = greatest(reversed_minor, :reversed), reinstated_minor = greatest(reinstated_minor, :reinstated)
    WHERE lot_reference = :reference
    RETURNING account_id, granted_credits, taken_back_credits, postings, reversed_minor, reinstated_minor
    """
)
_SAVE = text(
    """
    UPDATE payment_reversals SET taken_back_credits = :taken_back, postings = postings + 1, updated_at = now()
    WHERE lot_reference = :reference
    """
)


class NothingGranted(LookupError):
    """The payment has granted nothing (yet): its own event is still to come."""


async def follow_reversal(
    uow: UnitOfWork, lot_reference: str, *, paid_minor: int, reversed_minor: int, reinstated_minor: int, memo: str
) -> int:
    """Bring the credits of a payment in line with its money; answers by how many they changed (negative: given back).

    Args:
        lot_reference: the reference of the grant the payment had paid for.
        paid_minor: what was paid, in minor units of its currency.
        reversed_minor: ever refunded or disputed, all together, failed refunds too.
        reinstated_minor: won back from disputes and failed refunds, all together.

    Raises:
        NothingGranted: try again later.
        ValueError: the amounts make no sense.
    """
    if paid_minor <= 0 or reversed_minor < 0 or reinstated_minor < 0:
        raise ValueError("a payment has a positive amount, and reversals are not negative")
    lot = await uow.first(_LOT, {"reference": lot_reference})
    if lot is None:
        raise NothingGranted(lot_reference)
    await uow.execute(_OPEN, {"reference": lot_reference, "account_id": lot.account_id, "granted": lot.granted_credits})
    totals = {"reference": lot_reference, "reversed": reversed_minor, "reinstated": reinstated_minor}
    state = await uow.first(_NOTE, totals)
    if state is None:
        raise AssertionError("a row that was just made is not there")
    target = credits_to_take_back(lot.granted_credits, paid_minor, state.reversed_minor - state.reinstated_minor)
    difference = target - state.taken_back_credits
    if difference:
        book = await storage.load_book(uow, [lot.account_id])
        _post(book, lot.account_id, lot_reference, state.postings + 1, difference, memo)
        await storage.save(uow, book.changes)
        await uow.execute(_SAVE, {"reference": lot_reference, "taken_back": target})
        announce_balances(uow, book)
    return int(difference)


def credits_to_take_back(granted: int, paid_minor: int, net_reversed_minor: int) -> int:
    """The share of the credits that belongs to the reversed share of the money, rounded up, at most all of them."""
    if net_reversed_minor <= 0:
        return 0
    return min(granted, -(-granted * net_reversed_minor // paid_minor))


def _post(book: Book, account_id: UUID, lot_reference: str, number: int, difference: int, memo: str) -> None:
    if difference > 0:
        book.claw_back(ClawbackRequest(account_id, difference, f"{lot_reference}:{number}", lot_reference, memo))
        return
    book.grant(
        GrantRequest(
            account_id=account_id,
            credits=-difference,
            source="purchase",
            reference=f"{lot_reference}:reinstated:{number}",
            memo=memo,
        )
    )
