"""Use cases: the credits a new customer is greeted with, once for each account or once for each verified identity."""

from collections.abc import Sequence
from uuid import UUID

from billing.ledger import storage
from billing.ledger.grants import Grant, post_grants
from common.db.unit_of_work import UnitOfWork
from common.events.accounts import UserRegistered, UserVerified


async def greet_accounts(uow: UnitOfWork, events: Sequence[UserRegistered], credits: int) -> None:
    """Greet everybody who signed up."""
    memo = "credits for a new account"
    await post_grants(uow, [_grant(event.account_id, credits, _registration(event.user_id), memo) for event in events])


async def greet_identities(uow: UnitOfWork, events: Sequence[UserVerified], credits: int) -> None:
    """Greet every identity that was verified for the first time, whichever account it is in now.

    Who was greeted at sign-up, before the greeting waited for verification, is not greeted again.
    """
    registrations = [("promotion", _registration(event.user_id)) for event in events]
    greeted = await storage.granted_references(uow, registrations)
    grants = [
        _grant(event.account_id, credits, f"identity:{event.identity_hash}", "credits for a new customer")
        for event, registration in zip(events, registrations, strict=True)
        if registration not in greeted
    ]
    if grants:
        await post_grants(uow, grants)


def _grant(account_id: UUID, credits: int, reference: str, memo: str) -> Grant:
    return Grant(account_id=account_id, credits=credits, source="promotion", reference=reference, memo=memo)


def _registration(user_id: UUID) -> str:
    return f"sign-up:{user_id}"
