"""Owns asking somebody signed in for the password once more, before what a stolen token must not be able to do."""

from typing import ClassVar
from uuid import UUID

from common.db.database import Database
from common.errors import Unauthorized, ValidationFailed
from gateway.sessions.attempts import AttemptLimits
from gateway.users.passwords import Passwords
from gateway.users.storage import Credentials, find_credentials_of


class PasswordWrong(ValidationFailed):
    """The password is another one. Not a 401: the session is good, and clients would refresh it."""

    default_detail: ClassVar[str] = "The password is wrong."

    def __init__(self, pointer: str) -> None:
        super().__init__([{"pointer": pointer, "detail": self.default_detail, "code": "password_wrong"}])


class PasswordCheck:
    """Checks the password of a user who is signed in."""

    def __init__(self, database: Database, passwords: Passwords, limits: AttemptLimits) -> None:
        self._database = database
        self._passwords = passwords
        self._limits = limits

    async def credentials(self, user_id: UUID, password: str, *, pointer: str = "/body/password") -> Credentials:
        """The user's credentials, for the right password.

        Raises:
            PasswordWrong: another password.
            RateLimited: too many wrong ones.
            Unauthorized: the token outlived its user, or the account was deleted a moment ago.
            DependencyUnavailable: too many hashes are waiting.
        """
        await self._limits.admit_password(user_id)
        async with self._database.autocommit() as connection:
            credentials = await find_credentials_of(connection, user_id)
        if credentials is None or not credentials.password_hash:  # a deletion leaves none
            raise Unauthorized
        if not await self._passwords.verify(credentials.password_hash, password):
            raise PasswordWrong(pointer)
        await self._limits.forgive_password(user_id)
        return credentials
