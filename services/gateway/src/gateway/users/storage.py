"""The SQL of users and accounts."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.unit_of_work import UnitOfWork
from gateway.users.rules import Account, EmailTaken, Profile, User

_PROFILE = """
    SELECT u.user_id, u.account_id, u.email, u.locale, u.created_at, u.verified_at, u.password_hash,
           a.plan, a.created_at AS account_created_at
    FROM users AS u JOIN accounts AS a ON a.account_id = u.account_id
"""
_BY_ID = text(_PROFILE + " WHERE u.user_id = :user_id")
_BY_EMAIL = text(_PROFILE + " WHERE lower(u.email) = lower(:email)")
_INSERT_ACCOUNT = text(
    """
    INSERT INTO accounts (account_id, plan) VALUES (:account_id, :plan) ON CONFLICT DO NOTHING
    """
)
_INSERT_USER = text(
    """
    INSERT INTO users (user_id, account_id, email, password_hash, locale)
    VALUES (:user_id, :account_id, :email, :password_hash, :locale)
    ON CONFLICT DO NOTHING
    """
)
_REPLACE_HASH = text(
    """
    UPDATE users SET password_hash = :new_hash WHERE user_id = :user_id AND password_hash = :old_hash
    """
)
_LOCK = text(_PROFILE + " WHERE u.user_id = :user_id FOR NO KEY UPDATE OF u")
_SET_HASH = text("UPDATE users SET password_hash = :password_hash WHERE user_id = :user_id")
_VERIFY = text("UPDATE users SET verified_at = now() WHERE user_id = :user_id AND verified_at IS NULL")
_SET_EMAIL = text("UPDATE users SET email = :email, verified_at = now() WHERE user_id = :user_id")
_OWNER = text("SELECT user_id FROM users WHERE lower(email) = lower(:email)")


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is written for a sign-up; the ids are chosen before the transaction, so it can be repeated."""

    user_id: UUID
    account_id: UUID
    email: str
    password_hash: str
    locale: str
    plan: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """A profile with the hash of its password."""

    profile: Profile
    password_hash: str


async def insert_user(uow: UnitOfWork, new_user: NewUser) -> bool:
    """Add a user with an account; False when the address, or this very user, is there already.

    Of two transactions with one address, the second waits here for the first.
    """
    await uow.execute(_INSERT_ACCOUNT, {"account_id": new_user.account_id, "plan": new_user.plan})
    result = await uow.execute(
        _INSERT_USER,
        {
            "user_id": new_user.user_id,
            "account_id": new_user.account_id,
            "email": new_user.email,
            "password_hash": new_user.password_hash,
            "locale": new_user.locale,
        },
    )
    return bool(result.rowcount == 1)


async def find_profile(connection: AsyncConnection, user_id: UUID) -> Profile | None:
    """A user with the account."""
    row = (await connection.execute(_BY_ID, {"user_id": user_id})).first()
    return _profile(row) if row is not None else None


async def find_credentials(connection: AsyncConnection, email: str) -> Credentials | None:
    """What signing in with this address needs, whatever its case."""
    row = (await connection.execute(_BY_EMAIL, {"email": email})).first()
    return Credentials(_profile(row), row.password_hash) if row is not None else None


async def lock_credentials(connection: AsyncConnection, user_id: UUID) -> Credentials | None:
    """A user with the hash of the password, held until the transaction ends."""
    row = (await connection.execute(_LOCK, {"user_id": user_id})).first()
    return Credentials(_profile(row), row.password_hash) if row is not None else None


async def find_credentials_of(connection: AsyncConnection, user_id: UUID) -> Credentials | None:
    """A user with the hash of the password."""
    row = (await connection.execute(_BY_ID, {"user_id": user_id})).first()
    return Credentials(_profile(row), row.password_hash) if row is not None else None


async def find_owner(connection: AsyncConnection, email: str) -> UUID | None:
    """Whose address this is, whatever its case."""
    user_id: UUID | None = (await connection.execute(_OWNER, {"email": email})).scalar()
    return user_id


async def set_hash(connection: AsyncConnection, user_id: UUID, password_hash: str) -> None:
    """Give a user another password; the row is locked already."""
    await connection.execute(_SET_HASH, {"user_id": user_id, "password_hash": password_hash})


async def mark_verified(connection: AsyncConnection, user_id: UUID) -> bool:
    """Note that the address is verified; False when it was before."""
    return (await connection.execute(_VERIFY, {"user_id": user_id})).rowcount == 1


async def set_email(connection: AsyncConnection, user_id: UUID, email: str) -> None:
    """Give a user another, verified address.

    Raises:
        EmailTaken: somebody else has it.
    """
    try:
        async with connection.begin_nested():
            await connection.execute(_SET_EMAIL, {"user_id": user_id, "email": email})
    except IntegrityError as error:
        raise EmailTaken from error


async def replace_hash(connection: AsyncConnection, user_id: UUID, old_hash: str, new_hash: str) -> None:
    """Store a hash made at today's cost, unless the password was changed meanwhile."""
    await connection.execute(_REPLACE_HASH, {"user_id": user_id, "old_hash": old_hash, "new_hash": new_hash})


def _profile(row: Row[Any]) -> Profile:
    return Profile(
        User(row.user_id, row.account_id, row.email, row.locale, row.created_at, row.verified_at),
        Account(row.account_id, row.plan, row.account_created_at),
    )
