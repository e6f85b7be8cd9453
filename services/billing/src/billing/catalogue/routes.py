"""HTTP of the catalogue: the public price lists, kept at hand for some seconds and revalidated by ETag."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from billing.catalogue.plans_storage import plans_on_sale
from billing.catalogue.rules import Interval
from billing.catalogue.storage import products_on_sale
from common.db.database import Database

FRESH_SECONDS = 5.0
CLIENT_FRESH_SECONDS = 60


class ProductView(BaseModel):
    """A pack of credits; `amount_minor` is in the smallest unit of `currency` (499 is 4.99)."""

    id: str
    name: str
    credits: int
    amount_minor: int
    currency: str


class PriceList(BaseModel):
    """Everything for sale, in the order to show it."""

    items: list[ProductView]


class PlanPriceView(BaseModel):
    """What a plan costs, each month or each year, in the smallest unit of `currency`."""

    interval: Interval
    amount_minor: int
    currency: str


class PlanView(BaseModel):
    """A plan; `credits_monthly` are given every month, on yearly plans too, and expire with the month."""

    id: str
    credits_monthly: int
    prices: list[PlanPriceView]


class PlanList(BaseModel):
    """All plans, the least first. The free one has no price."""

    items: list[PlanView]


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    etag: str
    made_at: float


class _Cache:
    """A rendered list, read again when it is older than `FRESH_SECONDS`, by one reader at a time."""

    def __init__(self, read: Callable[[], Awaitable[BaseModel]]) -> None:
        self._read = read
        self._page: _Page | None = None
        self._reading = asyncio.Lock()

    async def answer(self, request: Request) -> Response:
        """The list, or 304 to who has it."""
        page = await self._fresh()
        headers = {"etag": page.etag, "cache-control": f"public, max-age={CLIENT_FRESH_SECONDS}"}
        if _matches(request.headers.get("if-none-match"), page.etag):
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type="application/json", headers=headers)

    async def _fresh(self) -> _Page:
        page = self._page
        if page is not None and time.monotonic() - page.made_at < FRESH_SECONDS:
            return page
        async with self._reading:
            if self._page is None or self._page is page:
                body = (await self._read()).model_dump_json().encode()
                self._page = _Page(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', time.monotonic())
            return self._page


def build_router(database: Database) -> APIRouter:
    """The routes; they need no identity."""
    router = APIRouter(responses={304: {"description": "Unchanged since the ETag in `If-None-Match`."}})

    async def read_products() -> PriceList:
        async with database.autocommit() as connection:
            products = await products_on_sale(connection)
        return PriceList(
            items=[
                ProductView(
                    id=product.product_id,
                    name=product.name,
                    credits=product.credits,
                    amount_minor=product.amount_minor,
                    currency=product.currency,
                )
                for product in products
            ]
        )

    async def read_plans() -> PlanList:
        async with database.autocommit() as connection:
            plans = await plans_on_sale(connection)
        return PlanList(
            items=[
                PlanView(
                    id=plan.plan,
                    credits_monthly=plan.credits_monthly,
                    prices=[
                        PlanPriceView(interval=price.interval, amount_minor=price.amount_minor, currency=price.currency)
                        for price in plan.prices
                    ],
                )
                for plan in plans
            ]
        )

    product_cache, plan_cache = _Cache(read_products), _Cache(read_plans)

    @router.get("/v1/products", operation_id="list_products", tags=["products"], response_model=PriceList)
    async def list_products(request: Request) -> Response:
        """Packs of credits and their prices."""
        return await product_cache.answer(request)

    @router.get("/v1/plans", operation_id="list_plans", tags=["subscriptions"], response_model=PlanList)
    async def list_plans(request: Request) -> Response:
        """Plans, the credits a month they give, and what they cost."""
        return await plan_cache.answer(request)

    return router


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Weak comparison of an `If-None-Match` list (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
