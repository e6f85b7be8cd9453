"""Owns a new password: for somebody signed in who knows the current one; every session from before ends."""

from uuid import UUID

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import Unauthorized
from common.events.accounts import PasswordChanged
from gateway.sessions.issuing import NewRefreshToken, Session, SessionIssuer
from gateway.sessions.storage import insert_first_token, revoke_user
from gateway.users.link_storage import end_links
from gateway.users.password_check import PasswordCheck
from gateway.users.passwords import Passwords
from gateway.users.rules import Profile, check_password
from gateway.users.storage import lock_credentials, set_hash


class PasswordChange:
    """The use case of `PUT /v1/me/password`."""

    def __init__(self, database: Database, passwords: Passwords, check: PasswordCheck, issuer: SessionIssuer) -> None:
        self._database = database
        self._passwords = passwords
        self._check = check
        self._issuer = issuer

    async def change(self, user_id: UUID, current: str, new: str) -> Session:
        """Set another password; the answer is a session to go on with, for all others have ended.

        Raises:
            PasswordWrong: the current password is another one.
            ValidationFailed: the new password is the address.
            RateLimited: too many wrong passwords.
            DependencyUnavailable: too many hashes are waiting.
        """
        credentials = await self._check.credentials(user_id, current, pointer="/body/current")
        check_password(new, credentials.profile.user.email, pointer="/body/new")
        new_hash = await self._passwords.hash(new)
        token = self._issuer.new_refresh_token()
        profile = await self._database.transact(change_password, user_id, credentials.password_hash, new_hash, token)
        return self._issuer.session(profile, token)


async def change_password(
    uow: UnitOfWork, user_id: UUID, old_hash: str, new_hash: str, token: NewRefreshToken
) -> Profile:
    """Replace the password that was checked, end all sessions, open one. May be repeated with the same hashes.

    Raises:
        Unauthorized: the password was changed by somebody else meanwhile.
    """
    credentials = await lock_credentials(uow.connection, user_id)
    if credentials is None or credentials.password_hash not in {old_hash, new_hash}:
        raise Unauthorized
    if credentials.password_hash == old_hash:
        await store_password(uow, user_id, new_hash)
        await insert_first_token(uow.connection, token, user_id)
    return credentials.profile


async def store_password(uow: UnitOfWork, user_id: UUID, new_hash: str) -> None:
    """Set a password, end the user's sessions and open links, and tell of it."""
    credentials = await lock_credentials(uow.connection, user_id)
    if credentials is None:
        raise Unauthorized
    await set_hash(uow.connection, user_id, new_hash)
    await revoke_user(uow.connection, user_id)
    await end_links(uow.connection, user_id)
    user = credentials.profile.user
    uow.emit(PasswordChanged(account_id=user.account_id, user_id=user_id, email=user.email, locale=user.locale))
