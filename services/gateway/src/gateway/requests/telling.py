"""Owns telling a client what a limit leaves them: in headers of whatever answer there will be, and in a refusal."""

from common.errors import RateLimited
from common.http.noted_headers import note_headers
from gateway.requests.rules import Allowance, Policy


def tell(policy: Policy, allowance: Allowance) -> None:
    """Note `RateLimit` and `RateLimit-Policy` for the answer.

    Raises:
        RateLimited: this request was one too many.
    """
    note_headers(allowance.headers(policy))
    if allowance.wait_seconds > 0:
        raise RateLimited(
            f"At most {allowance.per_minute} such requests a minute for one {allowance.subject}.",
            retry_after_seconds=allowance.wait_seconds,
            rule=policy,
            subject=allowance.subject,
            limit=allowance.per_minute,
        )
