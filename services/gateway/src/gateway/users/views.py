"""How users and accounts look from outside."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from common.ids import to_text
from gateway.users.rules import Account, Locale, Profile, User

_USER_EXAMPLE: dict[str, JsonValue] = {
    "id": "usr_01kah9w3tefk2rm9r0zc7d5x5e",
    "email": "ada@example.com",
    "locale": "en",
    "created_at": "2026-11-21T08:00:00Z",
    "verified_at": None,
}
_ACCOUNT_EXAMPLE: dict[str, JsonValue] = {
    "id": "acc_01kah9w3teejxv1yqk5w5b1g7q",
    "plan": "free",
    "created_at": "2026-11-21T08:00:00Z",
}


class UserView(BaseModel):
    """A person who can sign in."""

    model_config = ConfigDict(title="User", json_schema_extra={"examples": [_USER_EXAMPLE]})

    id: str
    email: str
    locale: Locale
    created_at: datetime
    verified_at: datetime | None = Field(description="When the e-mail address was shown to be the user's.")

    @classmethod
    def of(cls, user: User) -> Self:
        """The public side of a user."""
        return cls(
            id=to_text("usr", user.user_id),
            email=user.email,
            locale=user.locale,
            created_at=user.created_at,
            verified_at=user.verified_at,
        )


class AccountView(BaseModel):
    """Who owns the credits, jobs and keys."""

    model_config = ConfigDict(title="Account", json_schema_extra={"examples": [_ACCOUNT_EXAMPLE]})

    id: str
    plan: str = Field(description="Name of the plan whose limits apply.")
    created_at: datetime

    @classmethod
    def of(cls, account: Account) -> Self:
        """The public side of an account."""
        return cls(id=to_text("acc", account.account_id), plan=account.plan, created_at=account.created_at)


class ProfileView(BaseModel):
    """The signed-in user and the account."""

    model_config = ConfigDict(title="Profile")

    user: UserView
    account: AccountView

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """The public side of a profile."""
        return cls(user=UserView.of(profile.user), account=AccountView.of(profile.account))
