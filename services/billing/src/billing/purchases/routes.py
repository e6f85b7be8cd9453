"""HTTP of purchases: begin one, look at one, list them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from billing.purchases import storage
from billing.purchases.checkout import CheckoutDesk, CheckoutRequest
from billing.purchases.rules import PREFIX, RETURN_URL_LENGTH_MAX, Purchase, PurchaseStatus
from common.db.database import Database
from common.errors import NotFound, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text

PAGE_DEFAULT = 20
PAGE_MAX = 100
IDEMPOTENCY_KEY_LENGTH_MAX = 255

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=IDEMPOTENCY_KEY_LENGTH_MAX,
        pattern=r"^[\x21-\x7e]+$",
        description="Under one key always the same purchase: repeat a request whose answer was lost.",
    ),
]


class CheckoutBody(BaseModel):
    """What to buy, and where Stripe sends the buyer afterwards (a page of ours where it is left out)."""

    model_config = ConfigDict(extra="forbid")

    product_id: str = Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    success_url: str | None = Field(None, max_length=RETURN_URL_LENGTH_MAX)
    cancel_url: str | None = Field(None, max_length=RETURN_URL_LENGTH_MAX)


class CheckoutOpened(BaseModel):
    """Send the buyer to `url` before `expires_at`."""

    purchase_id: str
    url: str
    expires_at: datetime


class PurchaseView(BaseModel):
    """A purchase; `amount_minor` is in the smallest unit of `currency`."""

    id: str
    product_id: str
    credits: int
    amount_minor: int
    currency: str
    status: PurchaseStatus
    created_at: datetime
    paid_at: datetime | None


class PurchasePage(BaseModel):
    """Newest first; `next_cursor` asks for what follows and is null on the last page."""

    items: list[PurchaseView]
    next_cursor: str | None


def build_router(database: Database, desk: CheckoutDesk, identify: Callable[..., Awaitable[Caller]]) -> APIRouter:
    """The routes; `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["purchases"], responses=problem_responses("UNAUTHORIZED"))

    @router.post(
        "/v1/checkout",
        operation_id="open_checkout",
        status_code=201,
        responses=problem_responses(
            "CONFLICT", "VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED", "DEPENDENCY_UNAVAILABLE"
        ),
    )
    async def open_checkout(
        body: CheckoutBody,
        caller: Annotated[Caller, Depends(identify)],
        idempotency_key: IdempotencyKey = None,
    ) -> CheckoutOpened:
        """Buy a pack of credits: answers with the address of Stripe's payment page."""
        purchase = await desk.open(
            CheckoutRequest(caller.account_id, body.product_id, body.success_url, body.cancel_url, idempotency_key)
        )
        if purchase.checkout_url is None or purchase.checkout_expires_at is None:
            raise AssertionError("an open purchase has a page")
        return CheckoutOpened(
            purchase_id=purchase.reference, url=purchase.checkout_url, expires_at=purchase.checkout_expires_at
        )

    @router.get("/v1/purchases/{purchase_id}", operation_id="get_purchase", responses=problem_responses("NOT_FOUND"))
    async def get_purchase(purchase_id: str, caller: Annotated[Caller, Depends(identify)]) -> PurchaseView:
        """One purchase of the caller's account."""
        try:
            wanted = from_text(PREFIX, purchase_id)
        except InvalidId:
            raise NotFound from None
        async with database.autocommit() as connection:
            purchase = await storage.purchase_of(connection, caller.account_id, wanted)
        if purchase is None:
            raise NotFound
        return _view(purchase)

    @router.get("/v1/purchases", operation_id="list_purchases", responses=problem_responses("VALIDATION_FAILED"))
    async def list_purchases(
        caller: Annotated[Caller, Depends(identify)],
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
    ) -> PurchasePage:
        """Purchases of the caller's account, newest first."""
        try:
            before = from_text(PREFIX, cursor) if cursor else None
        except InvalidId:
            raise ValidationFailed([{"pointer": "/query/cursor", "detail": "This is not a cursor."}]) from None
        async with database.autocommit() as connection:
            found = await storage.purchases_page(connection, caller.account_id, before, limit + 1)
        shown = found[:limit]
        following = shown[-1].reference if len(found) > limit else None
        return PurchasePage(items=[_view(purchase) for purchase in shown], next_cursor=following)

    return router


def _view(purchase: Purchase) -> PurchaseView:
    return PurchaseView(
        id=purchase.reference,
        product_id=purchase.product_id,
        credits=purchase.credits,
        amount_minor=purchase.amount_minor,
        currency=purchase.currency,
        status=purchase.status,
        created_at=purchase.created_at,
        paid_at=purchase.paid_at,
    )
