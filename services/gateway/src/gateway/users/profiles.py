"""Owns reading one's own profile."""

from uuid import UUID

from common.db.database import Database
from common.errors import Unauthorized
from gateway.users.rules import Profile
from gateway.users.storage import find_profile


class Profiles:
    """The use case of `GET /v1/me`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: UUID) -> Profile:
        """A user with the account.

        Raises:
            Unauthorized: the token outlived its user.
        """
        async with self._database.autocommit() as connection:
            profile = await find_profile(connection, user_id)
        if profile is None:
            raise Unauthorized
        return profile
