"""Owns a forgotten password: a link to the address on record, and a new password for whoever follows it.

Whether an address has an account is not told: both cases get the same answer after the same time.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pydantic import SecretStr

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.accounts import PasswordResetRequested
from gateway.sessions.attempts import AttemptLimits
from gateway.users.link_storage import find_live_link, insert_link, use_link
from gateway.users.links import LinkNotValid, LinkUse, NewLink, new_link, read_link
from gateway.users.password_change import store_password
from gateway.users.passwords import Passwords
from gateway.users.rules import check_password, normalise_email
from gateway.users.storage import find_credentials

ANSWER_SECONDS = 0.25
"""How long a request takes at least; far more than the longer of both cases does."""


class PasswordReset:
    """The use cases of `/v1/password-resets`."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        limits: AttemptLimits,
        link_secrets: Sequence[SecretStr],
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._limits = limits
        self._secrets = tuple(link_secrets)
        self._answer_seconds = answer_seconds

    async def request(self, email: str, address: str) -> None:
        """Mail a link, where there is somebody to mail it to.

        Raises:
            RateLimited: too many requests for this e-mail address or from this network address.
        """
        try:
            email, is_address = normalise_email(email), True
        except ValueError:
            is_address = False
        await self._limits.admit_reset(email, address)
        async with _lasting(self._answer_seconds):
            if is_address:
                await self._database.transact(request_reset, email, new_link("reset", email))

    async def confirm(self, token: str, password: str, address: str) -> None:
        """Set the password that whoever followed the link has chosen; every session ends.

        Raises:
            LinkNotValid: the link is not good, or not any more.
            ValidationFailed: the password is the address.
            RateLimited: too many links from this network address.
            DependencyUnavailable: too many hashes are waiting.
        """
        await self._limits.admit_link(address)
        use = read_link(self._secrets, "reset", token)
        async with self._database.autocommit() as connection:
            email = await find_live_link(connection, use)
        if email is None:
            raise LinkNotValid
        check_password(password, email)
        password_hash = await self._passwords.hash(password)
        await self._database.transact(reset_password, use, password_hash)
        await self._limits.forgive_sign_in(email, address)


async def request_reset(uow: UnitOfWork, email: str, link: NewLink) -> None:
    """Store a link and tell of it, where the address has an account. May be repeated with the same link."""
    credentials = await find_credentials(uow.connection, email)
    if credentials is None:
        return
    user = credentials.profile.user
    if await insert_link(uow.connection, link, user.user_id):
        uow.emit(
            PasswordResetRequested(
                account_id=user.account_id, user_id=user.user_id, email=user.email, locale=user.locale, seed=link.seed
            )
        )


async def reset_password(uow: UnitOfWork, use: LinkUse, password_hash: str) -> None:
    """Use the link up and set the password. May be repeated with the same use.

    Raises:
        LinkNotValid: the link is not good any more.
    """
    opened = await use_link(uow.connection, use)
    if opened.is_new:
        await store_password(uow, opened.user_id, password_hash)


@asynccontextmanager
async def _lasting(seconds: float) -> AsyncIterator[None]:
    """A block that takes at least this long."""
    ends = asyncio.get_running_loop().time() + seconds
    try:
        yield
    finally:
        await asyncio.sleep(ends - asyncio.get_running_loop().time())
