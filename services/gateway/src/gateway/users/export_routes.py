"""HTTP of exporting one's data."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import StreamingResponse

from common.errors import Forbidden, RateLimited, Unauthorized
from common.http.identity import Caller
from common.http.problems import problem_responses
from gateway.requests.limited import exporting
from gateway.users.export import Export

_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Profile, sessions, keys (without secrets) and jobs; links to what other parts keep.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


def build_router(export: Export) -> APIRouter:
    """The route."""
    router = APIRouter(tags=["users"])

    @router.get(
        "/v1/me/export",
        operation_id="export_me",
        response_class=StreamingResponse,
        responses={**_DOCUMENT, **problem_responses(Unauthorized, Forbidden, RateLimited)},
    )
    async def export_me(who: Annotated[Caller, Depends(exporting)]) -> StreamingResponse:
        """All that is kept about me and my account, as one JSON document."""
        pieces = await export.open(who.user_id)
        headers = {"content-disposition": 'attachment; filename="atelier-export.json"', "cache-control": "no-store"}
        return StreamingResponse(pieces, media_type="application/json", headers=headers)

    return router
