"""HTTP of artefacts: what a job has made, with addresses that are signed anew."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from common.errors import NotFound
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text
from generation.artefacts.links import ArtefactLinks, Linked

PATH = "/v1/jobs/{job_id}/artefacts"


class ArtefactView(BaseModel):
    """A file that a job has made. Its `url` works for whoever has it, until `url_expires_at`."""

    id: str = Field(description="As in the job's result.")
    media_type: str
    size_bytes: int
    width: int | None = Field(description="Of a picture, in pixels.")
    height: int | None
    url: str
    url_expires_at: datetime


class ArtefactList(BaseModel):
    """All files of a job, in the order in which its result names them."""

    items: list[ArtefactView]


def build_router(links: ArtefactLinks, identify: Callable[..., Awaitable[Caller]]) -> APIRouter:
    """The route; `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["jobs"], responses=problem_responses("UNAUTHORIZED"))

    @router.get(PATH, operation_id="list_job_artefacts", responses=problem_responses("NOT_FOUND"))
    async def list_job_artefacts(
        job_id: str, response: Response, caller: Annotated[Caller, Depends(identify)]
    ) -> ArtefactList:
        """The files of a job with fresh addresses: those in its result expire. None until the job is over, and
        none once they have been kept as long as the plan says."""
        response.headers["Cache-Control"] = "no-store"
        linked = await links.of_job(caller.account_id, _id(job_id))
        return ArtefactList(items=[_view(one) for one in linked])

    return router


def _id(job_id: str) -> UUID:
    try:
        return from_text("job", job_id)
    except InvalidId:
        raise NotFound from None


def _view(linked: Linked) -> ArtefactView:
    named = linked.named
    return ArtefactView(
        id=named.id,
        media_type=named.media_type,
        size_bytes=named.size_bytes,
        width=named.width or None,
        height=named.height or None,
        url=linked.link.url,
        url_expires_at=linked.link.expires_at,
    )
