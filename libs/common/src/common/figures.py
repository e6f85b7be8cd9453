"""Where generation keeps its queue figures and the places of waiting runs for others: small JSON texts in Redis.

All of it is hints: nothing is lost with them.
"""

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from uuid import UUID

FIGURES_TTL_SECONDS = 60


def figures_key() -> str:
    """The key of the document: `{durations: {kind: [p50, p90]}, loads: {class: [waiting, running]}, slots: {…}}`."""
    return "atelier:{figures}:queues"


PLACES_TTL_SECONDS = 10
PLACES_CHANNEL = "atelier:{places}:moved"
"""Tells which waiting runs have other places now, as `encode_places` writes them."""


def places_key() -> str:
    """The key of what stands at the head of each class's queue now, as `encode_places` writes it."""
    return "atelier:{places}:now"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting run stands, and the interval in which it is expected to start and how long it will take."""

    account_id: UUID
    job_id: UUID
    position: int
    start_seconds_p50: float
    start_seconds_p90: float
    duration_seconds_p50: float
    duration_seconds_p90: float


def encode_places(places: Iterable[Place]) -> str:
    """The text of some places."""
    return json.dumps(
        [[place.account_id.hex, place.job_id.hex, *astuple(place)[2:]] for place in places], separators=(",", ":")
    )


def decode_places(text: bytes | str) -> list[Place]:
    """The places of a text.

    Raises:
        ValueError: it is none.
    """
    try:
        return [
            Place(UUID(hex=account), UUID(hex=job), int(position), *(float(value) for value in seconds))
            for account, job, position, *seconds in json.loads(text)
        ]
    except (TypeError, AttributeError) as error:
        raise ValueError("not a text of places") from error
