"""Names and limits of the streams, and who reads which. The only place where Redis keys of the bus are made."""

from types import MappingProxyType

PREFIX = "atelier"

SUBSCRIBERS = MappingProxyType(
    {
        "jobs": frozenset({"billing", "generation", "notifier"}),
        "credits": frozenset({"gateway", "generation", "notifier"}),
        "runs": frozenset({"gateway", "billing", "notifier"}),
        "accounts": frozenset({"billing", "generation", "notifier"}),
        "kinds": frozenset({"gateway"}),
        "deliveries": frozenset({"gateway"}),
        "features": frozenset({"notifier"}),
    }
)
"""Which consumer groups must have acknowledged an entry before its stream may be trimmed."""

PUBLISHERS = MappingProxyType(
    {
        "gateway": frozenset({"jobs", "accounts", "features"}),
        "billing": frozenset({"credits"}),
        "generation": frozenset({"runs", "kinds"}),
        "notifier": frozenset({"deliveries"}),
    }
)
"""The one service that writes each topic."""


def topics_of(group: str) -> tuple[str, ...]:
    """The topics a consumer group reads."""
    return tuple(sorted(topic for topic, groups in SUBSCRIBERS.items() if group in groups))


def stream_key(topic: str) -> str:
    """The stream of a topic. The hash tag keeps a topic's keys on one cluster slot."""
    return f"{PREFIX}:{{{topic}}}:events"


def epoch_key(topic: str) -> str:
    """The marker whose loss tells that the stream was emptied."""
    return f"{PREFIX}:{{{topic}}}:epoch"


def parse_entry_id(entry_id: str) -> tuple[int, int]:
    """A stream entry's id as two comparable numbers: milliseconds and sequence."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
