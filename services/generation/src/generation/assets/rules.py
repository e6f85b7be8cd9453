"""The rules of assets: what is taken, how much of it, how long it is kept."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

ASSET_PREFIX = "ast"

UNSUPPORTED_IMAGE = "UNSUPPORTED_IMAGE"
IMAGE_TOO_LARGE = "IMAGE_TOO_LARGE"

PICTURE_BYTES_MAX = 15 * 1024 * 1024
"""Of the file as it comes."""

UNUSED_FOR = timedelta(days=30)
"""An asset that no job has used for so long is deleted."""

UPLOAD_TIME = timedelta(minutes=10)
"""How long an upload may take, the direct one from signature to completion."""

_MAGIC = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)
MAGIC_BYTES = 12


def looks_like_picture(head: bytes) -> bool:
    """Whether a file that begins so (12 bytes) can be JPEG, PNG or WebP; only the decoder knows whether it is."""
    return _MAGIC.match(head) is not None


class PictureRefused(Exception):
    """A file is no picture we work with; `code` is stable, `detail` is for its owner."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a plan permits: assets a day, and bytes kept at any time."""

    assets_per_day: int
    bytes_max: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """A place for an asset that is about to come, by way of us or directly into storage."""

    asset_id: UUID
    account_id: UUID
    direct: bool
    idempotency_key: str | None
    seconds: float


def picture_key(account_hex: str, asset_hex: str) -> str:
    """Where the clean picture is kept."""
    return f"assets/{account_hex}/{asset_hex}"


def upload_key(account_hex: str, asset_hex: str) -> str:
    """Where a direct upload lands, unread and unclean, until it is completed."""
    return f"uploads/{account_hex}/{asset_hex}"
