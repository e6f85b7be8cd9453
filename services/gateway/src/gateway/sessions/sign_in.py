"""Owns signing in, staying signed in and signing out.

A refresh token is used once. Whoever presents a used one ends the whole family, for one of the two who had it
is a thief. This is strict: two refreshes of one token at the same moment count as reuse too, so a client
keeps to one refresh at a time (one tab, one lock).
"""

import asyncio
from uuid import UUID

import structlog

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import Unauthorized
from gateway.sessions import storage
from gateway.sessions.attempts import AttemptLimits
from gateway.sessions.issuing import NewRefreshToken, Session, SessionIssuer
from gateway.sessions.rules import digest, is_well_formed
from gateway.users.passwords import Passwords
from gateway.users.rules import Profile, normalise_email
from gateway.users.storage import Credentials, find_credentials, find_profile, replace_hash

log = structlog.get_logger(__name__)

PURGE_SECONDS = 3600.0
PURGE_ROWS_MAX = 1000


class SignIn:
    """The use cases of `/v1/sessions`."""

    def __init__(self, database: Database, passwords: Passwords, limits: AttemptLimits, issuer: SessionIssuer) -> None:
        self._database = database
        self._passwords = passwords
        self._limits = limits
        self._issuer = issuer

    async def sign_in(self, email: str, password: str, address: str) -> Session:
        """A session for the right password. An unknown address costs the same time and gets the same answer.

        Raises:
            Unauthorized: no such user, or another password.
            RateLimited: too many attempts at this e-mail address or from this network address.
            DependencyUnavailable: too many hashes are waiting.
        """
        email, is_address = _normalised(email)
        await self._limits.admit_sign_in(email, address)
        credentials = await self._find(email) if is_address else None
        matches = await self._passwords.verify(credentials.password_hash if credentials else None, password)
        if credentials is None or not matches:
            raise Unauthorized("The e-mail address or the password is wrong.")
        await self._limits.forgive_sign_in(email, address)
        session = await self._open(credentials)
        await self._refresh_hash(credentials, password)
        return session

    async def refresh(self, secret: str) -> Session:
        """A new session for a refresh token, which is used up by it.

        Raises:
            Unauthorized: the token is unknown, expired, revoked, or was used before; the last ends its
                family.
        """
        if not is_well_formed(secret):
            raise Unauthorized("The refresh token is not valid.")
        successor = self._issuer.new_refresh_token()
        profile = await self._database.transact(rotate_or_revoke, digest(secret), successor)
        if profile is None:
            raise Unauthorized("The refresh token is not valid.")
        return self._issuer.session(profile, successor)

    async def sign_out(self, secret: str) -> None:
        """End the session a refresh token belongs to; an unknown or ended one is no error.

        Raises:
            Unauthorized: the text is no refresh token.
        """
        if not is_well_formed(secret):
            raise Unauthorized("The refresh token is not valid.")
        await self._database.transact(end_session, digest(secret))

    async def sign_out_everywhere(self, user_id: UUID) -> None:
        """End every session of a user."""
        await self._database.transact(end_sessions, user_id)

    async def run_purge(self) -> None:
        """Delete expired refresh tokens for ever, some at a time; run it as a task of the process."""
        while True:
            async with self._database.autocommit() as connection:
                deleted = await storage.delete_expired(connection, PURGE_ROWS_MAX)
            await asyncio.sleep(1.0 if deleted == PURGE_ROWS_MAX else PURGE_SECONDS)

    async def _find(self, email: str) -> Credentials | None:
        async with self._database.autocommit() as connection:
            return await find_credentials(connection, email)

    async def _refresh_hash(self, credentials: Credentials, password: str) -> None:
        if not self._passwords.is_outdated(credentials.password_hash):
            return
        new_hash = await self._passwords.hash(password)
        user_id = credentials.profile.user.user_id
        async with self._database.autocommit() as connection:
            await replace_hash(connection, user_id, credentials.password_hash, new_hash)

    async def _open(self, credentials: Credentials) -> Session:
        token, user_id = self._issuer.new_refresh_token(), credentials.profile.user.user_id
        async with self._database.autocommit() as connection:
            if not await storage.open_family(connection, token, user_id, credentials.password_hash):
                raise Unauthorized("The e-mail address or the password is wrong.")
        return self._issuer.session(credentials.profile, token)


def _normalised(email: str) -> tuple[str, bool]:
    """The address in the one form that is counted and looked up, and whether it is an address at all."""
    try:
        return normalise_email(email), True
    except ValueError:
        return email, False


async def rotate_or_revoke(uow: UnitOfWork, token_hash: bytes, successor: NewRefreshToken) -> Profile | None:
    """Use a token up, or end its family when it was used before. May be repeated with the same successor."""
    user_id = await storage.lock_owner(uow.connection, token_hash)
    if user_id is None:
        return None
    if await storage.rotate(uow.connection, token_hash, successor):
        return await find_profile(uow.connection, user_id)
    if await storage.revoke_family_of_used(uow.connection, token_hash):
        log.warning("refresh_token_reused", user_id=str(user_id))
    return None


async def end_session(uow: UnitOfWork, token_hash: bytes) -> None:
    """Revoke the family of a token."""
    if await storage.lock_owner(uow.connection, token_hash) is not None:
        await storage.revoke_family(uow.connection, token_hash)


async def end_sessions(uow: UnitOfWork, user_id: UUID) -> None:
    """Revoke every family of a user."""
    await storage.revoke_user(uow.connection, user_id)
