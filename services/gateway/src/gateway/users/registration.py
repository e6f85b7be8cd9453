"""Owns signing up: one new account, one new user, the news of it, a link and a first session, in one transaction."""

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.accounts import UserRegistered
from common.ids import new_id
from gateway.sessions.attempts import AttemptLimits
from gateway.sessions.issuing import NewRefreshToken, Session, SessionIssuer
from gateway.sessions.storage import insert_first_token
from gateway.users.link_storage import insert_link
from gateway.users.links import NewLink, new_link
from gateway.users.passwords import Passwords
from gateway.users.rules import PLAN_DEFAULT, EmailTaken, Locale, Profile, check_password
from gateway.users.storage import NewUser, find_profile, insert_user


class Registration:
    """The use case of `POST /v1/users`."""

    def __init__(self, database: Database, passwords: Passwords, limits: AttemptLimits, issuer: SessionIssuer) -> None:
        self._database = database
        self._passwords = passwords
        self._limits = limits
        self._issuer = issuer

    async def register(self, email: str, password: str, locale: Locale, address: str) -> Session:
        """Sign somebody up and in.

        Args:
            email: normalised.
            address: the network address the request came from, for the limit on sign-ups.

        Raises:
            ValidationFailed: the password is the address.
            RateLimited: too many sign-ups from this network address.
            EmailTaken: the address has an account.
            DependencyUnavailable: too many hashes are waiting.
        """
        check_password(password, email)
        await self._limits.admit_sign_up(address)
        password_hash = await self._passwords.hash(password)
        new_user = NewUser(new_id(), new_id(), email, password_hash, locale, PLAN_DEFAULT)
        token = self._issuer.new_refresh_token()
        profile = await self._database.transact(register, new_user, token, new_link("verify", email))
        return self._issuer.session(profile, token)


async def register(uow: UnitOfWork, new_user: NewUser, token: NewRefreshToken, link: NewLink) -> Profile:
    """Write user, account, first refresh token, the link that verifies the address, and `user.registered`.

    May be repeated with the same ids.

    Raises:
        EmailTaken: somebody else has the address.
    """
    is_new = await insert_user(uow, new_user)
    profile = await find_profile(uow.connection, new_user.user_id)
    if profile is None:
        raise EmailTaken
    if is_new:
        await insert_first_token(uow.connection, token, new_user.user_id)
        await insert_link(uow.connection, link, new_user.user_id)
        uow.emit(
            UserRegistered(
                account_id=new_user.account_id,
                user_id=new_user.user_id,
                email=new_user.email,
                locale=new_user.locale,
                plan=new_user.plan,
                seed=link.seed,
            )
        )
    return profile
