"""HTTP of users: sign up, and see who one is."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from common.errors import Degraded, DependencyUnavailable, RateLimited, Unauthorized, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from gateway.requests.limited import dashboard
from gateway.sessions.client_address import client_address
from gateway.sessions.views import SessionView
from gateway.users.fields import Email, NewPassword
from gateway.users.profiles import Profiles
from gateway.users.registration import Registration
from gateway.users.rules import EmailTaken, Locale
from gateway.users.views import ProfileView


class CreateUser(BaseModel):
    """A sign-up."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "ada@example.com", "password": "correct horse battery", "locale": "en"}]
        }
    )

    email: Email
    password: NewPassword
    locale: Locale = "en"


def build_router(
    registration: Registration,
    profiles: Profiles,
    *,
    trusted_proxies: int = 0,
    admit_sign_up: Callable[[], None] = lambda: None,
) -> APIRouter:
    """The routes.

    Args:
        trusted_proxies: how many proxies of ours stand in front (see `client_address`).
        admit_sign_up: raises while sign-up is closed.
    """
    router = APIRouter(tags=["users"])

    @router.post(
        "/v1/users",
        operation_id="create_user",
        status_code=201,
        responses=problem_responses(EmailTaken, ValidationFailed, RateLimited, Degraded, DependencyUnavailable),
    )
    async def create_user(body: CreateUser, request: Request) -> SessionView:
        """Sign up; the new user is signed in at once."""
        admit_sign_up()
        address = client_address(request, trusted_proxies)
        return SessionView.of(await registration.register(body.email, body.password, body.locale, address))

    @router.get("/v1/me", operation_id="get_me", responses=problem_responses(Unauthorized))
    async def get_me(who: Annotated[Caller, Depends(dashboard())]) -> ProfileView:
        """Who I am, my account and its plan."""
        return ProfileView.of(await profiles.get(who.user_id))

    return router
