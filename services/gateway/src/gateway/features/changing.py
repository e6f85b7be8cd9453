"""The use case of changing a switch: state, audit and the event that tells of it commit together."""

from common.db.unit_of_work import UnitOfWork
from common.events.features import Features, FeaturesChanged
from gateway.features.rules import InvalidSwitch, kind_of
from gateway.features.storage import Change, apply, is_kind, load

WORDS_LENGTH_MAX = 300


async def change_switch(uow: UnitOfWork, change: Change) -> Features:
    """Change one switch; answers all as they are then. The same change twice is one.

    Raises:
        InvalidSwitch: it is about a kind nobody has declared, or does not say who and why.
    """
    for words in (change.changed_by, change.why):
        if not 1 <= len(words.strip()) <= WORDS_LENGTH_MAX:
            raise InvalidSwitch("a change says who makes it and why, in 1 to 300 characters each")
    kind = kind_of(change.key)
    if kind and change.switch is not None and not await is_kind(uow, kind):
        raise InvalidSwitch(f"nobody has declared a kind {kind!r}")
    is_news = await apply(uow, change)
    features, _ = await load(uow.connection)
    if is_news:
        uow.emit(
            FeaturesChanged(features=features, key=change.key, changed_by=change.changed_by.strip(), why=change.why)
        )
    return features
