"""The gateway's identity on real parts, and a client that talks to it without a socket."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text

from common.db.database import Database
from common.http.app import create_app
from common.settings import CommonSettings
from gateway.authentication import Authenticator
from gateway.deletion import routes as deletion_routes
from gateway.deletion.requesting import Deletions
from gateway.features.board import FeatureBoard
from gateway.keys import routes as keys_routes
from gateway.keys.manage import Keys
from gateway.requests.limits import RequestLimits
from gateway.requests.rules import RULES as REQUEST_RULES
from gateway.requests.rules import Policy, RequestRule
from gateway.sessions import routes as sessions_routes
from gateway.sessions.attempt_rules import AttemptRule, AttemptRules
from gateway.sessions.attempts import AttemptLimits
from gateway.sessions.issuing import SessionIssuer
from gateway.sessions.sign_in import SignIn
from gateway.users import credential_routes, export_routes
from gateway.users import routes as users_routes
from gateway.users.email_change import EmailChange
from gateway.users.export import Export
from gateway.users.password_change import PasswordChange
from gateway.users.password_check import PasswordCheck
from gateway.users.password_reset import PasswordReset
from gateway.users.passwords import HashingCost, Passwords
from gateway.users.profiles import Profiles
from gateway.users.registration import Registration
from gateway.users.verification import Verification

SECRETS = (SecretStr("an access token secret of the tests, long enough"),)
LINK_SECRETS = (SecretStr("a secret of links of the tests, long enough for it"),)
PASSWORD = "correct horse battery"
RULES = AttemptRules(sign_up=AttemptRule(per_minute=1000, per_hour=1000))


@dataclass
class Identity:
    """The parts as the gateway puts them together."""

    app: FastAPI
    database: Database
    passwords: Passwords
    limits: AttemptLimits
    issuer: SessionIssuer
    sign_in: SignIn
    authenticator: Authenticator

    def client(self, address: str = "127.0.0.1", **headers: str) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 40_000))
        return httpx2.AsyncClient(transport=transport, base_url="http://gateway", headers=headers, timeout=20)


BuildIdentity = Callable[..., Identity]


@pytest_asyncio.fixture(scope="session")
async def database_url(session_databases: Any) -> str:
    return str(await session_databases.migrated("gateway"))


@pytest_asyncio.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, application="tests", pool_size=10)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def no_attempts(database: Database) -> None:
    """Nobody has tried anything yet."""
    async with database.autocommit() as connection:
        await connection.execute(text("DELETE FROM attempts"))


@pytest.fixture
def build_identity(database: Database, redis: Redis, passwords: Passwords, no_attempts: None) -> BuildIdentity:
    """Makes further replicas, or ones with other rules or another Redis."""

    def build(
        *,
        rules: AttemptRules = RULES,
        trusted_proxies: int = 0,
        using: Redis | None = None,
        on: Database | None = None,
        hashing: Passwords | None = None,
        answer_seconds: float = 0.0,
        request_rules: Mapping[Policy, RequestRule] = {},
    ) -> Identity:
        client, storage, hasher = using or redis, on or database, hashing or passwords
        limits = AttemptLimits(storage, rules)
        issuer = SessionIssuer(SECRETS)
        sign_in = SignIn(storage, hasher, limits, issuer)
        authenticator = Authenticator(storage, client, SECRETS)
        registration = Registration(storage, hasher, limits, issuer)
        check = PasswordCheck(storage, hasher, limits)
        use_cases = credential_routes.Credentials(
            verification=Verification(storage, limits, LINK_SECRETS),
            password_reset=PasswordReset(storage, hasher, limits, LINK_SECRETS, answer_seconds=answer_seconds),
            password_change=PasswordChange(storage, hasher, check, issuer),
            email_change=EmailChange(storage, check, limits, LINK_SECRETS),
        )
        routers = [
            credential_routes.build_router(use_cases, trusted_proxies=trusted_proxies),
            users_routes.build_router(registration, Profiles(storage), trusted_proxies=trusted_proxies),
            sessions_routes.build_router(sign_in, trusted_proxies=trusted_proxies),
            keys_routes.build_router(Keys(storage, authenticator.revocations)),
            deletion_routes.build_router(
                Deletions(storage, check, authenticator.revocations, authenticator.closed_accounts)
            ),
            export_routes.build_router(Export(storage, "https://studio.example")),
        ]
        app = create_app(
            service="gateway",
            settings=CommonSettings(redis_url=SecretStr("redis://127.0.0.1/0")),
            routers=routers,
            readiness={},
            title="Atelier",
            version="1",
        )
        app.state.authenticator = authenticator
        app.state.request_limits = RequestLimits(client, {**REQUEST_RULES, **request_rules}.__getitem__)
        app.state.attempts = limits
        app.state.features = FeatureBoard(storage, client)
        app.state.trusted_proxies = trusted_proxies
        return Identity(app, storage, hasher, limits, issuer, sign_in, authenticator)

    return build


@pytest.fixture(scope="session")
def passwords() -> Any:
    hasher = Passwords(HashingCost(memory_kib=64, passes=1))
    yield hasher
    hasher.close()


@pytest.fixture
def identity(build_identity: BuildIdentity) -> Identity:
    return build_identity()


@pytest_asyncio.fixture
async def client(identity: Identity) -> AsyncIterator[httpx2.AsyncClient]:
    async with identity.client() as opened:
        yield opened


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex[:12]}@example.com"


@pytest_asyncio.fixture
async def session(client: httpx2.AsyncClient, email: str) -> dict[str, Any]:
    """Somebody who has just signed up."""
    answer = await client.post("/v1/users", json={"email": email, "password": PASSWORD, "locale": "fr"})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
