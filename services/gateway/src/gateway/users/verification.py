"""Owns verifying an e-mail address: by a link mailed to it, at sign-up and on request."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import SecretStr

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import Unauthorized
from common.events.accounts import UserVerified, VerificationRequested
from gateway.sessions.attempts import AttemptLimits
from gateway.users.identity import identity_hash
from gateway.users.link_storage import insert_link, use_link
from gateway.users.links import LinkUse, NewLink, new_link, read_link
from gateway.users.storage import find_profile, mark_verified


class Verification:
    """The use cases of `/v1/users/verification`."""

    def __init__(self, database: Database, limits: AttemptLimits, link_secrets: Sequence[SecretStr]) -> None:
        self._database = database
        self._limits = limits
        self._secrets = tuple(link_secrets)

    async def request(self, user_id: UUID) -> None:
        """Mail a link to the user's address, unless it is verified already.

        Raises:
            RateLimited: too many such mails.
            Unauthorized: the token outlived its user.
        """
        await self._limits.admit_mail(user_id)
        async with self._database.autocommit() as connection:
            profile = await find_profile(connection, user_id)
        if profile is None:
            raise Unauthorized
        await self._database.transact(request_verification, user_id, new_link("verify", profile.user.email))

    async def confirm(self, token: str, address: str) -> None:
        """The link was followed.

        Raises:
            LinkNotValid: it is not good, or not any more.
            RateLimited: too many links from this network address.
        """
        await self._limits.admit_link(address)
        await self._database.transact(verify, read_link(self._secrets, "verify", token))


async def request_verification(uow: UnitOfWork, user_id: UUID, link: NewLink) -> None:
    """Store a link and tell of it. May be repeated with the same link."""
    profile = await find_profile(uow.connection, user_id)
    if profile is None or profile.user.verified_at is not None or profile.user.email != link.email:
        return
    if await insert_link(uow.connection, link, user_id):
        uow.emit(
            VerificationRequested(
                account_id=profile.account.account_id,
                user_id=user_id,
                email=link.email,
                locale=profile.user.locale,
                seed=link.seed,
            )
        )


async def verify(uow: UnitOfWork, use: LinkUse) -> None:
    """Note that the address is verified and tell of it, the first time. May be repeated with the same use.

    Raises:
        LinkNotValid: the link is not good any more.
    """
    opened = await use_link(uow.connection, use)
    await note_verified(uow, opened.user_id)


async def note_verified(uow: UnitOfWork, user_id: UUID) -> None:
    """A user has shown to read the mail of the address on record."""
    if not await mark_verified(uow.connection, user_id):
        return
    profile = await find_profile(uow.connection, user_id)
    if profile is None:
        raise AssertionError("a user that was just updated exists")
    uow.emit(
        UserVerified(
            account_id=profile.account.account_id,
            user_id=user_id,
            identity_hash=identity_hash(profile.user.email),
        )
    )
