"""The SQL of plans, and of the prices that Stripe has or had for what is sold."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.catalogue.rules import Plan, PlanPrice, Sellable
from common.db.unit_of_work import UnitOfWork

_PLANS = text(
    """
    SELECT plan, rank, credits_monthly, billing_interval, amount_minor, currency
    FROM plans LEFT JOIN plan_prices USING (plan)
    WHERE plans.active AND (plan_prices.active OR billing_interval IS NULL)
    ORDER BY rank, billing_interval
    """
)
_RECORD = text(
    """
    INSERT INTO stripe_prices (stripe_price_id, lookup_key, plan, billing_interval, amount_minor, currency)
    VALUES (:stripe_price_id, :lookup_key, :plan, :billing_interval, :amount_minor, :currency)
    ON CONFLICT (stripe_price_id) DO UPDATE SET active = true
    """
)
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('catalogue'))")
_REPLACE = text(
    """
    UPDATE stripe_prices SET active = false
    WHERE lookup_key = :lookup_key AND active AND stripe_price_id <> :stripe_price_id
    """
)
_ARCHIVE_OTHERS = text(
    """
    UPDATE stripe_prices SET active = false WHERE active AND NOT lookup_key = ANY(CAST(:lookup_keys AS text[]))
    RETURNING stripe_price_id
    """
)
_GENERATION = text("SELECT count(*) FROM stripe_prices WHERE lookup_key = :lookup_key")
_CURRENT = text(
    """
    SELECT stripe_price_id FROM stripe_prices
    WHERE lookup_key = :lookup_key AND active AND amount_minor = :amount_minor AND currency = :currency
    """
)
_FORGET = text("UPDATE stripe_prices SET active = false WHERE stripe_price_id = :stripe_price_id")


async def plans_on_sale(connection: AsyncConnection) -> list[Plan]:
    """All active plans with their active prices, the least first."""
    plans: dict[str, Plan] = {}
    for row in (await connection.execute(_PLANS)).all():
        known = plans.get(row.plan, Plan(row.plan, row.rank, row.credits_monthly, ()))
        price = (
            (PlanPrice(row.billing_interval, row.amount_minor, row.currency),) if row.amount_minor is not None else ()
        )
        plans[row.plan] = Plan(known.plan, known.rank, known.credits_monthly, (*known.prices, *price))
    return [plan for plan in plans.values() if plan.prices or plan.rank == 0]


async def current_price(connection: AsyncConnection, sellable: Sellable) -> str | None:
    """Stripe's price for something at what it costs now, as far as is known here."""
    parameters = {name: getattr(sellable, name) for name in ("lookup_key", "amount_minor", "currency")}
    found: str | None = (await connection.execute(_CURRENT, parameters)).scalar()
    return found


async def generation_of(connection: AsyncConnection, lookup_key: str) -> int:
    """How many prices there were for something before."""
    return int((await connection.execute(_GENERATION, {"lookup_key": lookup_key})).scalar_one())


async def record_price(uow: UnitOfWork, sellable: Sellable, stripe_price_id: str) -> None:
    """Stripe has this price for something; those before it are archived."""
    await uow.execute(_ONE_AT_A_TIME)
    await uow.execute(_REPLACE, {"lookup_key": sellable.lookup_key, "stripe_price_id": stripe_price_id})
    await uow.execute(
        _RECORD,
        {
            "stripe_price_id": stripe_price_id,
            "lookup_key": sellable.lookup_key,
            "plan": sellable.plan,
            "billing_interval": sellable.interval,
            "amount_minor": sellable.amount_minor,
            "currency": sellable.currency,
        },
    )


async def archive_others(uow: UnitOfWork, lookup_keys: Sequence[str]) -> list[str]:
    """Archive the prices of what is sold no more; their ids at Stripe."""
    rows = await uow.rows(_ARCHIVE_OTHERS, {"lookup_keys": list(lookup_keys)})
    return [row.stripe_price_id for row in rows]


async def forget_price(connection: AsyncConnection, stripe_price_id: str) -> None:
    """Stripe does not sell at this price any more."""
    await connection.execute(_FORGET, {"stripe_price_id": stripe_price_id})
