"""The links that events ask to be mailed, found as the notifier would find them."""

import json
from typing import Any

from sqlalchemy import text

from common.db.database import Database
from common.link_tokens import LinkPurpose, make_token

from ..conftest import LINK_SECRETS

_EVENTS = text(
    """
    SELECT type, body FROM outbox
    WHERE topic = 'accounts' AND lower(body::jsonb->>'email') = lower(:email) ORDER BY event_id
    """
)
_ACCOUNT_EVENTS = text("SELECT type, body FROM outbox WHERE body::jsonb->>'account_id' = :account ORDER BY event_id")
_SEEDED: dict[LinkPurpose, tuple[str, ...]] = {
    "verify": ("user.registered", "user.verification_requested"),
    "reset": ("password.reset_requested",),
    "email": ("email.change_requested",),
}


async def events_of(database: Database, email: str) -> list[tuple[str, dict[str, Any]]]:
    """What was said about an address, oldest first."""
    async with database.autocommit() as connection:
        rows = await connection.execute(_EVENTS, {"email": email})
        return [(row.type, json.loads(row.body)) for row in rows]


async def events_of_account(database: Database, account_id: object) -> list[tuple[str, dict[str, Any]]]:
    """What was said about an account, oldest first."""
    async with database.autocommit() as connection:
        rows = await connection.execute(_ACCOUNT_EVENTS, {"account": str(account_id)})
        return [(row.type, json.loads(row.body)) for row in rows]


async def tokens_of(database: Database, email: str, purpose: LinkPurpose) -> list[str]:
    """The tokens mailed for this purpose, oldest first."""
    return [
        make_token(LINK_SECRETS, purpose, body["seed"])
        for name, body in await events_of(database, email)
        if name in _SEEDED[purpose]
    ]
