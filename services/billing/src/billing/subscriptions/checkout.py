"""Use case: begin a subscription. The order is written first; the vendor is asked with no transaction open.

An account has one subscription at a time. A page that was opened before is closed when another is asked for, so that
two tabs do not buy two of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.catalogue.plans_storage import forget_price, plans_on_sale
from billing.catalogue.rules import Interval, Plan, PlanPrice, Sellable, sellable_plan
from billing.catalogue.sync import CatalogueSync
from billing.purchases.ports import AttemptSpent, PaymentsRefused, PaymentsUnavailable
from billing.purchases.rules import ReturnUrlRefused, check_return_url, origin_of
from billing.subscriptions import order_storage, storage
from billing.subscriptions.order_storage import NewOrder
from billing.subscriptions.ports import CustomerMissing, PriceMissing, SubscriptionGateway
from billing.subscriptions.rules import LIVE, ORDER_PREFIX, Order, hash_request
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import Conflict, DependencyUnavailable, IdempotencyMismatch, ValidationFailed
from common.ids import new_id, to_text

log = structlog.get_logger(__name__)

ATTEMPTS_PER_REQUEST_MAX = 3
RETRY_AFTER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class SubscribeRequest:
    """What is asked for. An address left out is a page of ours."""

    account_id: UUID
    plan: str
    interval: Interval
    success_url: str | None = None
    cancel_url: str | None = None
    idempotency_key: str | None = None


class SubscriptionDesk:
    """Takes orders of subscriptions.

    Args:
        public_url: the base address of our own pages, where buyers return to.
        return_origins: further origins buyers may be sent back to.

    Raises:
        ReturnUrlRefused: one of these is no http(s) address.
    """

    def __init__(
        self,
        database: Database,
        gateway: SubscriptionGateway,
        catalogue: CatalogueSync,
        public_url: str,
        return_origins: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._catalogue = catalogue
        self._public_url = public_url
        self._origins = frozenset(origin_of(url) for url in (public_url, *return_origins))

    async def open(self, request: SubscribeRequest) -> Order:
        """The order with its payment page; under one idempotency key always the same, whatever crashed.

        Raises:
            ValidationFailed: no such plan, or an address buyers may not be sent to.
            IdempotencyMismatch: the key was used for another order.
            Conflict: the account has a subscription, or the order under this key is over.
            DependencyUnavailable: Stripe does not answer; the same request may be sent again.
        """
        self.check_addresses(success_url=request.success_url, cancel_url=request.cancel_url)
        order = await self._database.transact(place_order, request, new_id(), self._public_url)
        try:
            for _ in range(ATTEMPTS_PER_REQUEST_MAX):
                if order.checkout_url is not None:
                    return order
                if order.status not in {"created", "open"}:
                    raise Conflict(f"This order is {order.status}.")
                await self._close_other_pages(order)
                order = await self._ask_for_page(order)
        except PaymentsUnavailable as error:
            log.warning("subscription_checkout_unavailable", order_id=order.reference, error=str(error)[:200])
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error
        except PaymentsRefused as error:
            log.error("subscription_checkout_refused", order_id=order.reference, error=str(error)[:200])  # noqa: TRY400
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error
        if order.checkout_url is None:
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS)
        return order

    def check_addresses(self, **urls: str | None) -> None:
        """Whether customers may be sent to these addresses.

        Raises:
            ValidationFailed: to one of them they may not.
        """
        for name, url in urls.items():
            if url is None:
                continue
            try:
                check_return_url(url, self._origins)
            except ReturnUrlRefused as refusal:
                raise ValidationFailed(
                    [{"pointer": f"/body/{name}", "detail": str(refusal), "code": "url_not_allowed"}]
                ) from None

    async def _ask_for_page(self, order: Order) -> Order:
        """The order as it is after one attempt: with a page, or ready for the next attempt."""
        prepared = await self._prepare(order)
        try:
            session = await self._gateway.open_session(prepared)
        except (AttemptSpent, CustomerMissing, PriceMissing) as error:
            log.warning("subscription_checkout_attempt_spent", order_id=order.reference, error=str(error)[:200])
            async with self._database.autocommit() as connection:
                if isinstance(error, CustomerMissing) and prepared.stripe_customer_id is not None:
                    await storage.forget_customer(connection, prepared.stripe_customer_id)
                if isinstance(error, PriceMissing) and prepared.stripe_price_id is not None:
                    await forget_price(connection, prepared.stripe_price_id)
                await order_storage.begin_next_attempt(connection, prepared)
        else:
            async with self._database.autocommit() as connection:
                await order_storage.record_session(connection, order.order_id, session)
        return await self._reload(order)

    async def _prepare(self, order: Order) -> Order:
        """The order with the customer and the price this attempt is for."""
        if order.stripe_customer_id is not None and order.stripe_price_id is not None:
            return order
        customer = await self._customer(order.account_id)
        price = await self._catalogue.price_for(await self._sellable(order))
        async with self._database.autocommit() as connection:
            await order_storage.prepare_attempt(connection, order, customer, price)
        return await self._reload(order)

    async def _sellable(self, order: Order) -> Sellable:
        """What was ordered, at the price of the moment of the order."""
        price = PlanPrice(order.interval, order.amount_minor, order.currency)
        async with self._database.autocommit() as connection:
            plan, current = await offered(connection, order.plan, order.interval)
        if current != price:
            await self._expire(order)
            raise Conflict("The price of this plan has changed; order again.")
        return sellable_plan(plan, price)

    async def _customer(self, account_id: UUID) -> str:
        async with self._database.autocommit() as connection:
            known = await storage.customer_of(connection, account_id)
            generation = await storage.customers_before(connection, account_id)
        if known is not None:
            return known
        made = await self._gateway.create_customer(account_id, generation)
        async with self._database.autocommit() as connection:
            await storage.add_customer(connection, account_id, made)
            return await storage.customer_of(connection, account_id) or made

    async def _close_other_pages(self, order: Order) -> None:
        async with self._database.autocommit() as connection:
            others = await order_storage.others_open(connection, order)
        for other in others:
            if other.stripe_session_id is not None and not await self._gateway.expire_session(other.stripe_session_id):
                raise Conflict("A subscription was paid for a moment ago.")
            await self._expire(other)

    async def _expire(self, order: Order) -> None:
        async with self._database.autocommit() as connection:
            await order_storage.expire_order(connection, order.order_id)

    async def _reload(self, order: Order) -> Order:
        async with self._database.autocommit() as connection:
            found = await order_storage.order_by_id(connection, order.order_id)
        if found is None:
            raise AssertionError("orders are never deleted")
        return found


async def place_order(uow: UnitOfWork, request: SubscribeRequest, order_id: UUID, public_url: str) -> Order:
    """Write the order, or find the one this request or its key made before.

    Raises:
        ValidationFailed: no such plan, or not by this interval.
        IdempotencyMismatch: the key was used for another order.
        Conflict: the account has a subscription.
    """
    request_hash = hash_request(request.plan, request.interval, request.success_url, request.cancel_url)
    known = await _known(uow, request, order_id)
    if known is None:
        _, price = await offered(uow.connection, request.plan, request.interval)
        held = await storage.subscriptions_of(uow.connection, request.account_id)
        if any(each.status in LIVE for each in held):
            raise Conflict("This account has a subscription; change its plan.")
        own_page = f"{public_url}/?subscription={to_text(ORDER_PREFIX, order_id)}"
        order = NewOrder(
            order_id=order_id,
            account_id=request.account_id,
            plan=request.plan,
            billing_interval=request.interval,
            amount_minor=price.amount_minor,
            currency=price.currency,
            success_url=request.success_url or f"{own_page}&checkout=success",
            cancel_url=request.cancel_url or f"{own_page}&checkout=cancelled",
            idempotency_key=request.idempotency_key,
            request_hash=request_hash,
        )
        await order_storage.insert_order(uow, order)
        known = await _known(uow, request, order_id)
    if known is None:
        raise AssertionError("an order that was not inserted must be there")
    if known.request_hash != request_hash:
        raise IdempotencyMismatch
    return known


async def offered(connection: AsyncConnection, plan_id: str, interval: Interval) -> tuple[Plan, PlanPrice]:
    """A plan that is sold, and its price for an interval.

    Raises:
        ValidationFailed: there is no such plan, or it is not sold so.
    """
    for plan in await plans_on_sale(connection):
        price = plan.price(interval)
        if plan.plan == plan_id and price is not None:
            return plan, price
    raise ValidationFailed(
        [{"pointer": "/body/plan", "detail": "There is no such plan for this interval.", "code": "unknown_plan"}]
    )


async def _known(uow: UnitOfWork, request: SubscribeRequest, order_id: UUID) -> Order | None:
    if request.idempotency_key is not None:
        return await order_storage.order_under_key(uow, request.account_id, request.idempotency_key)
    return await order_storage.order_by_id(uow.connection, order_id)
