"""Requests whose answer another service owns: authenticated here, then passed through."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from common.http.identity import Caller
from common.http.passthrough import Passthrough
from gateway.authentication import allowed, signed_in
from gateway.degraded.credit_reads import CreditReads
from gateway.requests.limited import LimitedRoute, anonymous, buying, reading


def build_router(billing: Passthrough, notifier: Passthrough, credit_reads: CreditReads) -> APIRouter:
    """The routes. Their documents in OpenAPI are those of the owners, see `gateway.openapi`.

    Reads are counted, event streams are not: the notifier bounds how many an account may have.
    """
    router = APIRouter(include_in_schema=False, route_class=LimitedRoute)

    @router.get("/v1/products", dependencies=[Depends(anonymous)])
    async def products(request: Request) -> Response:
        return await billing.forward(request, None)

    @router.get("/v1/credits")
    async def credits(request: Request, who: Annotated[Caller, Depends(reading("credits:read"))]) -> Response:
        return await credit_reads.answer(request, who)

    @router.get("/v1/credits/transactions")
    async def transactions(request: Request, who: Annotated[Caller, Depends(reading("credits:read"))]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/credits/auto-top-up")
    async def auto_top_up(request: Request, who: Annotated[Caller, Depends(reading("credits:read"))]) -> Response:
        return await billing.forward(request, who)

    @router.put("/v1/credits/auto-top-up")
    async def set_auto_top_up(request: Request, who: Annotated[Caller, Depends(signed_in)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/credits/auto-top-up/card")
    async def card_page(request: Request, who: Annotated[Caller, Depends(buying)]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/orders/products", dependencies=[Depends(anonymous)])
    async def order_products(request: Request) -> Response:
        return await billing.forward(request, None)

    @router.get("/v1/plans", dependencies=[Depends(anonymous)])
    async def plans(request: Request) -> Response:
        return await billing.forward(request, None)

    @router.get("/v1/subscription")
    async def subscription(request: Request, who: Annotated[Caller, Depends(reading())]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/subscription/checkout")
    async def subscribe(request: Request, who: Annotated[Caller, Depends(buying)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/subscription/change")
    async def change_subscription(request: Request, who: Annotated[Caller, Depends(buying)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/subscription/cancel")
    async def cancel_subscription(request: Request, who: Annotated[Caller, Depends(signed_in)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/subscription/resume")
    async def resume_subscription(request: Request, who: Annotated[Caller, Depends(signed_in)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/billing/portal")
    async def billing_portal(request: Request, who: Annotated[Caller, Depends(signed_in)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/checkout")
    async def checkout(request: Request, who: Annotated[Caller, Depends(buying)]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/purchases")
    async def purchases(request: Request, who: Annotated[Caller, Depends(reading())]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/purchases/{purchase_id}")
    async def purchase(purchase_id: str, request: Request, who: Annotated[Caller, Depends(reading())]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/events")
    async def events(request: Request, who: Annotated[Caller, Depends(allowed("events:read"))]) -> Response:
        return await notifier.forward(request, who)

    @router.get("/v1/events/log")
    async def event_log(request: Request, who: Annotated[Caller, Depends(reading("events:read"))]) -> Response:
        return await notifier.forward(request, who)

    @router.get("/v1/jobs/{job_id}/events")
    async def job_events(
        job_id: str, request: Request, who: Annotated[Caller, Depends(allowed("events:read"))]
    ) -> Response:
        return await notifier.forward(request, who)

    return router
