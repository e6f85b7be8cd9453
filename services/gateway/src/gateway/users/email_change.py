"""Owns another e-mail address: the old one is told, and the new one counts once its link was followed."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import SecretStr

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import Unauthorized
from common.events.accounts import EmailChanged, EmailChangeRequested, UserVerified
from gateway.sessions.attempts import AttemptLimits
from gateway.users.identity import identity_hash
from gateway.users.link_storage import end_links, insert_link, use_link
from gateway.users.links import LinkUse, NewLink, new_link, read_link
from gateway.users.password_check import PasswordCheck
from gateway.users.rules import EmailTaken
from gateway.users.storage import find_owner, find_profile, lock_credentials, set_email


class EmailChange:
    """The use cases of `POST /v1/me/email` and of the link it sends."""

    def __init__(
        self, database: Database, check: PasswordCheck, limits: AttemptLimits, link_secrets: Sequence[SecretStr]
    ) -> None:
        self._database = database
        self._check = check
        self._limits = limits
        self._secrets = tuple(link_secrets)

    async def request(self, user_id: UUID, email: str, password: str) -> None:
        """Mail a link to the new address and a notice to the old one.

        Args:
            email: normalised.

        Raises:
            PasswordWrong: another password.
            EmailTaken: somebody else has the address.
            RateLimited: too many wrong passwords, or too many such mails.
        """
        await self._check.credentials(user_id, password)
        await self._limits.admit_mail(user_id)
        await self._limits.admit_mail_to(email)
        await self._database.transact(request_change, user_id, new_link("email", email))

    async def confirm(self, token: str, address: str) -> None:
        """The link was followed.

        Raises:
            LinkNotValid: it is not good, or not any more.
            EmailTaken: somebody else took the address meanwhile.
            RateLimited: too many links from this network address.
        """
        await self._limits.admit_link(address)
        await self._database.transact(change_email, read_link(self._secrets, "email", token))


async def request_change(uow: UnitOfWork, user_id: UUID, link: NewLink) -> None:
    """Store a link to the new address and tell of it. May be repeated with the same link.

    Raises:
        EmailTaken: somebody else has the address.
    """
    if await find_owner(uow.connection, link.email) not in {None, user_id}:
        raise EmailTaken
    profile = await find_profile(uow.connection, user_id)
    if profile is None:
        raise Unauthorized
    if await insert_link(uow.connection, link, user_id):
        uow.emit(
            EmailChangeRequested(
                account_id=profile.account.account_id,
                user_id=user_id,
                email=profile.user.email,
                new_email=link.email,
                locale=profile.user.locale,
                seed=link.seed,
            )
        )


async def change_email(uow: UnitOfWork, use: LinkUse) -> None:
    """Use the link up and set the address, which it has verified. May be repeated with the same use.

    Links that went to the old address end. Sessions and keys stay.

    Raises:
        LinkNotValid: the link is not good any more.
        EmailTaken: somebody else has the address.
    """
    opened = await use_link(uow.connection, use)
    if not opened.is_new:
        return
    credentials = await lock_credentials(uow.connection, opened.user_id)
    if credentials is None:
        raise Unauthorized
    user = credentials.profile.user
    await set_email(uow.connection, user.user_id, opened.email)
    await end_links(uow.connection, user.user_id)
    uow.emit(
        EmailChanged(
            account_id=user.account_id,
            user_id=user.user_id,
            email=opened.email,
            previous_email=user.email,
            locale=user.locale,
        )
    )
    if user.verified_at is None:
        uow.emit(
            UserVerified(account_id=user.account_id, user_id=user.user_id, identity_hash=identity_hash(opened.email))
        )
