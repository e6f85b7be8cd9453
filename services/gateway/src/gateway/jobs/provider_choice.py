"""The header `On-Provider-Down`: what a job does when the provider of choice is down, as its submitter wants it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import ValidationFailed
from common.events.jobs import PROVIDER_WAIT_SECONDS_MAX, OnProviderDown

HEADER = "On-Provider-Down"
WAIT_SECONDS = 600
_FORM = re.compile(r"\s*(?:(?P<end>fallback|cancel)|wait(?:\s*;\s*seconds\s*=\s*(?P<seconds>[0-9]{1,6}))?)\s*")


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """`wait` goes with the seconds after which waiting is in vain."""

    on_provider_down: OnProviderDown = "fallback"
    wait_seconds: int = 0


def read_provider_choice(headers: Mapping[str, str]) -> ProviderChoice:
    """What the header says: `fallback`, also where there is none, `cancel`, or `wait; seconds=600`.

    Raises:
        ValidationFailed: it says something else, or more than a day.
    """
    said = headers.get(HEADER.lower())
    if said is None:
        return ProviderChoice()
    read = _FORM.fullmatch(said)
    if read is None:
        raise _invalid()
    match read["end"]:
        case "cancel":
            return ProviderChoice("cancel")
        case "fallback":
            return ProviderChoice()
    seconds = WAIT_SECONDS if read["seconds"] is None else int(read["seconds"])
    if not 1 <= seconds <= PROVIDER_WAIT_SECONDS_MAX:
        raise _invalid()
    return ProviderChoice("wait", seconds)


def _invalid() -> ValidationFailed:
    detail = f"must be fallback, cancel, or wait; seconds=1 to {PROVIDER_WAIT_SECONDS_MAX}"
    return ValidationFailed([{"pointer": f"/headers/{HEADER}", "detail": detail, "code": "invalid"}])
