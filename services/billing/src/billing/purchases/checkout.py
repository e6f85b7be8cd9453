"""Use case: begin a purchase. The order is written first; the vendor is asked with no transaction open."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from billing.catalogue.rules import Product
from billing.catalogue.storage import product_on_sale
from billing.purchases import storage
from billing.purchases.ports import AttemptSpent, CheckoutGateway, PaymentsRefused, PaymentsUnavailable
from billing.purchases.rules import (
    PREFIX,
    Purchase,
    ReturnUrlRefused,
    check_return_url,
    hash_request,
    origin_of,
)
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import Conflict, DependencyUnavailable, IdempotencyMismatch, ValidationFailed
from common.ids import new_id, to_text

log = structlog.get_logger(__name__)

ATTEMPTS_PER_REQUEST_MAX = 2
RETRY_AFTER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """What the buyer asks for. An address left out is a page of ours."""

    account_id: UUID
    product_id: str
    success_url: str | None = None
    cancel_url: str | None = None
    idempotency_key: str | None = None


class CheckoutDesk:
    """Takes orders.

    Args:
        public_url: the base address of our own pages, where buyers return to.
        return_origins: further origins buyers may be sent back to.

    Raises:
        ReturnUrlRefused: one of these is no http(s) address.
    """

    def __init__(
        self,
        database: Database,
        gateway: CheckoutGateway,
        public_url: str,
        return_origins: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._public_url = public_url
        self._origins = frozenset(origin_of(url) for url in (public_url, *return_origins))

    async def open(self, request: CheckoutRequest) -> Purchase:
        """The purchase with its payment page; under one idempotency key always the same, whatever crashed.

        Raises:
            ValidationFailed: no such product, or an address buyers may not be sent to.
            IdempotencyMismatch: the key was used for another order.
            Conflict: the purchase under this key is over and never had a page to show.
            DependencyUnavailable: Stripe does not answer; the same request may be sent again.
        """
        self._check_addresses(request)
        purchase = await self._database.transact(place_order, request, new_id(), self._public_url)
        for _ in range(ATTEMPTS_PER_REQUEST_MAX):
            if purchase.checkout_url is not None:
                return purchase
            if purchase.status not in {"created", "open"}:
                raise Conflict(f"This purchase is {purchase.status}.")
            purchase = await self._ask_for_page(purchase)
        if purchase.checkout_url is None:
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS)
        return purchase

    def _check_addresses(self, request: CheckoutRequest) -> None:
        for name, url in (("success_url", request.success_url), ("cancel_url", request.cancel_url)):
            if url is None:
                continue
            try:
                check_return_url(url, self._origins)
            except ReturnUrlRefused as refusal:
                raise ValidationFailed(
                    [{"pointer": f"/body/{name}", "detail": str(refusal), "code": "url_not_allowed"}]
                ) from None

    async def _ask_for_page(self, purchase: Purchase) -> Purchase:
        """The purchase as it is after one attempt: with a page, or ready for the next attempt."""
        try:
            session = await self._gateway.open_session(purchase, _product_of(purchase).name)
        except AttemptSpent as error:
            log.warning("checkout_attempt_spent", purchase_id=purchase.reference, error=str(error)[:200])
            async with self._database.autocommit() as connection:
                await storage.begin_next_attempt(connection, purchase)
        except PaymentsUnavailable as error:
            log.warning("checkout_unavailable", purchase_id=purchase.reference, error=str(error)[:200])
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error
        except PaymentsRefused as error:
            log.error("checkout_refused", purchase_id=purchase.reference, error=str(error)[:200])  # noqa: TRY400
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error
        else:
            async with self._database.autocommit() as connection:
                await storage.record_session(connection, purchase.purchase_id, session)
        return await self._reload(purchase)

    async def _reload(self, purchase: Purchase) -> Purchase:
        async with self._database.autocommit() as connection:
            found = await storage.purchase_of(connection, purchase.account_id, purchase.purchase_id)
        if found is None:
            raise AssertionError("purchases are never deleted")
        return found


async def place_order(uow: UnitOfWork, request: CheckoutRequest, purchase_id: UUID, public_url: str) -> Purchase:
    """Write the order, or find the one this request or its key made before.

    Raises:
        ValidationFailed: no such product.
        IdempotencyMismatch: the key was used for another order.
    """
    request_hash = hash_request(request.product_id, request.success_url, request.cancel_url)
    known = await _known(uow, request, purchase_id)
    if known is None:
        product = await product_on_sale(uow.connection, request.product_id)
        if product is None:
            raise ValidationFailed(
                [
                    {
                        "pointer": "/body/product_id",
                        "detail": "There is no such product.",
                        "code": "unknown_product",
                    }
                ]
            )
        own_page = f"{public_url}/?purchase={to_text(PREFIX, purchase_id)}"
        order = storage.NewPurchase(
            purchase_id=purchase_id,
            account_id=request.account_id,
            product_id=product.product_id,
            credits=product.credits,
            amount_minor=product.amount_minor,
            currency=product.currency,
            success_url=request.success_url or f"{own_page}&checkout=success",
            cancel_url=request.cancel_url or f"{own_page}&checkout=cancelled",
            idempotency_key=request.idempotency_key,
            request_hash=request_hash,
        )
        await storage.insert_purchase(uow, order)
        known = await _known(uow, request, purchase_id)
    if known is None:
        raise AssertionError("an order that was not inserted must be there")
    if known.request_hash != request_hash:
        raise IdempotencyMismatch
    return known


async def _known(uow: UnitOfWork, request: CheckoutRequest, purchase_id: UUID) -> Purchase | None:
    if request.idempotency_key is not None:
        return await storage.purchase_under_key(uow, request.account_id, request.idempotency_key)
    return await storage.purchase_of(uow.connection, request.account_id, purchase_id)


def _product_of(purchase: Purchase) -> Product:
    return Product(purchase.product_id, purchase.credits, purchase.amount_minor, purchase.currency)
