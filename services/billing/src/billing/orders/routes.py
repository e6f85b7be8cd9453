"""HTTP of orders, for the gateway: take one it has validated and priced, show one to whom it vouches for."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, Field

from billing.orders import storage
from billing.orders.ordering import OrderDesk, OrderRequest
from billing.orders.rules import PLAN, Order, OrderStatus
from common.db.database import Database
from common.errors import Forbidden, NotFound
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, to_text
from common.order_tokens import ORDER_PREFIX

IDEMPOTENCY_KEY_LENGTH_MAX = 255


class OrderProductView(BaseModel):
    """A kind of work that is sold without an account; `price_minor` is in the smallest unit of `currency`."""

    kind: str
    title: str
    price_minor: int
    currency: str


class OrderProductPage(BaseModel):
    """All that can be ordered."""

    items: list[OrderProductView]


class ValidOrder(BaseModel):
    """An order as the gateway passes it on: its input fits the kind, and the price is the kind's."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=100)
    email: str = Field(min_length=3, max_length=254)
    locale: Literal["en", "fr"]
    input: dict[str, Any]
    job_class: str = Field(max_length=50)
    price_credits: int = Field(ge=1, le=1_000_000)
    deadline_seconds: int = Field(ge=1, le=7 * 86_400)


class OrderState(BaseModel):
    """An order as its buyer may see it, for the gateway to show. Amounts in the smallest unit of `currency`."""

    id: str
    job_id: str
    kind: str
    title: str
    price_minor: int
    currency: str
    status: OrderStatus
    refunded_minor: int = Field(description="What of the price has gone back, or is on its way.")
    checkout_url: str | None
    checkout_expires_at: datetime | None
    created_at: datetime
    paid_at: datetime | None
    ended_at: datetime | None


def build_router(database: Database, desk: OrderDesk, identify: Callable[..., Awaitable[Caller]]) -> APIRouter:
    """The routes; `identify` is the dependency that tells for whom the gateway vouches."""
    router = APIRouter(prefix="/v1/orders", tags=["orders"])

    @router.get("/products", operation_id="list_order_products")
    async def list_order_products() -> OrderProductPage:
        """What can be ordered without an account, at which price."""
        async with database.autocommit() as connection:
            products = await storage.products_on_sale(connection)
        return OrderProductPage(
            items=[OrderProductView(**{name: getattr(one, name) for name in one.__slots__}) for one in products]
        )

    @router.post(
        "",
        operation_id="take_order",
        status_code=201,
        responses=problem_responses(
            "UNAUTHORIZED",
            "FORBIDDEN",
            "CONFLICT",
            "VALIDATION_FAILED",
            "IDEMPOTENCY_KEY_REUSED",
            "DEPENDENCY_UNAVAILABLE",
        ),
    )
    async def take_order(
        body: ValidOrder,
        caller: Annotated[Caller, Depends(identify)],
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=IDEMPOTENCY_KEY_LENGTH_MAX)] = None,
    ) -> OrderState:
        """Take an order for the buyer whom the gateway made up for it: the account is the order's own."""
        if caller.plan != PLAN:
            raise Forbidden
        request = OrderRequest(order_id=caller.account_id, idempotency_key=idempotency_key, **body.model_dump())
        return _state(await desk.take(request))

    @router.get("/{order_id}", operation_id="get_order_state", responses=problem_responses("UNAUTHORIZED", "NOT_FOUND"))
    async def get_order_state(order_id: str, caller: Annotated[Caller, Depends(identify)]) -> OrderState:
        """An order, for its buyer."""
        try:
            wanted = from_text(ORDER_PREFIX, order_id)
        except InvalidId:
            raise NotFound from None
        if wanted != caller.account_id:
            raise NotFound
        async with database.autocommit() as connection:
            order = await storage.order_of(connection, wanted)
        if order is None:
            raise NotFound
        return _state(order)

    return router


def _state(order: Order) -> OrderState:
    payable = order.status == "open"
    return OrderState(
        id=order.reference,
        job_id=to_text("job", order.job_id),
        kind=order.kind,
        title=order.title,
        price_minor=order.price_minor,
        currency=order.currency,
        status=order.status,
        refunded_minor=order.refunded_minor,
        checkout_url=order.checkout_url if payable else None,
        checkout_expires_at=order.checkout_expires_at if payable else None,
        created_at=order.created_at,
        paid_at=order.paid_at,
        ended_at=order.ended_at,
    )
