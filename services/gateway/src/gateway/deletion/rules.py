"""Owns what a deletion is: who keeps something of an account, and the receipt with which its progress is read."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from common.ids import new_id

Processor = Literal["gateway", "generation", "notifier", "billing"]
Status = Literal["pending", "done", "kept"]

ASKED: tuple[Processor, ...] = ("gateway", "generation", "notifier")
KEPT: dict[Processor, str] = {
    "billing": "Purchases and ledger entries are kept for as long as tax law asks; they name no person."
}

PREFIX = "atl_receipt_"
_WELL_FORMED = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class NewDeletion:
    """A deletion about to be asked for; drawn before the transaction, so that it can be repeated."""

    deletion_id: UUID
    receipt: str
    receipt_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What one keeper has answered."""

    processor: str
    status: str
    detail: dict[str, Any] | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """How far a deletion is."""

    deletion_id: UUID
    requested_at: datetime
    completed_at: datetime | None
    answers: tuple[Answer, ...]


def new_deletion() -> NewDeletion:
    """A fresh deletion with its receipt: the account that could have read its progress is gone."""
    receipt = PREFIX + secrets.token_urlsafe(32)
    return NewDeletion(new_id(), receipt, digest(receipt))


def is_well_formed(receipt: str) -> bool:
    """Whether the text can be a receipt at all."""
    return _WELL_FORMED.fullmatch(receipt) is not None


def digest(receipt: str) -> bytes:
    """What is stored of a receipt. A fast hash is right here: there is nothing to guess."""
    return hashlib.sha256(receipt.encode()).digest()
