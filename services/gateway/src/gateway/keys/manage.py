"""Owns making, listing, rotating and revoking an account's API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import NotFound
from common.ids import new_id
from gateway.keys.revocations import Revocations
from gateway.keys.rules import (
    LIVE_KEYS_MAX,
    REPLACED_KEYS_MAX,
    ApiKey,
    KeyReplaced,
    TooManyKeys,
    digest,
    hint,
    make_secret,
)
from gateway.keys.storage import (
    NewKey,
    count_live_keys,
    find_key,
    insert_key,
    list_live_keys,
    lock_live_key,
    replace_key,
    revoke_key,
)


@dataclass(frozen=True, slots=True)
class Successor:
    """What is new of a key that takes another one's place."""

    key_id: UUID
    secret_hash: bytes
    hint: str


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

    async def rotate(self, account_id: UUID, user_id: UUID, key_id: UUID, overlap_seconds: int) -> tuple[ApiKey, str]:
        """A successor with the same name, scopes and expiry, and its secret; the old key works until the overlap ends.

        Raises:
            NotFound: the account has no such live key.
            KeyReplaced: the key has a successor already.
            TooManyKeys: too many keys of the account are within their overlap.
        """
        secret = make_secret()
        made = Successor(new_id(), digest(secret), hint(secret))
        key, old_hash = await self._database.transact(rotate_key, account_id, user_id, key_id, made, overlap_seconds)
        await self._revocations.tell(old_hash)  # not revoked, only remembered for longer than it lives now
        return key, secret

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
    if live.current >= LIVE_KEYS_MAX:
        raise TooManyKeys
    return await insert_key(uow.connection, new_key)


async def rotate_key(
    uow: UnitOfWork, account_id: UUID, user_id: UUID, key_id: UUID, made: Successor, overlap_seconds: int
) -> tuple[ApiKey, bytes]:
    """Store a successor and have the old key end. May be repeated with the same successor.

    Raises:
        NotFound: the account has no such live key.
        KeyReplaced: the key has another successor.
        TooManyKeys: too many keys of the account are within their overlap.
    """
    live = await count_live_keys(uow.connection, account_id)
    old = await lock_live_key(uow.connection, account_id, key_id)
    stored = await find_key(uow.connection, made.key_id)
    if old is None and stored is None:
        raise NotFound
    if old is not None and old.replaced_by not in {None, made.key_id}:
        raise KeyReplaced
    if stored is None and old is not None:
        if overlap_seconds and live.replaced >= REPLACED_KEYS_MAX:
            raise TooManyKeys("Too many keys of the account are being replaced; revoke one of the old ones first.")
        new_key = NewKey(
            made.key_id, account_id, user_id, old.name, made.secret_hash, made.hint, old.scopes, old.expires_at
        )
        stored = await insert_key(uow.connection, new_key)
    if stored is None:
        raise AssertionError("a successor is stored by now")
    return stored, await replace_key(uow.connection, key_id, made.key_id, overlap_seconds)
