"""Owns how often one may try what can be guessed, costs a mail, or tries out cards: the numbers."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AttemptRule:
    """How many attempts in a minute and in an hour; one more blocks the subject for `block_seconds`."""

    per_minute: int
    per_hour: int
    block_seconds: float = 900.0


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
        purchase: pages of payment of one account.
        order: pages of payment that one network opens without an account.
    """

    email: AttemptRule = field(default=AttemptRule(6, 12))
    address: AttemptRule = field(default=AttemptRule(30, 120))
    sign_up: AttemptRule = field(default=AttemptRule(10, 60))
    reset_email: AttemptRule = field(default=AttemptRule(2, 5))
    reset_address: AttemptRule = field(default=AttemptRule(10, 40))
    password: AttemptRule = field(default=AttemptRule(6, 12))
    mail: AttemptRule = field(default=AttemptRule(2, 5))
    mailed: AttemptRule = field(default=AttemptRule(2, 5))
    link: AttemptRule = field(default=AttemptRule(30, 120))
    purchase: AttemptRule = field(default=AttemptRule(12, 30))
    order: AttemptRule = field(default=AttemptRule(12, 30))
