"""What is asked of storage beside keeping artefacts: files back as they are, and leave to upload directly."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol


class NothingStored(Exception):
    """There is no such file."""


class TooLong(Exception):
    """The file is longer than the caller takes."""


@dataclass(frozen=True, slots=True)
class UploadTicket:
    """POST `fields` and then the file as `file` to `url` as multipart/form-data."""

    url: str
    fields: dict[str, str]


SignUpload = Callable[[str, timedelta], UploadTicket]
"""`(public_id, how long it is good for)`."""


class Downloads(Protocol):
    """Fetches stored files into files of ours."""

    async def fetch(self, public_id: str, version: int | None, *, to: Path, bytes_max: int) -> None:
        """Write the file into `to`, byte by byte what was stored.

        Raises:
            NothingStored: there is none.
            TooLong: it has more than `bytes_max`.
            ProviderError: storage did not answer.
        """
        ...
