"""Use case: give the credits of a paid period, each month's once, and take them back with the money.

A grant's key is its invoice and the month it is for, never an event. What was reversed of an invoice's money takes the
same share of every month's credits that it has paid for; while all of it is reversed no further month is given.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.ledger import storage as ledger
from billing.ledger.announcements import announce_balances
from billing.ledger.grants import Grant, post_grants
from billing.ledger.reversals import credits_to_take_back
from billing.ledger.rules import ClawbackRequest, GrantRequest
from billing.subscriptions.periods import expiry_of_month, month_starts
from common.db.unit_of_work import UnitOfWork

_CLAIM = text(
    """
    SELECT stripe_invoice_id, account_id, period.plan, starts_at, ends_at, credits_first, credits_monthly,
           months_granted, total_minor, reversed_minor, reinstated_minor
    FROM paid_periods AS period
    JOIN subscription_invoices USING (stripe_invoice_id) JOIN subscriptions USING (subscription_id)
    WHERE next_grant_at <= :moment AND (CAST(:invoice_id AS text) IS NULL OR stripe_invoice_id = :invoice_id)
      AND (months_granted = 0 OR (
          (ended_at IS NULL OR next_grant_at < ended_at)
          AND (total_minor = 0 OR reversed_minor - reinstated_minor < total_minor)))
    ORDER BY next_grant_at LIMIT 1 FOR UPDATE OF period SKIP LOCKED
    """
)
_ADVANCE = text(
    """
    UPDATE paid_periods SET months_granted = :months_granted, next_grant_at = :next_grant_at
    WHERE stripe_invoice_id = :invoice_id AND starts_at = :starts_at
    """
)
_NOTE_GRANT = text(
    """
    INSERT INTO subscription_grants (lot_reference, stripe_invoice_id, month_starts_at, granted_credits)
    VALUES (:reference, :invoice_id, :month_starts_at, :credits) ON CONFLICT DO NOTHING
    """
)
_NOTE_REVERSALS = text(
    """
    UPDATE subscription_invoices
    SET reversed_minor = greatest(reversed_minor, :reversed), reinstated_minor = greatest(reinstated_minor, :reinstated)
    WHERE stripe_invoice_id = :invoice_id
    """
)
_LOCK_GRANTS = text(
    """
    SELECT lot_reference, account_id, granted_credits, taken_back_credits, postings,
           total_minor, reversed_minor, reinstated_minor
    FROM subscription_grants JOIN subscription_invoices USING (stripe_invoice_id)
    JOIN subscriptions USING (subscription_id)
    WHERE stripe_invoice_id = :invoice_id ORDER BY lot_reference FOR UPDATE OF subscription_grants
    """
)
_SAVE_GRANT = text(
    """
    UPDATE subscription_grants SET taken_back_credits = :taken_back, postings = postings + 1
    WHERE lot_reference = :reference
    """
)


@dataclass(frozen=True, slots=True)
class MonthGranted:
    """Credits of one month that were given just now."""

    account_id: UUID
    invoice_id: str
    credits: int


async def grant_next_month(uow: UnitOfWork, moment: datetime, invoice_id: str | None = None) -> MonthGranted | None:
    """Give the month that has been due longest, of this invoice if one is named; None when none is due.

    The first month is given with the payment, whatever became of the subscription; later ones while it goes on. A month
    that somebody else is giving just now is passed over. Months missed are given one after the other.
    """
    due = await uow.first(_CLAIM, {"moment": moment, "invoice_id": invoice_id})
    if due is None:
        return None
    starts = month_starts(due.starts_at, due.ends_at)
    number = due.months_granted
    following = [*starts[1:], due.ends_at]
    credits = due.credits_first if number == 0 else due.credits_monthly
    if credits:
        reference = lot_reference(due.stripe_invoice_id, starts[number])
        grant = Grant(
            account_id=due.account_id,
            credits=credits,
            source="subscription",
            reference=reference,
            memo=f"{due.plan} {starts[number]:%Y-%m-%d}",
            expires_at=next((end for end in following[number:] if end > moment), None)
            or expiry_of_month(due.ends_at, moment),
        )
        await post_grants(uow, [grant])
        await uow.execute(
            _NOTE_GRANT,
            {
                "reference": reference,
                "invoice_id": due.stripe_invoice_id,
                "month_starts_at": starts[number],
                "credits": credits,
            },
        )
    await uow.execute(
        _ADVANCE,
        {
            "invoice_id": due.stripe_invoice_id,
            "starts_at": due.starts_at,
            "months_granted": number + 1,
            "next_grant_at": starts[number + 1] if number + 1 < len(starts) else None,
        },
    )
    if due.reversed_minor > due.reinstated_minor:
        await settle_reversals(uow, due.stripe_invoice_id, moment)
    return MonthGranted(due.account_id, due.stripe_invoice_id, credits)


async def note_reversals(
    uow: UnitOfWork, invoice_id: str, *, reversed_minor: int, reinstated_minor: int, moment: datetime
) -> int:
    """Bring the credits of an invoice in line with its money; answers by how many they changed (negative: given back).

    Both totals only ever grow, and the highest that was seen counts.
    """
    totals = {"invoice_id": invoice_id, "reversed": reversed_minor, "reinstated": reinstated_minor}
    await uow.execute(_NOTE_REVERSALS, totals)
    return await settle_reversals(uow, invoice_id, moment)


async def settle_reversals(uow: UnitOfWork, invoice_id: str, moment: datetime) -> int:
    """Take back or give back, of each month's credits, the share of the invoice's money that is reversed now."""
    grants = await uow.rows(_LOCK_GRANTS, {"invoice_id": invoice_id})
    if not grants:
        return 0
    account_id = grants[0].account_id
    book = await ledger.load_book(uow, [account_id])
    changed = 0
    for grant in grants:
        net = grant.reversed_minor - grant.reinstated_minor
        target = credits_to_take_back(grant.granted_credits, max(grant.total_minor, 1), net)
        difference = target - grant.taken_back_credits
        if not difference:
            continue
        number, memo = grant.postings + 1, "subscription payment reversed"
        if difference > 0:
            posting = f"{grant.lot_reference}:{number}"
            book.claw_back(ClawbackRequest(account_id, difference, posting, grant.lot_reference, memo))
        else:
            back = f"{grant.lot_reference}:reinstated:{number}"
            book.grant(GrantRequest(account_id, -difference, "subscription", back, memo))
        await uow.execute(_SAVE_GRANT, {"reference": grant.lot_reference, "taken_back": target})
        changed += difference
    if changed or book.changes.transfers:
        await ledger.save(uow, book.changes)
        announce_balances(uow, book)
    return changed


def lot_reference(invoice_id: str, month_starts_at: datetime) -> str:
    """Under what the ledger knows the grant of an invoice's month."""
    return f"stripe:{invoice_id}:{int(month_starts_at.timestamp())}"
