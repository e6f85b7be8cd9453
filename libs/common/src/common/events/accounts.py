"""Facts about people and their accounts. Said by the gateway on the stream `accounts`."""

from typing import ClassVar
from uuid import UUID

from common.events.envelope import Event


class UserRegistered(Event):
    """Somebody signed up; the account is new."""

    type: ClassVar[str] = "user.registered"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    email: str
    locale: str
    plan: str
