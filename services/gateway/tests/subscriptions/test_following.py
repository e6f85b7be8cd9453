"""An account's plan follows billing's word: in any order, and at once for tokens and keys that are in use."""

import itertools
from typing import Any
from uuid import UUID

import httpx2

from common.bus.handlers import Handlers
from common.events.subscriptions import AccountChanged
from common.ids import from_text
from gateway.subscriptions.handlers import register

from ..conftest import BuildIdentity, Identity, bearer


def account_of(session: dict[str, Any]) -> UUID:
    return from_text("acc", session["account"]["id"])


async def hear(identity: Identity, account_id: UUID, plan: str, version: int) -> None:
    """The event arrives at a replica."""
    handlers = Handlers()
    register(handlers, identity.authenticator.changed_plans)
    handle = handlers.single(AccountChanged)
    assert handle is not None
    event = AccountChanged(account_id=account_id, plan=plan, previous_plan="free", version=version)
    async with identity.database.unit_of_work() as uow:
        await handle(event, uow)


async def plan_seen(identity: Identity, credentials: str) -> str:
    return (await identity.authenticator.authenticate(bearer(credentials))).plan


async def test_a_token_in_use_has_the_new_plan_at_once(identity: Identity, session: dict[str, Any]) -> None:
    assert await plan_seen(identity, session["access_token"]) == "free"
    await hear(identity, account_of(session), "pro", 1)
    assert await plan_seen(identity, session["access_token"]) == "pro"
    await hear(identity, account_of(session), "free", 2)
    assert await plan_seen(identity, session["access_token"]) == "free"


async def test_a_remembered_key_has_the_new_plan_at_once(
    identity: Identity, client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    made = await client.post("/v1/keys", json={"name": "server"}, headers=bearer(session["access_token"]))
    key = made.json()["secret"]
    assert await plan_seen(identity, key) == "free"
    await hear(identity, account_of(session), "enterprise", 1)
    assert await plan_seen(identity, key) == "enterprise"


async def test_other_replicas_know_by_their_next_look(
    identity: Identity, build_identity: BuildIdentity, session: dict[str, Any]
) -> None:
    other = build_identity()
    await hear(identity, account_of(session), "pro", 1)
    await other.authenticator.changed_plans.load()
    assert await plan_seen(other, session["access_token"]) == "pro"


async def test_the_profile_and_the_next_token_name_the_plan(
    identity: Identity, client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    await hear(identity, account_of(session), "pro", 1)
    shown = await client.get("/v1/me", headers=bearer(session["access_token"]))
    assert shown.json()["account"]["plan"] == "pro"


async def test_the_latest_version_counts_in_whatever_order_they_are_told(
    identity: Identity, client: httpx2.AsyncClient
) -> None:
    changes = [("pro", 1), ("enterprise", 2), ("free", 3)]
    for number, order in enumerate(itertools.permutations(changes)):
        body = {"email": f"order-{number}@example.com", "password": "correct horse battery", "locale": "en"}
        session = (await client.post("/v1/users", json=body)).json()
        for plan, version in (*order, order[0]):
            await hear(identity, account_of(session), plan, version)
        shown = await client.get("/v1/me", headers=bearer(session["access_token"]))
        assert shown.json()["account"]["plan"] == "free", order
        assert await plan_seen(identity, session["access_token"]) == "free"


async def test_word_of_an_account_that_is_gone_harms_nobody(identity: Identity) -> None:
    await hear(identity, UUID(int=7), "pro", 1)
    assert identity.authenticator.changed_plans.plan_of(UUID(int=8), "free") == "free"
