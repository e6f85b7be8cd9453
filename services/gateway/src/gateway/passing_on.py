"""Requests whose answer another service owns: authenticated here, then passed through."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from common.http.identity import Caller
from common.http.passthrough import Passthrough
from gateway.authentication import allowed, caller, signed_in


def build_router(billing: Passthrough, notifier: Passthrough) -> APIRouter:
    """The routes. Their documents in OpenAPI are those of the owners, see `gateway.openapi`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/v1/products")
    async def products(request: Request) -> Response:
        return await billing.forward(request, None)

    @router.get("/v1/credits")
    async def credits(request: Request, who: Annotated[Caller, Depends(allowed("credits:read"))]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/checkout")
    async def checkout(request: Request, who: Annotated[Caller, Depends(signed_in)]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/purchases")
    async def purchases(request: Request, who: Annotated[Caller, Depends(caller)]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/purchases/{purchase_id}")
    async def purchase(purchase_id: str, request: Request, who: Annotated[Caller, Depends(caller)]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/events")
    async def events(request: Request, who: Annotated[Caller, Depends(allowed("events:read"))]) -> Response:
        return await notifier.forward(request, who)

    @router.get("/v1/events/log")
    async def event_log(request: Request, who: Annotated[Caller, Depends(allowed("events:read"))]) -> Response:
        return await notifier.forward(request, who)

    @router.get("/v1/jobs/{job_id}/events")
    async def job_events(
        job_id: str, request: Request, who: Annotated[Caller, Depends(allowed("events:read"))]
    ) -> Response:
        return await notifier.forward(request, who)

    return router
