"""HTTP of the status: anybody may read it, and it answers whatever is away."""

from fastapi import APIRouter, Depends, Response

from common.http.problems import problem_responses
from gateway.features.board import FeatureBoard
from gateway.requests.limited import anonymous
from gateway.status.answers import Status, status_of
from gateway.status.board import CACHE_SECONDS, StatusBoard
from gateway.status.queues import QueueWatch


def build_router(board: StatusBoard, queues: QueueWatch, features: FeatureBoard) -> APIRouter:
    """The route of the status."""
    router = APIRouter(tags=["status"])

    @router.get(
        "/v1/status",
        operation_id="get_status",
        response_model=Status,
        responses=problem_responses("RATE_LIMITED"),
        dependencies=[Depends(anonymous)],
    )
    async def get_status() -> Response:
        """What works, what waits, what is switched off, and until when."""
        status = status_of(await board.components(), board.modes(), queues.queues, features.current)
        return Response(
            status.model_dump_json(),
            media_type="application/json",
            headers={"cache-control": f"public, max-age={CACHE_SECONDS:.0f}"},
        )

    return router
