"""HTTP of assets: bring a picture, look at it, list them, let it go."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field

from common.clock import now
from common.db.database import Database
from common.errors import NotFound, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, to_text
from generation.assets import storage
from generation.assets.receiving import FIELD, boundary_of
from generation.assets.rules import ASSET_PREFIX, PICTURE_BYTES_MAX, UNUSED_FOR
from generation.assets.storage import Asset
from generation.assets.uploading import AssetUploads

PATH = "/v1/assets"
BODY_BYTES_MAX = PICTURE_BYTES_MAX + 64 * 1024
"""A picture and the form around it."""
PAGE_DEFAULT = 20
PAGE_MAX = 100
LINK_LASTS = timedelta(hours=1)

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Under one key always the same asset: repeat a request whose answer was lost.",
    ),
]
_BOUNDS = ("QUOTA_EXCEEDED", "TOO_MANY_IN_FLIGHT", "FORBIDDEN", "DEPENDENCY_UNAVAILABLE")
_JUDGED = ("UNSUPPORTED_IMAGE", "PAYLOAD_TOO_LARGE")
_MULTIPART: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {
                            "type": "string",
                            "format": "binary",
                            "description": "JPEG, PNG or WebP, not animated, at most 15 MB and 40 megapixels.",
                        }
                    },
                },
                "encoding": {FIELD: {"contentType": "image/jpeg, image/png, image/webp"}},
            }
        },
    }
}


class AssetView(BaseModel):
    """A picture of the account's, cleaned: upright, sRGB, without metadata."""

    id: str
    media_type: Literal["image/jpeg", "image/png", "image/webp"]
    width: int
    height: int
    size_bytes: int
    sha256: str = Field(description="Of the cleaned file, in hex.")
    created_at: datetime
    expires_at: datetime = Field(description="When it is deleted unless a job uses it before.")


class AssetWithLink(AssetView):
    """A picture, and an address under which anybody who has it can see it for an hour."""

    url: str
    url_expires_at: datetime


class AssetPage(BaseModel):
    """Newest first; `next_cursor` asks for what follows and is null on the last page."""

    items: list[AssetView]
    next_cursor: str | None


class UploadView(BaseModel):
    """Send `fields` and then the picture as `file` to `url` (multipart/form-data) before `expires_at`."""

    id: str
    method: Literal["POST"] = "POST"
    url: str
    fields: dict[str, str]
    file_field: Literal["file"] = "file"
    size_bytes_max: int = PICTURE_BYTES_MAX
    expires_at: datetime


def build_router(database: Database, uploads: AssetUploads, identify: Callable[..., Awaitable[Caller]]) -> APIRouter:
    """The routes; `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["assets"], responses=problem_responses("UNAUTHORIZED"))

    @router.post(
        PATH,
        operation_id="upload_asset",
        status_code=201,
        openapi_extra=_MULTIPART,
        responses={
            200: {"model": AssetWithLink, "description": "An earlier request with this key has brought it."},
            **problem_responses(
                *_BOUNDS, *_JUDGED, "VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED", "OPERATION_IN_PROGRESS"
            ),
        },
    )
    async def upload_asset(
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(identify)],
        idempotency_key: IdempotencyKey = None,
    ) -> AssetWithLink:
        """Bring a picture. It is decoded and written anew; nothing of the file but its pixels is kept."""
        boundary = boundary_of(request.headers.get("content-type"))
        asset, replayed = await uploads.receive(caller, idempotency_key, request.stream(), boundary)
        response.status_code = 200 if replayed else 201
        return _with_link(asset, uploads)

    @router.post(
        f"{PATH}/uploads",
        operation_id="open_asset_upload",
        status_code=201,
        responses=problem_responses(*_BOUNDS, "CONFLICT", "VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED"),
    )
    async def open_asset_upload(
        caller: Annotated[Caller, Depends(identify)], idempotency_key: IdempotencyKey = None
    ) -> UploadView:
        """Permit a browser to upload one picture straight into storage within ten minutes."""
        opened = await uploads.open(caller, idempotency_key)
        return UploadView(
            id=to_text(ASSET_PREFIX, opened.asset_id),
            url=opened.ticket.url,
            fields=opened.ticket.fields,
            expires_at=opened.expires_at,
        )

    @router.post(
        f"{PATH}/uploads/{{upload_id}}/complete",
        operation_id="complete_asset_upload",
        responses=problem_responses("NOT_FOUND", "CONFLICT", "OPERATION_IN_PROGRESS", *_BOUNDS, *_JUDGED),
    )
    async def complete_asset_upload(upload_id: str, caller: Annotated[Caller, Depends(identify)]) -> AssetWithLink:
        """Say that the upload is done: it is fetched, judged and cleaned, and only then an asset of the same id."""
        return _with_link(await uploads.complete(caller, _id(upload_id)), uploads)

    @router.get(f"{PATH}/{{asset_id}}", operation_id="get_asset", responses=problem_responses("NOT_FOUND"))
    async def get_asset(asset_id: str, caller: Annotated[Caller, Depends(identify)]) -> AssetWithLink:
        """One picture of the account's, with a link that lasts an hour."""
        found = await storage.find(database, caller.account_id, _id(asset_id))
        if found is None or found.asset is None:
            raise NotFound
        return _with_link(found.asset, uploads)

    @router.get(PATH, operation_id="list_assets", responses=problem_responses("VALIDATION_FAILED"))
    async def list_assets(
        caller: Annotated[Caller, Depends(identify)],
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
    ) -> AssetPage:
        """The account's pictures, newest first."""
        before = None if cursor is None else _cursor(cursor)
        found = await storage.page(database, caller.account_id, before=before, limit=limit + 1)
        items = [AssetView(**_facts(asset)) for asset in found[:limit]]
        return AssetPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)

    @router.delete(
        f"{PATH}/{{asset_id}}", operation_id="delete_asset", status_code=204, responses=problem_responses("NOT_FOUND")
    )
    async def delete_asset(asset_id: str, caller: Annotated[Caller, Depends(identify)]) -> None:
        """Delete a picture, or give up an upload. Jobs that wait to use it will fail and cost nothing."""
        await uploads.delete(caller.account_id, _id(asset_id))

    return router


def _id(asset_id: str) -> UUID:
    try:
        return from_text(ASSET_PREFIX, asset_id)
    except InvalidId:
        raise NotFound from None


def _cursor(cursor: str) -> UUID:
    try:
        return from_text(ASSET_PREFIX, cursor)
    except InvalidId:
        raise ValidationFailed(
            [{"pointer": "/query/cursor", "detail": "is not a cursor of this list", "code": "invalid"}]
        ) from None


def _facts(asset: Asset) -> dict[str, Any]:
    return {
        "id": to_text(ASSET_PREFIX, asset.asset_id),
        "media_type": asset.media_type,
        "width": asset.width,
        "height": asset.height,
        "size_bytes": asset.size_bytes,
        "sha256": asset.sha256,
        "created_at": asset.created_at,
        "expires_at": asset.used_at + UNUSED_FOR,
    }


def _with_link(asset: Asset, uploads: AssetUploads) -> AssetWithLink:
    expires_at = now() + LINK_LASTS
    return AssetWithLink(**_facts(asset), url=uploads.link(asset, LINK_LASTS), url_expires_at=expires_at)
