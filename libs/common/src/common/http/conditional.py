"""Owns answers that need not be sent twice: entity tags, and 304 for whoever has the present state (RFC 9110 §13).

Tags are weak: they stand for the state that is shown, not for its bytes. A queued job's estimated times move with the
clock while nothing has happened to it; whoever has seen that state has seen all there is. What is changed by its owner
in numbered revisions has a strong tag, that number, which `If-Match` can name.
"""

import hashlib
import re
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import Response

from common.errors import PreconditionFailed

PRIVATE = "private, no-cache"
"""A browser may keep it for this reader, and asks each time whether it still holds."""

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Not changed since the state that `If-None-Match` names."}
}
"""For `responses=` of an operation that answers so."""

IfMatch = Annotated[
    str | None, Header(description="The `ETag` of the state that is to be changed; `*` is any.", max_length=1000)
]
_REVISION = re.compile(r'"([1-9][0-9]{0,8})"')

IfNoneMatch = Annotated[str | None, Header(description="The `ETag` of an earlier answer.", max_length=1000)]


def conditional(
    body: str,
    if_none_match: str | None,
    *,
    state: str | None = None,
    cache: str = PRIVATE,
    revision: int | None = None,
    status_code: int = 200,
) -> Response:
    """The JSON answer with its tag, or 304 where the client names that tag.

    Args:
        state: what the tag is made of where it is not the body itself.
        cache: `Cache-Control`. A private answer also varies by who asks.
        revision: of what has revisions; the tag is this number, and strong.
    """
    digest = hashlib.blake2b((body if state is None else state).encode(), digest_size=12).hexdigest()
    tag = f'W/"{digest}"' if revision is None else f'"{revision}"'
    digest = digest if revision is None else str(revision)
    headers = {"etag": tag, "cache-control": cache}
    if cache.startswith("private"):
        headers["vary"] = "Authorization"
    if if_none_match is not None and _names(if_none_match, digest):
        return Response(status_code=304, headers=headers)
    return Response(body, status_code, media_type="application/json", headers=headers)


def revisions_in(if_match: str) -> frozenset[int] | None:
    """The revisions that an `If-Match` names; None for `*`, which is any (RFC 9110 §13.1.1: weak tags name none).

    Raises:
        PreconditionFailed: it names nothing that could be the present state.
    """
    if if_match.strip() == "*":
        return None
    tags = (_REVISION.fullmatch(tag.strip()) for tag in if_match.split(","))
    revisions = frozenset(int(tag[1]) for tag in tags if tag is not None)
    if not revisions:
        raise PreconditionFailed
    return revisions


def _names(if_none_match: str, digest: str) -> bool:
    """Whether a list of tags has this one, by weak comparison; `*` is any state."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return f'"{digest}"' in tags or "*" in tags
