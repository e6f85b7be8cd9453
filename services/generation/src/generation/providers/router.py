"""The only retry loop: walks an ordered chain of provider/model for one capability until one delivers.

Per entry a key is taken, the breaker is asked, the attempt is recorded, the provider is called. A refusal
ends everything; what can pass is tried again; what cannot goes on to the next entry. Purchases that an
earlier, interrupted run of the same step left open are fetched before anything is bought.
"""

from collections.abc import Sequence
from typing import Generic

from generation.providers.chain import ChainEntry, Q, R
from generation.providers.chain_run import ChainRun, NotDelivered
from generation.providers.errors import AllProvidersFailed
from generation.providers.ports import AttemptLog, OpenAttempt, ProgressFn
from generation.providers.retry_policy import Deadline, RetryPolicy


async def _no_progress(fraction: float, preview: bytes | None) -> None:
    """For callers that show none."""


class Router(Generic[Q, R]):
    """Delivers one capability through an ordered chain of providers."""

    def __init__(self, capability: str, chain: Sequence[ChainEntry[Q, R]], policy: RetryPolicy | None = None) -> None:
        if not chain:
            raise ValueError(f"the chain of {capability} is empty")
        self.capability = capability
        self.chain = tuple(chain)
        self._policy = policy or RetryPolicy()

    async def run(
        self,
        request: Q,
        *,
        attempts: AttemptLog,
        timeout_seconds: float,
        progress: ProgressFn = _no_progress,
        first_only: bool = False,
    ) -> R:
        """Deliver ``request`` within ``timeout_seconds``, buying as little as possible.

        With ``first_only`` nobody is asked in the place of the chain's first entry.

        Raises:
            Refused: a provider turned the input down; nobody else is asked.
            AllProvidersFailed: no entry delivered; it lists every attempt and when to come back.
        """
        run: ChainRun[Q, R] = ChainRun(
            request,
            capability=self.capability,
            log=attempts,
            deadline=(deadline := Deadline(timeout_seconds)),
            policy=self._policy,
            progress=progress,
        )
        for left_open in await attempts.open_attempts(self.capability):
            adopted = await run.adopt(left_open, self._entry_of(left_open))
            if not isinstance(adopted, NotDelivered):
                return adopted
        for entry in self.chain[:1] if first_only else self.chain:
            if deadline.remaining_seconds <= 0:
                break
            if not entry.takes(request):
                run.pass_over(entry, "cannot take this request")
                continue
            delivered = await run.buy(entry)
            if not isinstance(delivered, NotDelivered):
                return delivered
        raise AllProvidersFailed(self.capability, run.failures)

    def takes(self, request: Q) -> bool:
        """Whether any entry can take the request, so that one nobody can is turned down before anything is bought."""
        return any(entry.takes(request) for entry in self.chain)

    def _entry_of(self, attempt: OpenAttempt) -> ChainEntry[Q, R] | None:
        """The chain's entry the attempt was made through; None where the configuration no longer has it."""
        for entry in self.chain:
            if (entry.provider, entry.model) == (attempt.provider, attempt.model):
                return entry
        return None
