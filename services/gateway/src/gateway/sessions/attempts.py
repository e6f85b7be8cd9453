"""Owns how often one may try what can be guessed or costs a mail: by e-mail address, user, network; then a block.

Every attempt is counted before the password is looked at, so that guesses made at once count too. A success
forgives the attempt. Anybody who tries a stranger's address often enough blocks it for a while: that is the
price of a bound on guesses that are spread over many networks, and why the block is short.
"""

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from importlib import resources
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.errors import RateLimited
from gateway.sessions.local_attempts import AttemptRule, LocalAttempts

log = structlog.get_logger(__name__)

REDIS_SECONDS_MAX = 0.5
REDIS_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class AttemptRules:
    """The bounds, each for one subject.

    A network address may stand for many people (an office, a school), so its bounds are wider.

    Args:
        email: guesses at one e-mail address.
        address: guesses from one network.
        sign_up: sign-ups from one network.
        reset_email: forgotten passwords of one e-mail address.
        reset_address: forgotten passwords from one network.
        password: wrong passwords of one user who is signed in.
        mail: mails one user asks for.
        mailed: mails to one address by users who have not shown that it is theirs.
        link: links followed from one network.
    """

    email: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=6, per_hour=12))
    address: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=30, per_hour=120))
    sign_up: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=10, per_hour=60))
    reset_email: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=2, per_hour=5))
    reset_address: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=10, per_hour=40))
    password: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=6, per_hour=12))
    mail: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=2, per_hour=5))
    mailed: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=2, per_hour=5))
    link: AttemptRule = field(default_factory=lambda: AttemptRule(per_minute=30, per_hour=120))


class AttemptLimits:
    """Counts attempts in Redis for all replicas, and in this process while Redis is away."""

    def __init__(self, redis: Redis, rules: AttemptRules | None = None) -> None:
        self._rules = rules or AttemptRules()
        lua = resources.files("gateway.sessions").joinpath("attempts.lua").read_text("utf-8")
        self._script = redis.register_script(lua)
        self._local = LocalAttempts()
        self._away_until = 0.0

    async def admit_sign_in(self, email: str, address: str) -> None:
        """Count one attempt to sign in.

        Raises:
            RateLimited: too many from this network, or at this e-mail address.
        """
        await self._admit(_network(address), self._rules.address)
        await self._admit(_mailbox(email), self._rules.email)

    async def admit_sign_up(self, address: str) -> None:
        """Count one attempt to sign up.

        Raises:
            RateLimited: too many from this network.
        """
        await self._admit(f"sign-up:{address}", self._rules.sign_up)

    async def admit_reset(self, email: str, address: str) -> None:
        """Count one request for a new password.

        Raises:
            RateLimited: too many from this network, or for this e-mail address.
        """
        await self._admit(f"reset:{address}", self._rules.reset_address)
        await self._admit(f"reset-{_mailbox(email)}", self._rules.reset_email)

    async def admit_password(self, user_id: UUID) -> None:
        """Count one password given by somebody who is signed in.

        Raises:
            RateLimited: too many wrong ones.
        """
        await self._admit(f"password:{user_id}", self._rules.password)

    async def forgive_password(self, user_id: UUID) -> None:
        """The password was right."""
        await self._undo("clear", f"password:{user_id}")

    async def admit_mail(self, user_id: UUID) -> None:
        """Count one mail that a user asks for.

        Raises:
            RateLimited: too many.
        """
        await self._admit(f"mail:{user_id}", self._rules.mail)

    async def admit_mail_to(self, email: str) -> None:
        """Count one mail to an address that nobody has shown to be theirs, whoever asks for it.

        Raises:
            RateLimited: too many.
        """
        await self._admit(f"mailed-{_mailbox(email)}", self._rules.mailed)

    async def admit_link(self, address: str) -> None:
        """Count one link that is followed.

        Raises:
            RateLimited: too many from this network.
        """
        await self._admit(f"link:{address}", self._rules.link)

    async def forgive_sign_in(self, email: str, address: str) -> None:
        """Take a successful attempt back: the e-mail address starts afresh, the network gets one back."""
        await self._undo("clear", _mailbox(email))
        await self._undo("forgive", _network(address))

    async def _admit(self, subject: str, rule: AttemptRule) -> None:
        arguments = (rule.per_minute, rule.per_hour, round(rule.block_seconds * 1000))
        blocked_ms = await self._run("admit", subject, *arguments)
        blocked_seconds = self._local.admit(subject, rule) if blocked_ms is None else blocked_ms / 1000
        if blocked_seconds > 0:
            raise RateLimited("Too many attempts; wait before trying again.", retry_after_seconds=blocked_seconds)

    async def _undo(self, verb: str, subject: str) -> None:
        if verb == "clear":
            self._local.clear(subject)
        else:
            self._local.forgive(subject)
        await self._run(verb, subject)

    async def _run(self, verb: str, subject: str, *arguments: int) -> int | None:
        """Run the script; None where Redis is away, which is then left alone for some seconds."""
        if time.monotonic() < self._away_until:
            return None
        tag = f"attempts:{{{subject}}}"
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                return int(
                    await self._script(keys=[f"{tag}:block", f"{tag}:minute", f"{tag}:hour"], args=[verb, *arguments])
                )
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + REDIS_PAUSE_SECONDS
            log.warning("attempts_counted_locally", error=repr(error))
            return None


def _network(address: str) -> str:
    return f"sign-in:{address}"


def _mailbox(email: str) -> str:
    # Redis need not know who signs in.
    return f"email:{hashlib.sha256(email.lower().encode()).hexdigest()[:32]}"
