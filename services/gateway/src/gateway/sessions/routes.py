"""HTTP of sessions: sign in, refresh, sign out here or everywhere."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.openapi.models import HTTPBearer as BearerModel
from fastapi.security.base import SecurityBase
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from common.errors import DependencyUnavailable, Forbidden, RateLimited, Unauthorized, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from gateway.authentication import bearer_token
from gateway.requests.limited import anonymous, own_changing
from gateway.sessions.client_address import client_address
from gateway.sessions.sign_in import SignIn
from gateway.sessions.views import SessionView
from gateway.users.rules import EMAIL_LENGTH_MAX, PASSWORD_LENGTH_MAX

_REFRESH_TOKEN_LENGTH_MAX = 128


class CreateSession(BaseModel):
    """A sign-in. What no account could have is answered like what no account has."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.com", "password": "correct horse battery"}]}
    )

    email: str = Field(max_length=EMAIL_LENGTH_MAX, json_schema_extra={"format": "email"})
    password: str = Field(max_length=PASSWORD_LENGTH_MAX, json_schema_extra={"format": "password"})


class RefreshSession(BaseModel):
    """The refresh token of the session to go on with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"refresh_token": "atl_refresh_…"}]})

    refresh_token: str = Field(max_length=_REFRESH_TOKEN_LENGTH_MAX)


class RefreshTokenBearer(SecurityBase):
    """A FastAPI dependency: the refresh token in `Authorization: Bearer …`, as it stands."""

    def __init__(self) -> None:
        self.model = BearerModel(description="The refresh token of a session (`atl_refresh_…`).")
        self.scheme_name = "refresh_token"

    async def __call__(self, request: Request) -> str:
        """The token, not looked at yet."""
        return bearer_token(request.headers)


refresh_token_bearer = RefreshTokenBearer()


def build_router(sign_in: SignIn, *, trusted_proxies: int = 0) -> APIRouter:
    """The routes. `trusted_proxies` is how many proxies of ours stand in front (see `client_address`)."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

    @router.post(
        "",
        operation_id="create_session",
        status_code=201,
        responses=problem_responses(Unauthorized, ValidationFailed, RateLimited, DependencyUnavailable),
    )
    async def create_session(body: CreateSession, request: Request) -> SessionView:
        """Sign in. Too many attempts block the e-mail address or the network for a while."""
        address = client_address(request, trusted_proxies)
        return SessionView.of(await sign_in.sign_in(body.email, body.password, address))

    @router.post(
        "/refresh",
        operation_id="refresh_session",
        responses=problem_responses(Unauthorized, ValidationFailed, RateLimited),
        dependencies=[Depends(anonymous)],
    )
    async def refresh_session(body: RefreshSession) -> SessionView:
        """Trade a refresh token for new tokens.

        Each refresh token works once. Presenting one again, even at the same moment, ends the session: sign
        in anew.
        """
        return SessionView.of(await sign_in.refresh(body.refresh_token))

    @router.delete(
        "/current",
        operation_id="delete_session",
        status_code=204,
        responses=problem_responses(Unauthorized, RateLimited),
        dependencies=[Depends(anonymous)],
    )
    async def delete_session(token: Annotated[str, Depends(refresh_token_bearer)]) -> None:
        """Sign out here, with the refresh token in `Authorization`, even after the access token has lapsed.

        The access token lapses by itself, at most a quarter of an hour later.
        """
        await sign_in.sign_out(token)

    @router.delete(
        "",
        operation_id="delete_sessions",
        status_code=204,
        responses=problem_responses(Unauthorized, Forbidden),
    )
    async def delete_sessions(who: Annotated[Caller, Depends(own_changing)]) -> None:
        """Sign out everywhere. API keys stay; access tokens lapse within a quarter of an hour."""
        await sign_in.sign_out_everywhere(who.user_id)

    return router
