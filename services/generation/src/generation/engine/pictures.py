"""What customers are told when a picture of theirs cannot be worked on by any provider."""

from generation.assets.rules import IMAGE_TOO_LARGE
from generation.engine.failures import JobFailed
from generation.providers.chain import Q, R
from generation.providers.cut_outs import NO_SUBJECT
from generation.providers.errors import AllProvidersFailed
from generation.providers.router import Router


def ensure_taken(router: Router[Q, R], request: Q) -> None:
    """Turn a picture down that no entry of the chain takes, before anything is bought.

    Raises:
        JobFailed: `IMAGE_TOO_LARGE`.
    """
    if not router.takes(request):
        raise JobFailed(IMAGE_TOO_LARGE, "The picture has more pixels than this work can be done on.")


def no_subject(error: AllProvidersFailed) -> JobFailed | None:
    """The failure to tell where providers answered that nothing stands out; nothing where they did not answer so."""
    if not any(attempt.error is not None and attempt.error.code in NO_SUBJECT for attempt in error.attempts):
        return None
    return JobFailed("NO_SUBJECT", "Nothing in the picture stands out from its background.")
