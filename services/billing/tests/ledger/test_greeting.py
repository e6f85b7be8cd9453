"""Greeting by verified identity: once each, whatever account it turns up in, and not on top of a sign-up's."""

from uuid import UUID

import pytest

from billing.ledger.handlers import register
from billing.ledger.views import credits_of
from billing.settings import BillingSettings
from common.bus.handlers import Handlers, Received
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.accounts import UserRegistered, UserVerified
from common.ids import new_id


def registered(account_id: UUID, user_id: UUID) -> UserRegistered:
    return UserRegistered(account_id=account_id, user_id=user_id, email="a@b.c", locale="en", plan="free")


def verified(account_id: UUID, identity: str, user_id: UUID | None = None) -> UserVerified:
    return UserVerified(account_id=account_id, user_id=user_id or new_id(), identity_hash=identity)


async def deliver(database: Database, grant_on: str, *events: UserRegistered | UserVerified) -> None:
    handlers = Handlers()
    register(handlers, 10, grant_on=grant_on)  # type: ignore[arg-type]

    async def apply(uow: UnitOfWork) -> None:
        for event in events:
            handler = handlers.batch(type(event))
            if handler is not None:
                await handler([Received(event, None)], uow)

    await database.transact(apply)


async def available(database: Database, account_id: UUID) -> int:
    return (await credits_of(database, account_id)).available


async def test_verification_greets_where_it_is_switched_to(database: Database) -> None:
    account_id, user_id, identity = new_id(), new_id(), new_id().hex
    events = (registered(account_id, user_id), verified(account_id, identity, user_id))

    await deliver(database, "verification", *events)

    assert await available(database, account_id) == 10


async def test_registration_greets_alone_where_it_is_not(database: Database) -> None:
    account_id, user_id = new_id(), new_id()

    await deliver(database, "registration", registered(account_id, user_id), verified(account_id, "x", user_id))

    assert await available(database, account_id) == 10


async def test_one_identity_is_greeted_once_across_accounts(database: Database) -> None:
    first, second, identity = new_id(), new_id(), new_id().hex

    for _ in range(2):
        await deliver(database, "verification", verified(first, identity), verified(second, identity))

    assert (await available(database, first), await available(database, second)) == (10, 0)


async def test_who_was_greeted_at_sign_up_is_not_greeted_again_after_the_switch(database: Database) -> None:
    account_id, user_id = new_id(), new_id()
    await deliver(database, "registration", registered(account_id, user_id))

    await deliver(database, "verification", verified(account_id, new_id().hex, user_id))

    assert await available(database, account_id) == 10


@pytest.mark.parametrize(
    ("environment", "chosen", "greets_on"),
    [
        ("production", None, "verification"),
        ("development", None, "registration"),
        ("production", "registration", "registration"),
    ],
)
def test_production_greets_the_verified_alone_unless_told_otherwise(
    environment: str, chosen: str | None, greets_on: str
) -> None:
    settings = BillingSettings.model_construct(environment=environment, sign_up_grant=chosen)
    assert settings.greets_on == greets_on
