"""Requests whose answer another service owns: authenticated here, then passed through."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from common.http.identity import Caller
from common.http.passthrough import Passthrough
from gateway.degraded.credit_reads import CreditReads
from gateway.requests.limited import anonymous, buying, changing, dashboard, own_changing, reading

UPLOADS_PATH = "/v1/assets"
QUESTIONNAIRES_PATH = "/v1/questionnaires"
UPLOAD_BYTES_MAX = 15 * 1024 * 1024 + 64 * 1024
"""A picture and the form around it; generation says what a picture may be."""
UPLOAD_SECONDS_MAX = 120.0
"""For sending it, which generation gives a minute, and having it cleaned and stored."""


def build_router(
    billing: Passthrough, notifier: Passthrough, generation: Passthrough, credit_reads: CreditReads
) -> APIRouter:
    """The routes. Their documents in OpenAPI are those of the owners, see `gateway.openapi`.

    All are counted. How many event streams and uploads an account has at once is bounded by their owners.
    """
    router = APIRouter(include_in_schema=False)
    _add_credits(router, billing, credit_reads)
    _add_subscription(router, billing)
    _add_purchases(router, billing)
    _add_told(router, notifier)
    _add_artefacts(router, generation)
    _add_assets(router, generation)
    _add_questionnaires(router, generation)
    _add_documents(router, generation)
    return router


def _add_purchases(router: APIRouter, billing: Passthrough) -> None:
    """What is for sale, and what was bought."""

    @router.get("/v1/products", dependencies=[Depends(anonymous)])
    async def products(request: Request) -> Response:
        return await billing.forward(request, None)

    @router.get("/v1/orders/products", dependencies=[Depends(anonymous)])
    async def order_products(request: Request) -> Response:
        return await billing.forward(request, None)

    @router.post("/v1/checkout")
    async def checkout(request: Request, who: Annotated[Caller, Depends(buying)]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/purchases")
    async def purchases(request: Request, who: Annotated[Caller, Depends(dashboard())]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/purchases/{purchase_id}")
    async def purchase(purchase_id: str, request: Request, who: Annotated[Caller, Depends(reading())]) -> Response:
        return await billing.forward(request, who)


def _add_credits(router: APIRouter, billing: Passthrough, credit_reads: CreditReads) -> None:
    """The balance, which is told as last known while billing is away, and what fills it up by itself."""

    @router.get("/v1/credits")
    async def credits(request: Request, who: Annotated[Caller, Depends(dashboard("credits:read"))]) -> Response:
        return await credit_reads.answer(request, who)

    @router.get("/v1/credits/transactions")
    async def transactions(request: Request, who: Annotated[Caller, Depends(dashboard("credits:read"))]) -> Response:
        return await billing.forward(request, who)

    @router.get("/v1/credits/auto-top-up")
    async def auto_top_up(request: Request, who: Annotated[Caller, Depends(dashboard("credits:read"))]) -> Response:
        return await billing.forward(request, who)

    @router.put("/v1/credits/auto-top-up")
    async def set_auto_top_up(request: Request, who: Annotated[Caller, Depends(own_changing)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/credits/auto-top-up/card")
    async def card_page(request: Request, who: Annotated[Caller, Depends(buying)]) -> Response:
        return await billing.forward(request, who)


def _add_subscription(router: APIRouter, billing: Passthrough) -> None:
    """Plans, and the account's own."""

    @router.get("/v1/plans", dependencies=[Depends(anonymous)])
    async def plans(request: Request) -> Response:
        return await billing.forward(request, None)

    @router.get("/v1/subscription")
    async def subscription(request: Request, who: Annotated[Caller, Depends(dashboard())]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/subscription/checkout")
    async def subscribe(request: Request, who: Annotated[Caller, Depends(buying)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/subscription/change")
    async def change_subscription(request: Request, who: Annotated[Caller, Depends(buying)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/subscription/cancel")
    async def cancel_subscription(request: Request, who: Annotated[Caller, Depends(own_changing)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/subscription/resume")
    async def resume_subscription(request: Request, who: Annotated[Caller, Depends(own_changing)]) -> Response:
        return await billing.forward(request, who)

    @router.post("/v1/billing/portal")
    async def billing_portal(request: Request, who: Annotated[Caller, Depends(own_changing)]) -> Response:
        return await billing.forward(request, who)


def _add_told(router: APIRouter, notifier: Passthrough) -> None:
    """What happens, as a stream and as a page."""

    @router.get("/v1/events")
    async def events(request: Request, who: Annotated[Caller, Depends(reading("events:read"))]) -> Response:
        return await notifier.forward(request, who)

    @router.get("/v1/events/log")
    async def event_log(request: Request, who: Annotated[Caller, Depends(reading("events:read"))]) -> Response:
        return await notifier.forward(request, who)

    @router.get("/v1/jobs/{job_id}/events")
    async def job_events(
        job_id: str, request: Request, who: Annotated[Caller, Depends(reading("events:read"))]
    ) -> Response:
        return await notifier.forward(request, who)


def _add_artefacts(router: APIRouter, generation: Passthrough) -> None:
    """What jobs have made."""

    @router.get("/v1/jobs/{job_id}/artefacts")
    async def job_artefacts(
        job_id: str, request: Request, who: Annotated[Caller, Depends(reading("jobs:read"))]
    ) -> Response:
        return await generation.forward(request, who)


def _add_assets(router: APIRouter, generation: Passthrough) -> None:
    """Customers' pictures. Uploads are streamed through; generation bounds how many an account may have."""

    @router.post(UPLOADS_PATH)
    async def upload_asset(request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]) -> Response:
        return await generation.forward(request, who, total_seconds=UPLOAD_SECONDS_MAX)

    @router.get(UPLOADS_PATH)
    async def assets(request: Request, who: Annotated[Caller, Depends(dashboard("jobs:read"))]) -> Response:
        return await generation.forward(request, who)

    @router.post(f"{UPLOADS_PATH}/uploads")
    async def open_upload(request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]) -> Response:
        return await generation.forward(request, who)

    @router.post(f"{UPLOADS_PATH}/uploads/{{upload_id}}/complete")
    async def complete_upload(
        upload_id: str, request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]
    ) -> Response:
        return await generation.forward(request, who, total_seconds=UPLOAD_SECONDS_MAX)

    @router.get(f"{UPLOADS_PATH}/{{asset_id}}")
    async def asset(asset_id: str, request: Request, who: Annotated[Caller, Depends(reading("jobs:read"))]) -> Response:
        return await generation.forward(request, who)

    @router.delete(f"{UPLOADS_PATH}/{{asset_id}}")
    async def delete_asset(
        asset_id: str, request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]
    ) -> Response:
        return await generation.forward(request, who)


def _add_questionnaires(router: APIRouter, generation: Passthrough) -> None:
    """What customers fill in. Changes count like reads: a page may save with every answer."""
    one = f"{QUESTIONNAIRES_PATH}/{{questionnaire_id}}"

    @router.get(f"{QUESTIONNAIRES_PATH}/form", dependencies=[Depends(anonymous)])
    async def questionnaire_form(request: Request) -> Response:
        return await generation.forward(request, None)

    @router.get(QUESTIONNAIRES_PATH)
    async def questionnaires(request: Request, who: Annotated[Caller, Depends(dashboard("jobs:read"))]) -> Response:
        return await generation.forward(request, who)

    @router.post(QUESTIONNAIRES_PATH)
    async def begin_questionnaire(
        request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]
    ) -> Response:
        return await generation.forward(request, who)

    @router.get(one)
    async def questionnaire(
        questionnaire_id: str, request: Request, who: Annotated[Caller, Depends(reading("jobs:read"))]
    ) -> Response:
        return await generation.forward(request, who)

    @router.patch(one)
    async def change_questionnaire(
        questionnaire_id: str, request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]
    ) -> Response:
        return await generation.forward(request, who)

    @router.post(f"{one}/complete")
    async def complete_questionnaire(
        questionnaire_id: str, request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]
    ) -> Response:
        return await generation.forward(request, who)

    @router.delete(one)
    async def delete_questionnaire(
        questionnaire_id: str, request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]
    ) -> Response:
        return await generation.forward(request, who)


def _add_documents(router: APIRouter, generation: Passthrough) -> None:
    """Quotes and invoices, and the page of an invoice for whoever pays it, who is nobody we know."""

    @router.get("/v1/quotes")
    async def quotes(request: Request, who: Annotated[Caller, Depends(dashboard("jobs:read"))]) -> Response:
        return await generation.forward(request, who)

    @router.get("/v1/quotes/{quote_id}")
    async def quote(quote_id: str, request: Request, who: Annotated[Caller, Depends(reading("jobs:read"))]) -> Response:
        return await generation.forward(request, who)

    @router.post("/v1/quotes/{quote_id}/accept")
    async def accept_quote(
        quote_id: str, request: Request, who: Annotated[Caller, Depends(changing("jobs:write"))]
    ) -> Response:
        return await generation.forward(request, who)

    @router.get("/v1/invoices")
    async def invoices(request: Request, who: Annotated[Caller, Depends(dashboard("jobs:read"))]) -> Response:
        return await generation.forward(request, who)

    @router.get("/v1/invoices/{invoice_id}")
    async def invoice(
        invoice_id: str, request: Request, who: Annotated[Caller, Depends(reading("jobs:read"))]
    ) -> Response:
        return await generation.forward(request, who)

    @router.api_route("/pay/{token}", methods=["GET", "HEAD"], dependencies=[Depends(anonymous)])
    async def pay(token: str, request: Request) -> Response:
        return await generation.forward(request, None)
