"""HTTP of the catalogue: the public price list, kept at hand for some seconds and revalidated by ETag."""

import asyncio
import hashlib
import time
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

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


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    etag: str
    made_at: float


class _PriceListCache:
    """The rendered list, read again when it is older than `FRESH_SECONDS`, by one reader at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page: _Page | None = None
        self._reading = asyncio.Lock()

    async def page(self) -> _Page:
        page = self._page
        if page is not None and time.monotonic() - page.made_at < FRESH_SECONDS:
            return page
        async with self._reading:
            if self._page is None or self._page is page:
                self._page = await self._read()
            return self._page

    async def _read(self) -> _Page:
        async with self._database.autocommit() as connection:
            products = await products_on_sale(connection)
        items = [
            ProductView(
                id=product.product_id,
                name=product.name,
                credits=product.credits,
                amount_minor=product.amount_minor,
                currency=product.currency,
            )
            for product in products
        ]
        body = PriceList(items=items).model_dump_json().encode()
        return _Page(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', time.monotonic())


def build_router(database: Database) -> APIRouter:
    """The route; it needs no identity."""
    router = APIRouter(tags=["products"])
    cache = _PriceListCache(database)

    @router.get(
        "/v1/products",
        operation_id="list_products",
        response_model=PriceList,
        responses={304: {"description": "Unchanged since the ETag in `If-None-Match`."}},
    )
    async def list_products(request: Request) -> Response:
        """Packs of credits and their prices."""
        page = await cache.page()
        headers = {"etag": page.etag, "cache-control": f"public, max-age={CLIENT_FRESH_SECONDS}"}
        if _matches(request.headers.get("if-none-match"), page.etag):
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type="application/json", headers=headers)

    return router


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Weak comparison of an `If-None-Match` list (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
