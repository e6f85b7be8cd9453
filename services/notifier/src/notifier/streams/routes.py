"""The HTTP routes of the event log: two streams and a page."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from common.errors import DependencyUnavailable, NotFound, Unauthorized, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text
from notifier.feed.messages import DrainNotice, EventPage, PositionNotice, ResetNotice
from notifier.feed.storage import JobOwner, LogReader
from notifier.streams.following import DATABASE_ERRORS, StreamLimits, Wanted
from notifier.streams.hub import Hub, TooManyStreams
from notifier.streams.response import EventStreamResponse

T = TypeVar("T")

SEQUENCE_MAX = 2**63 - 1
PAGE_DEFAULT = 100
PAGE_MAX = 500
STREAM_PATHS = ("/v1/events", "/v1/jobs/{job_id}/events")

After = Annotated[int | None, Query(ge=0, le=SEQUENCE_MAX, description="Go on after this event.")]
LastEventId = Annotated[
    int | None,
    Header(
        alias="Last-Event-ID",
        ge=0,
        le=SEQUENCE_MAX,
        description="Sent by browsers on reconnection; wins over `after`.",
    ),
]

_EVENT_OF_A_STREAM: dict[str, Any] = {  # before OpenAPI 3.2 the schema of an event stream is that of one event
    "title": "StreamedEvent",
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "The `sequence`; what is no event has none."},
        "event": {"type": "string", "description": "The `type`, or `job.position`, `reset`, `server-draining`."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": "#/components/schemas/ServerEvent"},
                    ResetNotice.model_json_schema(),
                    DrainNotice.model_json_schema(),
                    PositionNotice.model_json_schema(ref_template="#/components/schemas/{model}"),
                ]
            },
        },
    },
}
_STREAM_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-Sent Events, and comments as heartbeats.",
        "content": {"text/event-stream": {"schema": _EVENT_OF_A_STREAM}},
    },
    **problem_responses(Unauthorized, ValidationFailed, TooManyStreams, DependencyUnavailable),
}


@dataclass(frozen=True, slots=True)
class StreamParts:
    """What the routes work with."""

    hub: Hub
    log_reader: LogReader
    caller: Callable[[Request], Awaitable[Caller]]
    limits: StreamLimits = field(default_factory=StreamLimits)


def build_router(parts: StreamParts) -> APIRouter:
    """The routes over these parts."""
    router = APIRouter(tags=["events"])
    signed_in = Depends(parts.caller)

    @router.get(
        "/v1/events",
        operation_id="followEvents",
        status_code=200,
        response_class=EventStreamResponse,
        responses=_STREAM_RESPONSES,
    )
    async def follow_events(
        caller: Annotated[Caller, signed_in], after: After = None, last_event_id: LastEventId = None
    ) -> Response:
        """Everything that happens to the account, as Server-Sent Events.

        Without a resume point the stream begins with what is new. It ends by itself now and then; reconnect
        with `Last-Event-ID` and nothing is lost.
        """
        wanted = Wanted(caller.account_id, after=after if last_event_id is None else last_event_id)
        return EventStreamResponse(parts.hub, parts.log_reader, wanted, parts.limits)

    @router.get(
        "/v1/jobs/{job_id}/events",
        operation_id="followJob",
        status_code=200,
        response_class=EventStreamResponse,
        responses={
            **_STREAM_RESPONSES,
            204: {"description": "Everything about the job was told before the resume point; do not reconnect."},
            **problem_responses(NotFound),
        },
    )
    async def follow_job(
        job_id: str,
        caller: Annotated[Caller, signed_in],
        after: After = None,
        last_event_id: LastEventId = None,
    ) -> Response:
        """What happens to one job, as Server-Sent Events, from its beginning or after a resume point.

        The stream ends after the event marked `final`: the outcome and what it cost have been told.
        """
        job = _job_id(job_id)
        owner = await _bounded(parts.log_reader.job(job), parts.limits)
        _refuse_foreign(owner, caller)
        closed = None if owner is None else owner.closed_sequence
        resume = after if last_event_id is None else last_event_id
        if closed is not None and resume is not None and resume >= closed:
            return Response(status_code=204)  # EventSource stops reconnecting on 204
        wanted = Wanted(caller.account_id, job, resume, closed)
        return EventStreamResponse(parts.hub, parts.log_reader, wanted, parts.limits)

    @router.get(
        "/v1/events/log",
        operation_id="listEvents",
        response_model=EventPage,
        responses=problem_responses(Unauthorized, ValidationFailed, DependencyUnavailable),
    )
    async def list_events(
        caller: Annotated[Caller, signed_in],
        after: Annotated[int, Query(ge=0, le=SEQUENCE_MAX, description="Events after this one.")] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
    ) -> Response:
        """The same events as a page, for clients that cannot hold a stream open."""
        return await _bounded(_page(parts.log_reader, caller.account_id, after, limit), parts.limits)

    return router


async def _page(log_reader: LogReader, account_id: UUID, after: int, limit: int) -> Response:
    bounds = await log_reader.bounds(account_id)
    events = await log_reader.read(account_id, None, after, limit + 1)
    more = len(events) > limit
    events = events[:limit]
    reset = bounds.missed(after)
    next_after = events[-1].sequence if events else min(after, bounds.last)
    flags = f'"next_after":{next_after},"has_more":{_json(more)},"reset":{_json(reset)}'
    # The bodies are stored as text and go out unparsed, so that they equal the stream's byte for byte.
    body = f'{{"items":[{",".join(event.body for event in events)}],{flags}}}'
    return Response(body, media_type="application/json")


def _json(flag: bool) -> str:
    return "true" if flag else "false"


def _job_id(text: str) -> UUID:
    try:
        return from_text("job", text)
    except InvalidId:
        raise NotFound from None


def _refuse_foreign(owner: JobOwner | None, caller: Caller) -> None:
    """A job of which nothing has arrived yet is let through: one only ever reads one's own events."""
    if owner is not None and owner.account_id != caller.account_id:
        raise NotFound


async def _bounded(work: Awaitable[T], limits: StreamLimits) -> T:
    try:
        async with asyncio.timeout(limits.read_seconds_max):
            return await work
    except DATABASE_ERRORS as error:
        raise DependencyUnavailable(retry_after_seconds=2) from error
