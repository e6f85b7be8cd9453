"""Use case: take an order. It is written first; the vendor is asked for its page with no transaction open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from pydantic import SecretStr

from billing.orders import storage
from billing.orders.ports import OrderVendor
from billing.orders.rules import PAGE_LIFE_MIN, Order, hash_key, hash_request
from billing.purchases.ports import AttemptSpent, PaymentsRefused, PaymentsUnavailable
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import Conflict, DependencyUnavailable, IdempotencyMismatch, ValidationFailed
from common.ids import new_id
from common.order_tokens import order_link

log = structlog.get_logger(__name__)

ATTEMPTS_PER_REQUEST_MAX = 2
RETRY_AFTER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a buyer asks for, as the gateway has validated and priced it.

    `order_id` is the id of a new order; the same request under the same key is answered with the order it made first.
    """

    order_id: UUID
    kind: str
    email: str
    locale: str
    input: dict[str, Any]
    job_class: str
    price_credits: int
    deadline_seconds: int
    idempotency_key: str | None = None


class OrderDesk:
    """Takes orders.

    Args:
        public_url: the base address of our own pages, where buyers return to.
        link_secrets: what the token in the address of an order's page is made with.
    """

    def __init__(
        self, database: Database, vendor: OrderVendor, public_url: str, link_secrets: Sequence[SecretStr]
    ) -> None:
        self._database = database
        self._vendor = vendor
        self._public_url = public_url
        self._link_secrets = tuple(link_secrets)

    async def take(self, request: OrderRequest) -> Order:
        """The order with its payment page; under one idempotency key always the same, whatever crashed.

        Raises:
            ValidationFailed: this kind of work is not sold without an account.
            IdempotencyMismatch: the key was used for another order.
            Conflict: the order under this key is over and never had a page to show.
            DependencyUnavailable: Stripe does not answer; the same request may be sent again.
        """
        order = await self._database.transact(place_order, request, new_id())
        for _ in range(ATTEMPTS_PER_REQUEST_MAX):
            if order.checkout_url is not None:
                return order
            if order.status != "open" or now() > order.payable_until - PAGE_LIFE_MIN:
                raise Conflict("This order can no longer be paid.")
            order = await self._ask_for_page(order)
        if order.checkout_url is None:
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS)
        return order

    async def _ask_for_page(self, order: Order) -> Order:
        """The order as it is after one attempt: with a page, or ready for the next attempt."""
        page = order_link(self._public_url, self._link_secrets, order.order_id, "checkout=success")
        cancelled = order_link(self._public_url, self._link_secrets, order.order_id, "checkout=cancelled")
        try:
            session = await self._vendor.open_page(order, page, cancelled)
        except AttemptSpent as error:
            log.warning("order_attempt_spent", order_id=order.reference, error=str(error)[:200])
            async with self._database.autocommit() as connection:
                await storage.begin_next_attempt(connection, order)
        except PaymentsUnavailable as error:
            log.warning("order_waits_for_vendor", order_id=order.reference, error=str(error)[:200])
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error
        except PaymentsRefused as error:
            log.error("order_refused", order_id=order.reference, error=str(error)[:200])  # noqa: TRY400
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error
        else:
            async with self._database.autocommit() as connection:
                await storage.record_page(connection, order.order_id, session)
        async with self._database.autocommit() as connection:
            found = await storage.order_of(connection, order.order_id)
        if found is None:
            raise AssertionError("orders are never deleted")
        return found


async def place_order(uow: UnitOfWork, request: OrderRequest, job_id: UUID) -> Order:
    """Write the order, or find the one that this request or its key made before.

    Raises:
        ValidationFailed: this kind of work is not sold without an account.
        IdempotencyMismatch: the key was used for another order.
    """
    request_hash = hash_request(request.kind, request.email, request.locale, request.input)
    key = None if request.idempotency_key is None else hash_key(request.email, request.idempotency_key)
    known = await _known(uow, request.order_id, key)
    if known is None:
        product = await storage.product_of_kind(uow, request.kind)
        if product is None:
            detail = "This cannot be ordered without an account."
            raise ValidationFailed([{"pointer": "/body/kind", "detail": detail, "code": "unknown_product"}])
        new = storage.NewOrder(
            order_id=request.order_id,
            job_id=job_id,
            kind=product.kind,
            title=product.title,
            price_minor=product.price_minor,
            currency=product.currency,
            email=request.email,
            locale=request.locale,
            input=request.input,
            job_class=request.job_class,
            price_credits=request.price_credits,
            deadline_seconds=request.deadline_seconds,
            idempotency_hash=key,
            request_hash=request_hash,
        )
        await storage.insert_order(uow, new)
        known = await _known(uow, request.order_id, key)
    if known is None:
        raise AssertionError("an order that was not inserted must be there")
    if known.request_hash != request_hash:
        raise IdempotencyMismatch
    return known


async def _known(uow: UnitOfWork, order_id: UUID, idempotency_hash: str | None) -> Order | None:
    if idempotency_hash is not None:
        return await storage.order_under_key(uow, idempotency_hash)
    return await storage.order_of(uow.connection, order_id)
