"""How work can end other than well: what the owner is told, and whether trying again makes sense."""

from typing import TypeGuard

from common.events.jobs import OnProviderDown
from generation.local.failures import FailureReason, LocalWorkFailed
from generation.providers.errors import AllProvidersFailed, Refused

_DOWN = {
    "cancel": "The provider of choice is down, and no other was to be asked.",
    "wait": "The provider of choice was still down when the time to wait for it was over.",
}


class JobFailed(Exception):
    """The job cannot be done; `code` is stable, `detail` is for its owner."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


def is_provider_down(error: BaseException) -> TypeGuard[AllProvidersFailed]:
    """Whether the error says that whoever was to be asked could not do it, and that later they may."""
    return isinstance(error, AllProvidersFailed)


def verdict(error: BaseException, on_provider_down: OnProviderDown = "fallback") -> JobFailed | None:
    """What an error of a kind means for its owner; nothing for those that are ours and may pass."""
    match error:
        case JobFailed():
            return error
        case Refused():
            return JobFailed(error.code.upper(), error.detail)
        case AllProvidersFailed() if on_provider_down != "fallback":
            return JobFailed("PROVIDER_DOWN", _DOWN[on_provider_down])
        case AllProvidersFailed():
            return JobFailed("PROVIDERS_UNAVAILABLE", "None of our providers could do this at the moment.")
        case LocalWorkFailed(reason=FailureReason.REFUSED):
            return JobFailed(error.code, error.detail)
        case LocalWorkFailed(reason=FailureReason.OUT_OF_MEMORY | FailureReason.OUT_OF_CPU):
            return JobFailed("TOO_DEMANDING", "This takes more memory or time than a job may have.")
    return None
