"""HTTP of orders: buy one finished product without an account, and see what becomes of it."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.openapi.models import HTTPBearer as BearerModel
from fastapi.security.base import SecurityBase
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from common.errors import Degraded, FieldError, NotFound, Unauthorized, ValidationFailed
from common.http.conditional import NOT_MODIFIED, IfNoneMatch, conditional
from common.http.identity import Caller
from common.http.passthrough import Passthrough
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, new_id
from common.order_tokens import ORDER_PREFIX, is_order_token, make_order_token, order_link
from gateway.authentication import bearer_token
from gateway.degraded.job_reads import JobReads, ShownJob
from gateway.degraded.marks import marked
from gateway.features.board import FeatureBoard
from gateway.jobs.reading import price_input, read_idempotency_key, read_input
from gateway.kinds.catalogue import KindCatalogue, OfferedKind
from gateway.orders.billing_desk import PLAN, BilledOrder, BillingDesk
from gateway.orders.views import NewOrderView, OrderedFiles, OrderView, state_of
from gateway.requests.limited import anonymous, ordering
from gateway.users.fields import Email

_NOT_PAID = frozenset({"open", "expired"})
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the first order again; with another body 422. Anybody who"
    " knows it, the address and the body is answered so: let it be random.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


class OrderBody(BaseModel):
    """What is ordered, and where the result is mailed."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=100, pattern="^[a-z0-9-]+$", examples=["text-to-design"])
    email: Email
    locale: Literal["en", "fr"] = "en"
    input: dict[str, Any] = Field(
        description="As for a job of this kind.", examples=[{"prompt": "A lighthouse at dusk"}]
    )


class OrderBearer(SecurityBase):
    """A FastAPI dependency: the order's token in `Authorization: Bearer …`, as it stands.

    A header, for addresses end up in logs, histories and referrers; pages have the token in the fragment of theirs.
    """

    def __init__(self) -> None:
        self.model = BearerModel(description="The token of an order (`atl_order_…`).")
        self.scheme_name = "order"

    async def __call__(self, request: Request) -> str:
        """The token, not looked at yet."""
        return bearer_token(request.headers)


order_bearer = OrderBearer()


@dataclass(frozen=True, slots=True)
class OrderParts:
    """What the routes work with. `link_secrets`: the first makes tokens, any of them may have made one."""

    desk: BillingDesk
    catalogue: KindCatalogue
    features: FeatureBoard
    reads: JobReads
    generation: Passthrough
    public_url: str
    link_secrets: tuple[SecretStr, ...]


def build_router(parts: OrderParts) -> APIRouter:
    """The routes of orders."""
    router = APIRouter(prefix="/v1/orders", tags=["orders"])
    _add_ordering(router, parts)
    _add_reading(router, parts)
    return router


def _add_ordering(router: APIRouter, parts: OrderParts) -> None:
    @router.post(
        "",
        status_code=201,
        operation_id="place_order",
        response_model=NewOrderView,
        dependencies=[Depends(ordering)],
        openapi_extra={"parameters": [_KEY]},
        responses=problem_responses(
            "CONFLICT", "VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED", "RATE_LIMITED", "KIND_DISABLED", "DEGRADED",
            "DEPENDENCY_UNAVAILABLE",
        ),
    )  # fmt: skip
    async def place_order(body: OrderBody, request: Request) -> Response:
        """Order a finished product with nothing but an e-mail address: answers with the page to pay it on."""
        key = read_idempotency_key(request.headers)
        parts.features.admit_submission(body.kind)
        valid = _valid(_sold(parts.catalogue, body.kind), body)
        order_id = new_id()
        order = await parts.desk.take(order_id, valid, key)
        return _placed(parts, order, order_id)


def _add_reading(router: APIRouter, parts: OrderParts) -> None:
    @router.get(
        "/{order_id}",
        operation_id="get_order",
        response_model=OrderView,
        dependencies=[Depends(anonymous)],
        responses=problem_responses("UNAUTHORIZED", "NOT_FOUND", "RATE_LIMITED", "DEPENDENCY_UNAVAILABLE")
        | NOT_MODIFIED,
    )
    async def get_order(
        order_id: str, token: Annotated[str, Depends(order_bearer)], if_none_match: IfNoneMatch = None
    ) -> Response:
        """How an order stands, its work, and the result once it is there, for whoever has its token."""
        wanted = _opened(parts, order_id, token)
        order = await parts.desk.state(wanted)
        shown = await _work(parts.reads, wanted, order)
        view = OrderView.of(order, shown.job if shown else None)
        answer = conditional(view.model_dump_json(), if_none_match, state=state_of(view))
        return marked(answer, shown.mark if shown else None)

    @router.get(
        "/{order_id}/artefacts",
        operation_id="list_order_artefacts",
        response_model=OrderedFiles,
        dependencies=[Depends(anonymous)],
        responses=problem_responses("UNAUTHORIZED", "NOT_FOUND", "RATE_LIMITED", "DEPENDENCY_UNAVAILABLE"),
    )
    async def list_order_artefacts(
        order_id: str, request: Request, token: Annotated[str, Depends(order_bearer)]
    ) -> Response:
        """The files of an order's work with fresh addresses: those in its result expire."""
        wanted = _opened(parts, order_id, token)
        order = await parts.desk.state(wanted)
        buyer = Caller(wanted, wanted, PLAN)
        return await parts.generation.forward(request, buyer, path=f"/v1/jobs/{order.job_id}/artefacts")


def _opened(parts: OrderParts, order_id: str, token: str) -> UUID:
    """The order that this token opens.

    Raises:
        NotFound, Unauthorized: there is no such order, or the token is not of it.
    """
    try:
        wanted = from_text(ORDER_PREFIX, order_id)
    except InvalidId:
        raise NotFound from None
    if not is_order_token(parts.link_secrets, wanted, token):
        raise Unauthorized
    return wanted


def _sold(catalogue: KindCatalogue, kind: str) -> OfferedKind:
    try:
        return catalogue.get(kind)
    except NotFound as error:
        raise ValidationFailed([FieldError(pointer="/body/kind", detail=error.detail, code="unknown_kind")]) from None


def _valid(kind: OfferedKind, body: OrderBody) -> dict[str, Any]:
    """The order as billing takes it.

    Raises:
        ValidationFailed: the input does not fit the kind, or the kind is given away and not sold.
    """
    try:
        job_input = read_input(json.dumps(body.input).encode())
        priced = price_input(kind, job_input)
    except ValidationFailed as refusal:
        raise ValidationFailed([_within_input(error) for error in refusal.errors]) from None
    if not priced.price_credits:
        detail = "This costs nothing and is not sold."
        raise ValidationFailed([FieldError(pointer="/body/kind", detail=detail, code="unknown_product")])
    return {
        "kind": kind.name,
        "email": body.email,
        "locale": body.locale,
        "input": job_input,
        "job_class": kind.job_class,
        "price_credits": priced.price_credits,
        "deadline_seconds": int(kind.deadline.total_seconds()),
    }


def _within_input(error: FieldError) -> FieldError:
    return {**error, "pointer": f"/body/input{error['pointer'].removeprefix('/body')}"}


def _placed(parts: OrderParts, order: BilledOrder, asked_id: UUID) -> Response:
    order_id = from_text(ORDER_PREFIX, order.id)
    token = make_order_token(parts.link_secrets, order_id)
    view = NewOrderView.of(order, token, order_link(parts.public_url, parts.link_secrets, order_id))
    headers = {"Location": f"/v1/orders/{order.id}", "Cache-Control": "no-store"}
    if order_id != asked_id:
        headers["Idempotent-Replayed"] = "true"
    return Response(view.model_dump_json(), status_code=201, media_type="application/json", headers=headers)


async def _work(reads: JobReads, order_id: UUID, order: BilledOrder) -> ShownJob | None:
    """The job of an order that was paid; none for the moment between the payment and our hearing of it."""
    if order.status in _NOT_PAID:
        return None
    try:
        return await reads.one(order_id, from_text("job", order.job_id))
    except Degraded:  # the money is known, and that is shown
        return None
