"""Signed addresses that expire: what one is, and how long it works."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.clock import now
from generation.providers.ports import ArtefactStore, StoredArtefact


@dataclass(frozen=True, slots=True)
class Link:
    """An address that works for whoever has it, until its time."""

    url: str
    expires_at: datetime


def sign(store: ArtefactStore, artefact: StoredArtefact, suffix: str, lasts: timedelta) -> Link:
    """Sign an address; nothing is sent anywhere. It works a moment longer than is said, never shorter."""
    expires_at = (now() + lasts).replace(microsecond=0)
    return Link(store.signed_url(artefact, expires_in=lasts, format=suffix), expires_at)
