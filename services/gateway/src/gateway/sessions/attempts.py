"""Owns counting attempts: by e-mail address, user, account and network, in Postgres, so that no emptied Redis forgives.

Every attempt is counted before the password is looked at, so that guesses made at once count too. A success
forgives the attempt. Anybody who tries a stranger's address often enough blocks it for a while: that is the
price of a bound on guesses that are spread over many networks, and why the block is short.

Without the database nobody can sign in anyway: then whoever tries gets 503.
"""

import hashlib
import math
import time
from collections import OrderedDict
from uuid import UUID

from common.db.database import Database
from common.db.recurring import repeat
from common.errors import RateLimited
from common.http.noted_headers import note_headers
from gateway.sessions import attempt_storage
from gateway.sessions.attempt_rules import AttemptRule, AttemptRules

PURGE_SECONDS = 600.0
PURGE_ROWS_MAX = 1000
SHIELD_SECONDS_MAX = 5.0
SHIELD_SUBJECTS_MAX = 10_000


class AttemptLimits:
    """Counts attempts for all replicas.

    A subject that was found blocked is refused from memory for some seconds, so that a flood costs the database little.
    """

    def __init__(self, database: Database, rules: AttemptRules | None = None) -> None:
        self._database = database
        self._rules = rules or AttemptRules()
        self._shield: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def admit_sign_in(self, email: str, address: str) -> None:
        """Count one attempt to sign in.

        Raises:
            RateLimited: too many from this network, or at this e-mail address.
        """
        await self._admit("sign-in", "network", f"sign-in:{address}", self._rules.address)
        await self._admit("sign-in", "e-mail address", _mailbox(email), self._rules.email)

    async def admit_sign_up(self, address: str) -> None:
        """Count one attempt to sign up.

        Raises:
            RateLimited: too many from this network.
        """
        await self._admit("sign-up", "network", f"sign-up:{address}", self._rules.sign_up)

    async def admit_reset(self, email: str, address: str) -> None:
        """Count one request for a new password.

        Raises:
            RateLimited: too many from this network, or for this e-mail address.
        """
        await self._admit("password-reset", "network", f"reset:{address}", self._rules.reset_address)
        await self._admit("password-reset", "e-mail address", f"reset-{_mailbox(email)}", self._rules.reset_email)

    async def admit_password(self, user_id: UUID) -> None:
        """Count one password given by somebody who is signed in.

        Raises:
            RateLimited: too many wrong ones.
        """
        await self._admit("password", "user", f"password:{user_id}", self._rules.password)

    async def forgive_password(self, user_id: UUID) -> None:
        """The password was right."""
        await self._clear(f"password:{user_id}")

    async def admit_mail(self, user_id: UUID) -> None:
        """Count one mail that a user asks for.

        Raises:
            RateLimited: too many.
        """
        await self._admit("mail", "user", f"mail:{user_id}", self._rules.mail)

    async def admit_mail_to(self, email: str) -> None:
        """Count one mail to an address that nobody has shown to be theirs, whoever asks for it.

        Raises:
            RateLimited: too many.
        """
        await self._admit("mail", "e-mail address", f"mailed-{_mailbox(email)}", self._rules.mailed)

    async def admit_link(self, address: str) -> None:
        """Count one link that is followed.

        Raises:
            RateLimited: too many from this network.
        """
        await self._admit("link", "network", f"link:{address}", self._rules.link)

    async def admit_purchase(self, account_id: UUID) -> None:
        """Count one page of payment that an account opens.

        Raises:
            RateLimited: too many.
        """
        await self._admit("purchases", "account", f"purchase:{account_id}", self._rules.purchase)

    async def admit_order(self, address: str) -> None:
        """Count one page of payment that somebody without an account opens.

        Raises:
            RateLimited: too many from this network.
        """
        await self._admit("orders", "network", f"order:{address}", self._rules.order)

    async def forgive_sign_in(self, email: str, address: str) -> None:
        """Take a successful attempt back: the e-mail address starts afresh, the network gets one back."""
        await self._clear(_mailbox(email))
        async with self._database.autocommit() as connection:
            await attempt_storage.forgive(connection, f"sign-in:{address}")

    async def run_purge(self) -> None:
        """Delete counts that have lapsed, for ever; run it as a task of the process."""
        await repeat(self.purge, PURGE_SECONDS, skipped="attempts_not_purged")

    async def purge(self) -> None:
        """Delete the counts that have lapsed."""
        deleted = PURGE_ROWS_MAX
        async with self._database.autocommit() as connection:
            while deleted == PURGE_ROWS_MAX:
                deleted = await attempt_storage.delete_lapsed(connection, PURGE_ROWS_MAX)

    async def _admit(self, rule_name: str, subject_name: str, subject: str, rule: AttemptRule) -> None:
        blocked_seconds = self._shielded(subject)
        if blocked_seconds <= 0:
            async with self._database.autocommit() as connection:
                counted = await attempt_storage.count(connection, subject, rule)
            blocked_seconds = counted.blocked_seconds
            _tell(rule_name, rule, rule.per_minute - counted.of_minute, counted.minute_seconds)
        if blocked_seconds <= 0:
            return
        self._remember(subject, blocked_seconds)
        _tell(rule_name, rule, 0, blocked_seconds)
        raise RateLimited(
            f"At most {rule.per_minute} attempts a minute and {rule.per_hour} an hour for one {subject_name};"
            " wait before trying again.",
            retry_after_seconds=blocked_seconds,
            rule=rule_name,
            subject=subject_name,
            limit=rule.per_minute,
            limit_per_hour=rule.per_hour,
        )

    async def _clear(self, subject: str) -> None:
        self._shield.pop(subject, None)
        async with self._database.autocommit() as connection:
            await attempt_storage.clear(connection, subject)

    def _shielded(self, subject: str) -> float:
        """How long the subject is still blocked, where this process has just seen it."""
        now = time.monotonic()
        look_again_at, blocked_until = self._shield.get(subject, (0.0, 0.0))
        return blocked_until - now if now < look_again_at else 0.0

    def _remember(self, subject: str, blocked_seconds: float) -> None:
        if self._shielded(subject) > 0:
            return
        now = time.monotonic()
        self._shield[subject] = (now + min(SHIELD_SECONDS_MAX, blocked_seconds), now + blocked_seconds)
        self._shield.move_to_end(subject)
        if len(self._shield) > SHIELD_SUBJECTS_MAX:
            self._shield.popitem(last=False)


def _tell(name: str, rule: AttemptRule, left: int, seconds: float) -> None:
    note_headers(
        {
            "ratelimit": f'"{name}";r={max(0, left)};t={math.ceil(seconds)}',
            "ratelimit-policy": f'"{name}";q={rule.per_minute};w=60, "{name}-hourly";q={rule.per_hour};w=3600',
        }
    )


def _mailbox(email: str) -> str:
    # The table need not tell who signs in.
    return f"email:{hashlib.sha256(email.lower().encode()).hexdigest()[:32]}"
