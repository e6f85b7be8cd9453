"""Owns what a link in a mail is good for: one purpose, once, for a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from pydantic import SecretStr

from common import clock
from common.errors import ValidationFailed
from common.ids import new_id
from common.link_tokens import LinkPurpose, hash_seed, new_seed, read_token

LIFETIMES = MappingProxyType({"verify": timedelta(hours=48), "reset": timedelta(hours=1), "email": timedelta(hours=24)})
LIVE_LINKS_MAX = 5
"""Of one user and purpose; with one more the oldest ends."""


class LinkNotValid(ValidationFailed):
    """The link was never ours, is for something else, has been used, or has lapsed: all look the same."""

    default_detail: ClassVar[str] = "This link is not valid any more; ask for a new one."

    def __init__(self) -> None:
        super().__init__([{"pointer": "/body/token", "detail": self.default_detail, "code": "link_not_valid"}])


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that is about to be stored; drawn before the transaction, so that it can be repeated.

    `email` is the address it goes to.
    """

    purpose: LinkPurpose
    seed: str
    token_hash: bytes
    email: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkUse:
    """One following of a link. `use_id` tells a repetition of this one from a second one."""

    purpose: LinkPurpose
    token_hash: bytes
    use_id: UUID


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link that was good; `is_new` is False when this very use was committed before."""

    user_id: UUID
    email: str
    is_new: bool


def new_link(purpose: LinkPurpose, email: str) -> NewLink:
    """A fresh link to be mailed to an address."""
    seed = new_seed()
    return NewLink(purpose, seed, hash_seed(seed), email, clock.now() + LIFETIMES[purpose])


def read_link(secrets: Sequence[SecretStr], purpose: LinkPurpose, token: str) -> LinkUse:
    """What a token asks for, before anything is looked up.

    Raises:
        LinkNotValid: we did not make it, or for another purpose.
    """
    seed = read_token(secrets, purpose, token)
    if seed is None:
        raise LinkNotValid
    return LinkUse(purpose, hash_seed(seed), new_id())
