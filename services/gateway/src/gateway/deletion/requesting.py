"""Owns asking for a deletion, and reading how far it is.

From the answer on nobody can act for the account: sessions, links and keys have ended, and the user is nobody.
What others keep they delete when they hear of it.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import NotFound, Unauthorized
from common.events.deletion import AccountDeletionRequested
from gateway.deletion import storage
from gateway.deletion.closed_accounts import ClosedAccounts
from gateway.deletion.rules import Deletion, NewDeletion, digest, is_well_formed, new_deletion
from gateway.jobs.cancelling import request_cancel_of_all
from gateway.keys.revocations import Revocations
from gateway.users.password_check import PasswordCheck
from gateway.users.storage import lock_credentials


class Deletions:
    """The use cases of `DELETE /v1/me` and of its receipt.

    Args:
        forget: drops what is remembered of an account outside the database; never raises.
    """

    def __init__(
        self,
        database: Database,
        check: PasswordCheck,
        revocations: Revocations,
        closed: ClosedAccounts,
        forget: Callable[[UUID], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._check = check
        self._revocations = revocations
        self._closed = closed
        self._forget = forget

    async def request(self, user_id: UUID, password: str) -> tuple[Deletion, str]:
        """Delete the account of a user; the deletion and the receipt to follow it with.

        Raises:
            PasswordWrong: another password.
            RateLimited: too many wrong passwords.
            Unauthorized: the account is deleted already.
        """
        credentials = await self._check.credentials(user_id, password)
        account_id = credentials.profile.account.account_id
        made = new_deletion()
        deletion, hashes = await self._database.transact(request_deletion, user_id, credentials.password_hash, made)
        self._closed.add(account_id)
        if self._forget is not None:
            await self._forget(account_id)
        for secret_hash in hashes:
            await self._revocations.tell(secret_hash)
        return deletion, made.receipt

    async def get(self, deletion_id: UUID, receipt: str) -> Deletion:
        """How far a deletion is.

        Raises:
            NotFound: there is none with this id and receipt.
        """
        if not is_well_formed(receipt):
            raise NotFound
        async with self._database.autocommit() as connection:
            if not await storage.is_receipt_of(connection, deletion_id, digest(receipt)):
                raise NotFound
            found = await storage.find_deletion(connection, deletion_id)
        if found is None:
            raise NotFound
        return found


async def request_deletion(
    uow: UnitOfWork, user_id: UUID, password_hash: str, made: NewDeletion
) -> tuple[Deletion, list[bytes]]:
    """Close the account and tell of it; the deletion and the hashes of all keys. May be repeated with the same `made`.

    Raises:
        Unauthorized: the account is deleted already, or the password was changed meanwhile.
    """
    credentials = await lock_credentials(uow.connection, user_id)
    if credentials is None:
        raise Unauthorized
    account_id = credentials.profile.account.account_id
    repeated = await storage.find_deletion(uow.connection, made.deletion_id)
    if repeated is not None:
        return repeated, await storage.key_hashes(uow.connection, account_id)
    if credentials.password_hash != password_hash:
        raise Unauthorized
    await request_cancel_of_all(uow, account_id)
    await storage.insert_deletion(uow.connection, made, account_id)
    hashes = await storage.close_account(uow.connection, account_id)
    uow.emit(AccountDeletionRequested(account_id=account_id, user_id=user_id, deletion_id=made.deletion_id))
    deletion = await storage.find_deletion(uow.connection, made.deletion_id)
    if deletion is None:
        raise AssertionError("a deletion that was just stored exists")
    return deletion, hashes
