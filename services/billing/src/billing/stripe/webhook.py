"""HTTP of Stripe's webhook: verify the raw bytes, store the event, answer; the row is the work to do."""

from collections.abc import Callable

import structlog
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from billing.stripe.handling import HANDLED_TYPES, label_of
from billing.stripe.metrics import stripe_events
from billing.stripe.signature import NotForUs, NotFromStripe, StripeEvent, WebhookVerifier
from billing.stripe.storage import store_event
from common.db.database import Database, is_transient
from common.errors import DependencyUnavailable, PayloadTooLarge
from common.telemetry.tracing import traceparent

log = structlog.get_logger(__name__)

PATH = "/webhooks/stripe"
BODY_BYTES_MAX = 512 * 1024
RETRY_AFTER_SECONDS = 5


def build_router(database: Database, verifier: WebhookVerifier, wake: Callable[[], None]) -> APIRouter:
    """The route. `wake` tells the inbox worker of this process that there is something to do."""
    router = APIRouter(include_in_schema=False)

    @router.post(PATH)
    async def receive(request: Request) -> Response:
        """One delivery of one event; without a 2xx Stripe delivers it again, for up to three days."""
        body = await _bounded_body(request)
        try:
            event = verifier.verify(body, request.headers.get("stripe-signature"))
        except NotFromStripe as refusal:
            stripe_events.labels("unknown", "refused").inc()
            log.warning("stripe_delivery_refused", reason=str(refusal))
            raise HTTPException(400, "This is not a delivery of Stripe's.") from None
        except NotForUs as refusal:
            # Refused, not passed over: Stripe shows failing deliveries to whoever set the endpoint up like this.
            stripe_events.labels(label_of(refusal.event_type), refusal.outcome).inc()
            log.warning("stripe_delivery_not_for_us", type=refusal.event_type, reason=refusal.outcome)
            raise HTTPException(400, "This event is not about this account's payments.") from None
        await _store(database, event, body)
        wake()
        return Response(status_code=200)

    return router


async def _bounded_body(request: Request) -> bytes:
    pieces: list[bytes] = []
    length = 0
    async for piece in request.stream():
        length += len(piece)
        if length > BODY_BYTES_MAX:
            raise PayloadTooLarge
        pieces.append(piece)
    return b"".join(pieces)


async def _store(database: Database, event: StripeEvent, body: bytes) -> None:
    to_do = event.type in HANDLED_TYPES
    try:
        async with database.autocommit() as connection:
            fresh = await store_event(connection, event, body, to_do=to_do, traceparent=traceparent())
    except Exception as error:
        if not is_transient(error):
            raise
        raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error
    outcome = "duplicate" if not fresh else "stored" if to_do else "ignored"
    stripe_events.labels(label_of(event.type), outcome).inc()
    log.info("stripe_event_received", event_id=event.id, type=event.type, outcome=outcome)
