"""Use cases: change the plan of a subscription, let it end with its period, take that back, open the customer portal.

Each asks Stripe with no transaction open, and follows at once what Stripe shows then, without waiting for its events.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.catalogue.plans_storage import plans_on_sale
from billing.catalogue.rules import Interval, sellable_plan
from billing.catalogue.sync import CatalogueSync
from billing.purchases.ports import AttemptSpent, PaymentsRefused, PaymentsUnavailable
from billing.subscriptions import order_storage, storage
from billing.subscriptions.checkout import offered
from billing.subscriptions.following import follow, look
from billing.subscriptions.order_storage import Change, NewChange
from billing.subscriptions.periods import Offer, UnknownPrice
from billing.subscriptions.ports import CustomerMissing, PaymentDeclined, SubscriptionGateway
from billing.subscriptions.rules import Standing, Subscription, effect_of, hash_request
from common.db.database import Database
from common.errors import Conflict, DependencyUnavailable, IdempotencyMismatch, NotFound
from common.ids import new_id, to_text

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 2
DECLINED = "The card was declined, and nothing was changed. Update it in the portal, and try again."


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Which plan is wanted instead."""

    account_id: UUID
    plan: str
    interval: Interval
    idempotency_key: str | None = None


class SubscriptionOffice:
    """Changes subscriptions for their owners. Every method answers with the standing afterwards.

    Each raises `NotFound` where the account has no subscription that goes on, and `DependencyUnavailable` when Stripe
    does not answer; the same request may be sent again then.
    """

    def __init__(
        self, database: Database, gateway: SubscriptionGateway, catalogue: CatalogueSync, grace: timedelta
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._catalogue = catalogue
        self._grace = grace

    async def change(self, request: ChangeRequest) -> Standing:
        """Change to another plan: to a better one now, to a lesser or a shorter one with the next renewal.

        The plan one has takes a change back that is to come.

        Raises:
            ValidationFailed: no such plan.
            Conflict: another change is to come, a payment is outstanding, or the card was declined.
            IdempotencyMismatch: the key was used for another change.
        """
        subscription = await self._live(request.account_id)
        request_hash = hash_request(request.plan, request.interval)
        change = await self._known_change(request)
        if change is None:
            change = await self._wish(request, subscription, request_hash)
        if change.request_hash != request_hash:
            raise IdempotencyMismatch
        if change.status == "declined":
            raise Conflict(DECLINED)
        if change.status == "pending":
            await self._carry_out(change, subscription)
        return await self._follow(subscription)

    async def cancel(self, account_id: UUID) -> Standing:
        """Let the subscription end with its period."""
        return await self._set_cancel(account_id, cancel=True)

    async def resume(self, account_id: UUID) -> Standing:
        """Take a cancellation back, while the period runs."""
        return await self._set_cancel(account_id, cancel=False)

    async def portal(self, account_id: UUID, return_url: str) -> str:
        """The address of the customer portal: cards, invoices, cancellation.

        Raises:
            NotFound: the account was never a customer.
        """
        async with self._database.autocommit() as connection:
            customer = await storage.customer_of(connection, account_id)
        if customer is None:
            raise NotFound("There is nothing to manage before the first subscription.")
        try:
            return await self._gateway.open_portal(customer, return_url, f"portal:{new_id()}")
        except CustomerMissing as error:
            async with self._database.autocommit() as connection:
                await storage.forget_customer(connection, customer)
            raise NotFound("There is nothing to manage before the first subscription.") from error
        except (PaymentsUnavailable, PaymentsRefused) as error:
            raise _unavailable("portal", error) from error

    async def _live(self, account_id: UUID) -> Subscription:
        async with self._database.autocommit() as connection:
            standing = await storage.standing_of(connection, account_id)
            going_on = [each for each in await storage.subscriptions_of(connection, account_id) if each.live]
        if not going_on:
            raise NotFound("There is no subscription.")
        return next((each for each in going_on if each.subscription_id == standing.subscription_id), going_on[0])

    async def _known_change(self, request: ChangeRequest) -> Change | None:
        if request.idempotency_key is None:
            return None
        async with self._database.autocommit() as connection:
            return await order_storage.change_under_key(connection, request.account_id, request.idempotency_key)

    async def _wish(self, request: ChangeRequest, subscription: Subscription, request_hash: str) -> Change:
        if subscription.status != "active":
            raise Conflict("A payment is outstanding; it is settled in the portal.")
        async with self._database.autocommit() as connection:
            plan, price = await offered(connection, request.plan, request.interval)
            current = await self._current(connection, subscription)
        wanted = Offer(plan.plan, request.interval, plan.rank, plan.credits_monthly)
        effect = effect_of(current, wanted)
        if effect == "now" and (subscription.plan, subscription.interval) != (current.plan, current.interval):
            raise Conflict(
                "Another change is to come with the renewal; take that back first, by asking for the present plan."
            )
        try:
            stripe_price_id = await self._catalogue.price_for(sellable_plan(plan, price))
        except (PaymentsUnavailable, PaymentsRefused) as error:
            raise _unavailable("change", error) from error
        return await self._database.transact(
            order_storage.insert_change,
            NewChange(
                change_id=new_id(),
                account_id=request.account_id,
                subscription_id=subscription.subscription_id,
                plan=request.plan,
                billing_interval=request.interval,
                stripe_price_id=stripe_price_id,
                takes_effect=effect,
                idempotency_key=request.idempotency_key,
                request_hash=request_hash,
            ),
        )

    async def _current(self, connection: AsyncConnection, subscription: Subscription) -> Offer:
        """What counts now: a downgrade that is still to come does not."""
        standing = await storage.standing_of(connection, subscription.account_id)
        plan = standing.plan if standing.subscription_id == subscription.subscription_id else subscription.plan
        ranks = {each.plan: each for each in await plans_on_sale(connection)}
        known = ranks.get(plan)
        return Offer(
            plan, subscription.period_interval, known.rank if known else 0, known.credits_monthly if known else 0
        )

    async def _carry_out(self, change: Change, subscription: Subscription) -> None:
        key = f"change:{to_text('chg', change.change_id)}"
        at_once = change.takes_effect == "now"
        try:
            if at_once or change.interval == subscription.period_interval:
                await self._gateway.change_price(
                    subscription.stripe_subscription_id,
                    subscription.stripe_item_id,
                    change.stripe_price_id,
                    at_once=at_once,
                    key=key,
                )
            else:
                await self._gateway.change_at_period_end(
                    subscription.stripe_subscription_id, change.stripe_price_id, change.interval, key
                )
        except (PaymentDeclined, AttemptSpent) as error:
            await self._close(change, "declined")
            log.info("plan_change_declined", subscription_id=subscription.reference, error=str(error)[:200])
            raise Conflict(DECLINED) from error
        except (PaymentsUnavailable, PaymentsRefused) as error:
            raise _unavailable("change", error) from error
        await self._close(change, "done")

    async def _close(self, change: Change, status: str) -> None:
        async with self._database.autocommit() as connection:
            await order_storage.close_change(connection, change.change_id, status)

    async def _set_cancel(self, account_id: UUID, *, cancel: bool) -> Standing:
        subscription = await self._live(account_id)
        key = f"{'cancel' if cancel else 'resume'}:{new_id()}"
        try:
            await self._gateway.cancel_at_period_end(subscription.stripe_subscription_id, cancel=cancel, key=key)
        except (PaymentsUnavailable, PaymentsRefused) as error:
            raise _unavailable("cancel" if cancel else "resume", error) from error
        return await self._follow(subscription)

    async def _follow(self, subscription: Subscription) -> Standing:
        try:
            seen = await look(self._database, self._gateway, subscription.stripe_subscription_id)
        except (PaymentsUnavailable, PaymentsRefused) as error:
            raise _unavailable("look", error) from error
        try:
            await self._database.transact(follow, seen, self._grace)
        except UnknownPrice as error:
            raise _unavailable("follow", error) from error
        async with self._database.autocommit() as connection:
            return await storage.standing_of(connection, subscription.account_id)


def _unavailable(what: str, error: Exception) -> DependencyUnavailable:
    log.warning("subscription_request_failed", what=what, error=str(error)[:200])
    return DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS)
