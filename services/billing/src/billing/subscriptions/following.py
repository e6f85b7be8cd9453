"""Use case: bring an account's plan and credits in line with what Stripe shows of its subscription.

Whoever asks, a webhook, a change through our own API, the clock, does the same: look, then follow. Looks are numbered
before they begin, and an older look never overwrites a later one; what was paid only ever grows. So any number and
order of messages ends in the state that Stripe shows last.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog

from billing.subscriptions import order_storage, storage
from billing.subscriptions.grants import grant_next_month, note_reversals
from billing.subscriptions.periods import MONTHS_MAX, UnknownPrice, paid_periods
from billing.subscriptions.ports import SubscriptionReader
from billing.subscriptions.rules import FREE, Facts, Invoice, Standing, Subscription, judge, order_id_in
from billing.subscriptions.storage import KnownStanding
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.subscriptions import AccountChanged, SubscriptionChanged, SubscriptionPaymentFailed
from common.ids import new_id

log = structlog.get_logger(__name__)

GRACE = timedelta(days=7)

Outcome = Literal["changed", "unchanged", "unknown_customer"]


@dataclass(frozen=True, slots=True)
class Look:
    """What Stripe showed, and the number of that look."""

    facts: Facts
    read_number: int


async def look(
    database: Database, reader: SubscriptionReader, stripe_subscription_id: str, invoice_id: str | None = None
) -> Look:
    """Ask Stripe for a subscription, with no transaction open; raises as the reader does."""
    async with database.autocommit() as connection:
        read_number = await storage.draw_read_number(connection)
    return Look(await reader.facts(stripe_subscription_id, invoice_id), read_number)


async def follow(uow: UnitOfWork, seen: Look, grace: timedelta, moment: datetime | None = None) -> Outcome:
    """Act on what Stripe showed.

    Raises:
        UnknownPrice: it is of a price that is not in our catalogue; nothing is done.
    """
    facts, moment = seen.facts, moment or now()
    account_id = await _account_of(uow, facts)
    if account_id is None:
        return "unknown_customer"
    known = await storage.lock_account(uow, account_id)
    offers = await storage.offers_of(uow, _prices_of(facts))
    for price_id in (facts.price_id, facts.next_price_id):
        if price_id not in offers:
            raise UnknownPrice(f"price {price_id} is not ours")
    subscription = await storage.save_subscription(uow, new_id(), account_id, facts, offers, seen.read_number)
    order_id = order_id_in(facts.order_reference)
    if order_id is not None:
        await order_storage.complete_order(uow, order_id)
    before = await storage.paid_invoices(uow, subscription.subscription_id)
    for invoice in sorted(facts.paid_invoices, key=lambda each: (each.paid_at or facts.started_at, each.invoice_id)):
        if invoice.invoice_id in before:
            continue
        await storage.note_invoice(uow, subscription.subscription_id, invoice)
        for period in paid_periods(invoice.lines, offers):
            first_grant_at = min(period.starts_at, invoice.paid_at or period.starts_at)
            await storage.note_period(uow, invoice.invoice_id, period, first_grant_at)
        for _ in range(MONTHS_MAX):
            if await grant_next_month(uow, moment, invoice.invoice_id) is None:
                break
    standing = await rejudge(uow, account_id, known, grace, moment)
    if facts.latest_invoice is not None and facts.latest_invoice.failed:
        await _tell_failure(uow, subscription, facts.latest_invoice, standing)
    return "changed" if standing != known.standing else "unchanged"


async def follow_money(
    uow: UnitOfWork, facts: Facts, invoice_id: str, grace: timedelta, reversed_minor: int, reinstated_minor: int
) -> int:
    """Bring credits and plan in line with what was reversed and reinstated of an invoice that was followed.

    Answers by how many credits were taken back (negative: given back).
    """
    account_id, moment = await _account_of(uow, facts), now()
    if account_id is None:
        return 0
    known = await storage.lock_account(uow, account_id)
    difference = await note_reversals(
        uow, invoice_id, reversed_minor=reversed_minor, reinstated_minor=reinstated_minor, moment=moment
    )
    await rejudge(uow, account_id, known, grace, moment)
    return difference


async def rejudge(
    uow: UnitOfWork, account_id: UUID, known: KnownStanding, grace: timedelta, moment: datetime
) -> Standing:
    """The plan that counts for a locked account at this moment, kept, and told where it is news."""
    held = await storage.subscriptions_of(uow.connection, account_id)
    paid = await storage.paid_of_account(uow, account_id)
    ranks = await storage.ranks_of_plans(uow)
    standing = judge([(each, paid.get(each.subscription_id, ())) for each in held], ranks, moment, grace)
    going_on = [each for each in held if each.live]
    if len(going_on) > 1:
        log.error("several_live_subscriptions", account_id=str(account_id), subscriptions=len(going_on))
    news = replace(standing, review_at=None) != replace(known.standing, review_at=None)
    version = known.version + 1 if news else known.version
    if standing != known.standing:
        await storage.save_standing(uow, account_id, standing, version)
    if news:
        _tell(uow, account_id, known.standing, standing, version)
    return standing


async def review_next(uow: UnitOfWork, grace: timedelta, moment: datetime) -> bool:
    """Judge the account anew whose time has come first; False when there is none."""
    account_id = await storage.claim_review(uow, moment)
    if account_id is None:
        return False
    await rejudge(uow, account_id, await storage.lock_account(uow, account_id), grace, moment)
    return True


def _tell(uow: UnitOfWork, account_id: UUID, before: Standing, standing: Standing, version: int) -> None:
    if standing.plan != before.plan:
        uow.emit(AccountChanged(account_id=account_id, plan=standing.plan, previous_plan=before.plan, version=version))
        log.info("account_plan_changed", account_id=str(account_id), plan=standing.plan, before=before.plan)
    if (
        standing.subscription_id is None
        or standing.status is None
        or standing.interval is None
        or standing.period_ends_at is None
    ):
        return
    uow.emit(
        SubscriptionChanged(
            account_id=account_id,
            subscription_id=standing.subscription_id,
            plan=standing.plan,
            status=standing.status,
            interval=standing.interval,
            period_end=standing.period_ends_at,
            next_plan=standing.next_plan or FREE,
            next_interval=standing.next_interval,
            grace_until=standing.grace_ends_at,
            paid_since=standing.paid_since,
            version=version,
        )
    )


async def _tell_failure(uow: UnitOfWork, subscription: Subscription, invoice: Invoice, standing: Standing) -> None:
    await storage.note_invoice(uow, subscription.subscription_id, invoice)
    if not await storage.note_failure(uow, invoice.invoice_id):
        return
    uow.emit(
        SubscriptionPaymentFailed(
            account_id=subscription.account_id,
            subscription_id=subscription.subscription_id,
            invoice=invoice.invoice_id,
            plan=subscription.plan,
            amount_minor=invoice.amount_due_minor,
            currency=invoice.currency,
            grace_until=standing.grace_ends_at,
        )
    )


async def _account_of(uow: UnitOfWork, facts: Facts) -> UUID | None:
    """By the customer, whom we have made for an account; by the order, should we have forgotten them."""
    account_id = await storage.account_of_customer(uow, facts.stripe_customer_id)
    order_id = order_id_in(facts.order_reference)
    if account_id is None and order_id is not None:
        account_id = await order_storage.account_of_order(uow, order_id)
    return account_id


def _prices_of(facts: Facts) -> list[str]:
    lines = [line for invoice in facts.paid_invoices for line in invoice.lines]
    return sorted({facts.price_id, facts.next_price_id, *(line.price_id for line in lines)})
