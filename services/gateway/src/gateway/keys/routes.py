"""HTTP of API keys. A key cannot make or revoke keys: that takes a session."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from common import clock
from common.errors import Forbidden, NotFound, Unauthorized, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, to_text
from gateway.keys.manage import Keys
from gateway.keys.rules import (
    LIVE_KEYS_MAX,
    NAME_LENGTH_MAX,
    OVERLAP_SECONDS_MAX,
    REPLACED_KEYS_MAX,
    SCOPES,
    ApiKey,
    KeyReplaced,
    Scope,
    TooManyKeys,
)
from gateway.requests.limited import own_changing, own_dashboard


def _printable(name: str) -> str:
    name = name.strip()
    if not name or not name.isprintable():
        raise ValueError("A name has visible characters only, and at least one.")
    return name


def _in_future(moment: datetime) -> datetime:
    if moment <= clock.now():
        raise ValueError("The key would have expired already.")
    return moment


class CreateKey(BaseModel):
    """What the key is for and what it may do; without scopes it may do all that keys can."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "build server", "scopes": ["jobs:read", "jobs:write"]}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX), AfterValidator(_printable)]
    scopes: list[Scope] = Field(default=list(SCOPES), min_length=1, max_length=len(SCOPES))
    expires_at: Annotated[AwareDatetime, AfterValidator(_in_future)] | None = None


class RotateKey(BaseModel):
    """For how long the old secret goes on working beside the new one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap_seconds": 86400}]})

    overlap_seconds: int = Field(
        default=0,
        ge=0,
        le=OVERLAP_SECONDS_MAX,
        strict=True,
        description="At most seven days; 0 ends the old secret at once.",
    )


class KeyView(BaseModel):
    """An API key, without its secret."""

    model_config = ConfigDict(title="Key")

    id: str = Field(examples=["key_01kah9w3tefk2rm9r0zc7d5x5e"])
    name: str
    hint: str = Field(description="How the secret begins.", examples=["atl_live_3kPq…"])
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None = Field(description="About a minute behind.")
    expires_at: datetime | None
    replaced_by: str | None = Field(description="The key it was rotated to; it works until it expires.")

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """The public side of a key."""
        return cls(**_members(key))


class NewKeyView(KeyView):
    """A new API key; its secret is shown this once."""

    model_config = ConfigDict(title="NewKey")

    secret: str = Field(description="For `Authorization: Bearer …`. Store it now: it is shown this once.")

    @classmethod
    def with_secret(cls, key: ApiKey, secret: str) -> Self:
        """The public side of a key that was just made."""
        return cls(**_members(key), secret=secret)


class KeyList(BaseModel):
    """An account's live keys, the newest first; there are few, so there are no pages."""

    items: list[KeyView] = Field(max_length=LIVE_KEYS_MAX + REPLACED_KEYS_MAX)


def build_router(keys: Keys) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/keys", tags=["keys"])

    @router.post(
        "",
        operation_id="create_key",
        status_code=201,
        responses=problem_responses(Unauthorized, Forbidden, TooManyKeys, ValidationFailed),
    )
    async def create_key(body: CreateKey, who: Annotated[Caller, Depends(own_changing)]) -> NewKeyView:
        """Make an API key. Its secret is in this answer and nowhere else."""
        scopes = sorted(set(body.scopes))
        key, secret = await keys.create(who.account_id, who.user_id, body.name, scopes, body.expires_at)
        return NewKeyView.with_secret(key, secret)

    @router.get("", operation_id="list_keys", responses=problem_responses(Unauthorized, Forbidden))
    async def list_keys(who: Annotated[Caller, Depends(own_dashboard)]) -> KeyList:
        """The account's live keys."""
        return KeyList(items=[KeyView.of(key) for key in await keys.list(who.account_id)])

    @router.delete(
        "/{key_id}",
        operation_id="delete_key",
        status_code=204,
        responses=problem_responses(Unauthorized, Forbidden, NotFound),
    )
    async def delete_key(key_id: str, who: Annotated[Caller, Depends(own_changing)]) -> None:
        """Revoke a key. It stops working at once."""
        await keys.revoke(who.account_id, _key_id(key_id))

    @router.post(
        "/{key_id}/rotate",
        operation_id="rotate_key",
        status_code=201,
        responses=problem_responses(Unauthorized, Forbidden, NotFound, KeyReplaced, ValidationFailed),
    )
    async def rotate_key(key_id: str, body: RotateKey, who: Annotated[Caller, Depends(own_changing)]) -> NewKeyView:
        """Give a key a successor with another secret. The old secret works until the overlap ends."""
        key, secret = await keys.rotate(who.account_id, who.user_id, _key_id(key_id), body.overlap_seconds)
        return NewKeyView.with_secret(key, secret)

    return router


def _key_id(text: str) -> UUID:
    try:
        return from_text("key", text)
    except InvalidId:
        raise NotFound from None


def _members(key: ApiKey) -> dict[str, object]:
    return {
        "id": to_text("key", key.key_id),
        "name": key.name,
        "hint": key.hint,
        "scopes": list(key.scopes),
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "replaced_by": to_text("key", key.replaced_by) if key.replaced_by is not None else None,
    }
