"""HTTP of what a user proves to be theirs: verify the address, change it, change or reset the password."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from common.errors import DependencyUnavailable, Forbidden, RateLimited, Unauthorized, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from gateway.requests.limited import own_changing
from gateway.sessions.client_address import client_address
from gateway.sessions.views import SessionView
from gateway.users.email_change import EmailChange
from gateway.users.fields import AnyEmail, Email, LinkToken, NewPassword, Password
from gateway.users.password_change import PasswordChange
from gateway.users.password_reset import PasswordReset
from gateway.users.rules import EmailTaken
from gateway.users.verification import Verification

SignedIn = Annotated[Caller, Depends(own_changing)]

_LINK = problem_responses(ValidationFailed, RateLimited)
_WITH_PASSWORD = (Unauthorized, Forbidden, ValidationFailed, RateLimited, DependencyUnavailable)


class FollowLink(BaseModel):
    """The token of a link that was mailed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "atl_link_…"}]})

    token: LinkToken


class RequestPasswordReset(BaseModel):
    """Whose password was forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com"}]})

    email: AnyEmail


class ConfirmPasswordReset(BaseModel):
    """The token of the link, and the new password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "atl_link_…", "password": "correct horse battery"}]}
    )

    token: LinkToken
    password: NewPassword


class ChangePassword(BaseModel):
    """The password one has and the one to have."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"current": "correct horse battery", "new": "wrong horse battery"}]}
    )

    current: Password
    new: NewPassword


class ChangeEmail(BaseModel):
    """The address to have, and the password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.org", "password": "correct horse battery"}]}
    )

    email: Email
    password: Password


@dataclass(frozen=True, slots=True)
class Credentials:
    """The use cases behind the routes."""

    verification: Verification
    password_reset: PasswordReset
    password_change: PasswordChange
    email_change: EmailChange


def build_router(use_cases: Credentials, *, trusted_proxies: int = 0) -> APIRouter:
    """The routes. `trusted_proxies` is how many proxies of ours stand in front (see `client_address`)."""
    router = APIRouter(tags=["users"])
    _add_verification(router, use_cases.verification, trusted_proxies)
    _add_passwords(router, use_cases.password_reset, use_cases.password_change, trusted_proxies)
    _add_email_change(router, use_cases.email_change, trusted_proxies)
    return router


def _add_verification(router: APIRouter, verification: Verification, trusted_proxies: int) -> None:
    @router.post("/v1/users/verification", operation_id="verify_email", status_code=204, responses=_LINK)
    async def verify_email(body: FollowLink, request: Request) -> None:
        """Show that one reads the mail of the address signed up with. The link works once, for 48 hours."""
        await verification.confirm(body.token, client_address(request, trusted_proxies))

    @router.post(
        "/v1/users/verification/request",
        operation_id="request_verification",
        status_code=202,
        response_class=Response,
        responses=problem_responses(Unauthorized, Forbidden, RateLimited),
    )
    async def request_verification(who: SignedIn) -> Response:
        """Have the link mailed again. Nothing is mailed when the address is verified already."""
        await verification.request(who.user_id)
        return Response(status_code=202)


def _add_passwords(
    router: APIRouter, password_reset: PasswordReset, password_change: PasswordChange, trusted_proxies: int
) -> None:
    @router.post(
        "/v1/password-resets",
        operation_id="request_password_reset",
        status_code=202,
        response_class=Response,
        responses=_LINK,
    )
    async def request_password_reset(body: RequestPasswordReset, request: Request) -> Response:
        """Have a link mailed that sets a new password. The answer is the same whether there is an account."""
        await password_reset.request(body.email, client_address(request, trusted_proxies))
        return Response(status_code=202)

    @router.post(
        "/v1/password-resets/confirm",
        operation_id="reset_password",
        status_code=204,
        responses=problem_responses(ValidationFailed, RateLimited, DependencyUnavailable),
    )
    async def reset_password(body: ConfirmPasswordReset, request: Request) -> None:
        """Set a new password. The link works once, for an hour; every session ends, API keys stay."""
        await password_reset.confirm(body.token, body.password, client_address(request, trusted_proxies))

    @router.put("/v1/me/password", operation_id="change_password", responses=problem_responses(*_WITH_PASSWORD))
    async def change_password(body: ChangePassword, who: SignedIn) -> SessionView:
        """Set another password. Every session ends; the answer is a new one. API keys stay."""
        return SessionView.of(await password_change.change(who.user_id, body.current, body.new))


def _add_email_change(router: APIRouter, email_change: EmailChange, trusted_proxies: int) -> None:
    @router.post(
        "/v1/me/email",
        operation_id="request_email_change",
        status_code=202,
        response_class=Response,
        responses=problem_responses(*_WITH_PASSWORD, EmailTaken),
    )
    async def request_email_change(body: ChangeEmail, who: SignedIn) -> Response:
        """Ask for another e-mail address. It counts once the link mailed to it was followed, within 24 hours."""
        await email_change.request(who.user_id, body.email, body.password)
        return Response(status_code=202)

    @router.post(
        "/v1/users/email-change",
        operation_id="confirm_email_change",
        status_code=204,
        responses=problem_responses(ValidationFailed, RateLimited, EmailTaken),
    )
    async def confirm_email_change(body: FollowLink, request: Request) -> None:
        """Follow the link that was mailed to the new address. Sessions stay."""
        await email_change.confirm(body.token, client_address(request, trusted_proxies))
