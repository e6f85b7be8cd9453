"""How a session looks from outside."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from gateway.sessions.issuing import Session
from gateway.users.views import AccountView, UserView


class SessionView(BaseModel):
    """Who is signed in, with the tokens to go on with."""

    model_config = ConfigDict(title="Session")

    user: UserView
    account: AccountView
    access_token: str = Field(
        description="For `Authorization: Bearer …`.", examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.…"]
    )
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, not a secret
    expires_in_seconds: int = Field(description="How long the access token is valid.", examples=[900])
    refresh_token: str = Field(
        description="For one `POST /v1/sessions/refresh`; it is used up by it.", examples=["atl_refresh_…"]
    )
    refresh_expires_at: datetime

    @classmethod
    def of(cls, session: Session) -> Self:
        """The public side of a session."""
        return cls(
            user=UserView.of(session.profile.user),
            account=AccountView.of(session.profile.account),
            access_token=session.access_token,
            expires_in_seconds=int(session.access_lifetime.total_seconds()),
            refresh_token=session.refresh_token,
            refresh_expires_at=session.refresh_expires_at,
        )
