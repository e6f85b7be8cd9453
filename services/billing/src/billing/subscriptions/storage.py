"""The SQL of subscriptions, their invoices and paid periods, and of the plan that counts for an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.subscriptions.periods import Offer, PaidPeriod
from billing.subscriptions.rules import Facts, Invoice, Paid, Standing, Subscription
from common.db.unit_of_work import UnitOfWork

_COLUMNS = """
    subscription_id, account_id, stripe_subscription_id, stripe_customer_id, stripe_item_id, status, plan,
    billing_interval, period_starts_at, period_ends_at, cancel_at, started_at, ended_at,
    coalesce(period_interval, billing_interval) AS period_interval
"""
_STANDING_COLUMNS = """
    plan, subscription_id, status, billing_interval, period_ends_at, next_plan, next_interval, grace_ends_at, review_at,
    paid_since
"""
_READ_NUMBER = text("SELECT nextval('subscription_reads')")
_OFFERS = text(
    """
    SELECT stripe_price_id, plan, billing_interval, rank, credits_monthly
    FROM stripe_prices JOIN plans USING (plan) WHERE stripe_price_id = ANY(CAST(:price_ids AS text[]))
    """
)
_RANKS = text("SELECT plan, rank FROM plans")
_ACCOUNT_OF_CUSTOMER = text("SELECT account_id FROM stripe_customers WHERE stripe_customer_id = :stripe_customer_id")
_OPEN_ACCOUNT = text("INSERT INTO account_plans (account_id) VALUES (:account_id) ON CONFLICT DO NOTHING")
_LOCK_ACCOUNT = text(
    f"SELECT {_STANDING_COLUMNS}, version FROM account_plans WHERE account_id = :account_id FOR UPDATE"  # noqa: S608
)
_STANDING = text(f"SELECT {_STANDING_COLUMNS} FROM account_plans WHERE account_id = :account_id")  # noqa: S608
_SAVE_STANDING = text(
    """
    UPDATE account_plans
    SET plan = :plan, subscription_id = :subscription_id, status = :status, billing_interval = :interval,
        period_ends_at = :period_ends_at, next_plan = :next_plan, next_interval = :next_interval,
        grace_ends_at = :grace_ends_at, review_at = :review_at, paid_since = :paid_since,
        version = :version, updated_at = now()
    WHERE account_id = :account_id
    """
)
_UPSERT = text(
    """
    INSERT INTO subscriptions AS known (
        subscription_id, account_id, stripe_subscription_id, stripe_customer_id, stripe_item_id, status, plan,
        billing_interval, amount_minor, currency, period_starts_at, period_ends_at, cancel_at, started_at, ended_at,
        period_interval, read_number
    ) VALUES (
        :subscription_id, :account_id, :stripe_subscription_id, :stripe_customer_id, :stripe_item_id, :status, :plan,
        :billing_interval, :amount_minor, :currency, :period_starts_at, :period_ends_at, :cancel_at, :started_at,
        :ended_at, :period_interval, :read_number
    ) ON CONFLICT (stripe_subscription_id) DO UPDATE SET
        stripe_item_id = excluded.stripe_item_id, status = excluded.status, plan = excluded.plan,
        billing_interval = excluded.billing_interval, amount_minor = excluded.amount_minor,
        currency = excluded.currency, period_starts_at = excluded.period_starts_at,
        period_ends_at = excluded.period_ends_at, cancel_at = excluded.cancel_at, ended_at = excluded.ended_at,
        period_interval = excluded.period_interval, read_number = excluded.read_number
    WHERE known.read_number < excluded.read_number
    """
)
_BY_STRIPE_ID = text(
    f"SELECT {_COLUMNS} FROM subscriptions WHERE stripe_subscription_id = :stripe_subscription_id"  # noqa: S608
)
_OF_ACCOUNT = text(
    f"SELECT {_COLUMNS} FROM subscriptions WHERE account_id = :account_id ORDER BY started_at DESC, subscription_id"  # noqa: S608
)
_PAID_OF_ACCOUNT = text(
    """
    SELECT subscription_id, paid_periods.plan, starts_at, ends_at,
           total_minor > 0 AND reversed_minor - reinstated_minor >= total_minor AS reversed
    FROM paid_periods JOIN subscription_invoices USING (stripe_invoice_id) JOIN subscriptions USING (subscription_id)
    WHERE account_id = :account_id
    """
)
_NOTE_INVOICE = text(
    """
    INSERT INTO subscription_invoices AS known (stripe_invoice_id, subscription_id, total_minor, currency, paid)
    VALUES (:stripe_invoice_id, :subscription_id, :total_minor, :currency, :paid)
    ON CONFLICT (stripe_invoice_id) DO UPDATE SET paid = true WHERE excluded.paid AND NOT known.paid
    """
)
_PAID_INVOICES = text(
    "SELECT stripe_invoice_id FROM subscription_invoices WHERE subscription_id = :subscription_id AND paid"
)
_NOTE_PERIOD = text(
    """
    INSERT INTO paid_periods (
        stripe_invoice_id, starts_at, ends_at, plan, credits_first, credits_monthly, next_grant_at
    ) VALUES (
        :stripe_invoice_id, :starts_at, :ends_at, :plan, :credits_first, :credits_monthly, :next_grant_at
    ) ON CONFLICT DO NOTHING
    """
)
_NOTE_FAILURE = text(
    """
    UPDATE subscription_invoices SET failure_told_at = now()
    WHERE stripe_invoice_id = :stripe_invoice_id AND NOT paid AND failure_told_at IS NULL
    """
)
_CUSTOMER_OF_ACCOUNT = text("SELECT stripe_customer_id FROM stripe_customers WHERE account_id = :account_id AND active")
_CUSTOMERS_BEFORE = text("SELECT count(*) FROM stripe_customers WHERE account_id = :account_id")
_ADD_CUSTOMER = text(
    """
    INSERT INTO stripe_customers (stripe_customer_id, account_id) VALUES (:stripe_customer_id, :account_id)
    ON CONFLICT DO NOTHING
    """
)
_FORGET_CUSTOMER = text("UPDATE stripe_customers SET active = false WHERE stripe_customer_id = :stripe_customer_id")
_DUE_REVIEW = text(
    """
    SELECT account_id FROM account_plans WHERE review_at <= :moment
    ORDER BY review_at LIMIT 1 FOR UPDATE SKIP LOCKED
    """
)


@dataclass(frozen=True, slots=True)
class KnownStanding:
    """What was last said of an account's plan."""

    standing: Standing
    version: int


async def draw_read_number(connection: AsyncConnection) -> int:
    """The number of a look at Stripe that is about to begin."""
    return int((await connection.execute(_READ_NUMBER)).scalar_one())


async def offers_of(uow: UnitOfWork, price_ids: Sequence[str]) -> dict[str, Offer]:
    """What prices stand for; those that are not ours are left out."""
    rows = await uow.rows(_OFFERS, {"price_ids": list(price_ids)})
    return {row.stripe_price_id: Offer(row.plan, row.billing_interval, row.rank, row.credits_monthly) for row in rows}


async def ranks_of_plans(uow: UnitOfWork) -> dict[str, int]:
    """The rank of every plan, sold or not."""
    return {row.plan: row.rank for row in await uow.rows(_RANKS)}


async def account_of_customer(uow: UnitOfWork, stripe_customer_id: str) -> UUID | None:
    """Whose customer this is or was; None for a customer of somebody else."""
    row = await uow.first(_ACCOUNT_OF_CUSTOMER, {"stripe_customer_id": stripe_customer_id})
    return row.account_id if row is not None else None


async def lock_account(uow: UnitOfWork, account_id: UUID) -> KnownStanding:
    """What was last said of an account's plan, and nobody else follows its subscriptions until the transaction ends."""
    await uow.execute(_OPEN_ACCOUNT, {"account_id": account_id})
    row = await uow.first(_LOCK_ACCOUNT, {"account_id": account_id})
    if row is None:
        raise AssertionError("a row that was just made is not there")
    values = tuple(row)
    return KnownStanding(Standing(*values[:-1]), values[-1])


async def standing_of(connection: AsyncConnection, account_id: UUID) -> Standing:
    """The plan that counts for an account."""
    row = (await connection.execute(_STANDING, {"account_id": account_id})).first()
    return Standing(*row) if row is not None else Standing()


async def save_standing(uow: UnitOfWork, account_id: UUID, standing: Standing, version: int) -> None:
    """From now on this is the plan that counts."""
    values = {name: getattr(standing, name) for name in Standing.__slots__}
    await uow.execute(_SAVE_STANDING, {**values, "account_id": account_id, "version": version})


async def save_subscription(
    uow: UnitOfWork, subscription_id: UUID, account_id: UUID, facts: Facts, offers: Mapping[str, Offer], number: int
) -> Subscription:
    """Keep what Stripe shows, unless a later look is known; the subscription as it is kept then.

    Args:
        offers: what the prices of the facts stand for.
        number: of the look.
    """
    next_offer = offers[facts.next_price_id]
    named = ("stripe_subscription_id", "stripe_customer_id", "stripe_item_id", "status", "amount_minor", "currency")
    times = ("period_starts_at", "period_ends_at", "cancel_at", "started_at", "ended_at")
    await uow.execute(
        _UPSERT,
        {
            **{name: getattr(facts, name) for name in (*named, *times)},
            "subscription_id": subscription_id,
            "account_id": account_id,
            "plan": next_offer.plan,
            "billing_interval": next_offer.interval,
            "period_interval": offers[facts.price_id].interval,
            "read_number": number,
        },
    )
    row = await uow.first(_BY_STRIPE_ID, {"stripe_subscription_id": facts.stripe_subscription_id})
    if row is None:
        raise AssertionError("a row that was just made is not there")
    return _subscription(row)


async def subscriptions_of(connection: AsyncConnection, account_id: UUID) -> list[Subscription]:
    """All subscriptions an account ever had, the newest first."""
    return [_subscription(row) for row in (await connection.execute(_OF_ACCOUNT, {"account_id": account_id})).all()]


async def paid_of_account(uow: UnitOfWork, account_id: UUID) -> dict[UUID, list[Paid]]:
    """What was paid for each subscription of an account."""
    paid: dict[UUID, list[Paid]] = {}
    for row in await uow.rows(_PAID_OF_ACCOUNT, {"account_id": account_id}):
        paid.setdefault(row.subscription_id, []).append(Paid(row.plan, row.starts_at, row.ends_at, row.reversed))
    return paid


async def note_invoice(uow: UnitOfWork, subscription_id: UUID, invoice: Invoice) -> None:
    """Keep that there is this invoice, and that it is paid once it is."""
    await uow.execute(
        _NOTE_INVOICE,
        {
            "stripe_invoice_id": invoice.invoice_id,
            "subscription_id": subscription_id,
            "total_minor": invoice.total_minor,
            "currency": invoice.currency,
            "paid": invoice.status == "paid",
        },
    )


async def paid_invoices(uow: UnitOfWork, subscription_id: UUID) -> set[str]:
    """The invoices of a subscription that are known to be paid."""
    rows = await uow.rows(_PAID_INVOICES, {"subscription_id": subscription_id})
    return {row.stripe_invoice_id for row in rows}


async def note_period(uow: UnitOfWork, invoice_id: str, period: PaidPeriod, first_grant_at: datetime) -> None:
    """Keep what an invoice has paid for; what is known of it stays as it is."""
    values = {name: getattr(period, name) for name in PaidPeriod.__slots__}
    await uow.execute(_NOTE_PERIOD, {**values, "stripe_invoice_id": invoice_id, "next_grant_at": first_grant_at})


async def note_failure(uow: UnitOfWork, invoice_id: str) -> bool:
    """Keep that the customer is told of a failed invoice; False when they were, or it is paid."""
    return bool((await uow.execute(_NOTE_FAILURE, {"stripe_invoice_id": invoice_id})).rowcount)


async def customer_of(connection: AsyncConnection, account_id: UUID) -> str | None:
    """An account's customer at Stripe."""
    found: str | None = (await connection.execute(_CUSTOMER_OF_ACCOUNT, {"account_id": account_id})).scalar()
    return found


async def customers_before(connection: AsyncConnection, account_id: UUID) -> int:
    """How many customers an account has had."""
    return int((await connection.execute(_CUSTOMERS_BEFORE, {"account_id": account_id})).scalar_one())


async def add_customer(connection: AsyncConnection, account_id: UUID, stripe_customer_id: str) -> None:
    """An account has this customer, unless it has one."""
    await connection.execute(_ADD_CUSTOMER, {"account_id": account_id, "stripe_customer_id": stripe_customer_id})


async def forget_customer(connection: AsyncConnection, stripe_customer_id: str) -> None:
    """Stripe does not know the customer any more; what was theirs stays known."""
    await connection.execute(_FORGET_CUSTOMER, {"stripe_customer_id": stripe_customer_id})


async def claim_review(uow: UnitOfWork, moment: datetime) -> UUID | None:
    """An account whose plan may be another by now, locked until the transaction ends."""
    row = await uow.first(_DUE_REVIEW, {"moment": moment})
    return row.account_id if row is not None else None


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(*tuple(row))
