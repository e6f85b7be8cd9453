"""Owns making, listing and revoking an account's API keys."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import NotFound
from common.ids import new_id
from gateway.keys.revocations import Revocations
from gateway.keys.rules import LIVE_KEYS_MAX, ApiKey, TooManyKeys, digest, hint, make_secret
from gateway.keys.storage import NewKey, count_live_keys, find_key, insert_key, list_live_keys, revoke_key


class Keys:
    """The use cases of `/v1/keys`."""

    def __init__(self, database: Database, revocations: Revocations) -> None:
        self._database = database
        self._revocations = revocations

    async def create(
        self, account_id: UUID, user_id: UUID, name: str, scopes: Sequence[str], expires_at: datetime | None
    ) -> tuple[ApiKey, str]:
        """A new key and its secret, which cannot be seen again.

        Raises:
            TooManyKeys: the account has the most it may have.
        """
        secret = make_secret()
        new_key = NewKey(new_id(), account_id, user_id, name, digest(secret), hint(secret), tuple(scopes), expires_at)
        return await self._database.transact(create_key, new_key), secret

    async def list(self, account_id: UUID) -> list[ApiKey]:
        """The account's live keys, the newest first."""
        async with self._database.autocommit() as connection:
            return await list_live_keys(connection, account_id)

    async def revoke(self, account_id: UUID, key_id: UUID) -> None:
        """End a key for good, on every replica. Revoking it again changes nothing.

        Raises:
            NotFound: the account has no such key.
        """
        async with self._database.autocommit() as connection:
            secret_hash = await revoke_key(connection, account_id, key_id)
        if secret_hash is None:
            raise NotFound
        await self._revocations.tell(secret_hash)


async def create_key(uow: UnitOfWork, new_key: NewKey) -> ApiKey:
    """Store a key where the account may have one more. May be repeated with the same id.

    Raises:
        TooManyKeys: the account has the most it may have.
    """
    live = await count_live_keys(uow.connection, new_key.account_id)
    stored = await find_key(uow.connection, new_key.key_id)
    if stored is not None:
        return stored
    if live >= LIVE_KEYS_MAX:
        raise TooManyKeys
    return await insert_key(uow.connection, new_key)
