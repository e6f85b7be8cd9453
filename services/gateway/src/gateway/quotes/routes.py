"""HTTP of estimates."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import SecretStr

from common.clock import now
from common.http.identity import Caller
from common.http.problems import problem_responses
from gateway.features.board import FeatureBoard
from gateway.jobs.answers import queue_now
from gateway.jobs.figures import Figures
from gateway.jobs.reading import price_input, read_input
from gateway.kinds.catalogue import KindCatalogue
from gateway.quotes.answers import Estimate, QuoteView
from gateway.quotes.rules import VALID_FOR, Quote
from gateway.quotes.tokens import make_token
from gateway.requests.limited import estimating

_ESTIMATE = problem_responses(
    "UNAUTHORIZED",
    "FORBIDDEN",
    "NOT_FOUND",
    "PAYLOAD_TOO_LARGE",
    "VALIDATION_FAILED",
    "RATE_LIMITED",
    "KIND_DISABLED",
    "DEGRADED",
)


def build_router(
    *, catalogue: KindCatalogue, figures: Figures, features: FeatureBoard, secrets: tuple[SecretStr, ...]
) -> APIRouter:
    """The route of estimates. `secrets`: the first signs quotes."""
    router = APIRouter(tags=["jobs"])

    @router.post("/v1/jobs/{kind}/estimate", operation_id="estimate_job", responses=_ESTIMATE)
    async def estimate_job(
        kind: str, request: Request, caller: Annotated[Caller, Depends(estimating("jobs:write"))]
    ) -> Estimate:
        """What this job would cost and when it would be done, with a quote that binds us for ten minutes."""
        offered = catalogue.get(kind)
        features.admit_submission(kind)
        priced = price_input(offered, read_input(await request.body()))
        quote = Quote(caller.account_id, priced.request_hash, priced.price_credits, now() + VALID_FOR)
        return Estimate(
            kind=kind,
            price=priced.price_credits,
            queue=queue_now(figures.wait(offered.name, offered.job_class)),
            quote=QuoteView(
                token=make_token(secrets, quote),
                price=quote.price_credits,
                expires_at=quote.expires_at.replace(microsecond=0),
            ),
        )

    return router
