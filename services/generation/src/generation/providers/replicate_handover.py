"""Customers' pictures on their way into one prediction, and out of Replicate again afterwards."""

import asyncio
import base64

import httpx2
import structlog

from generation.providers.picture_ports import SourcePicture
from generation.providers.ports import PICTURE_BYTES_MAX
from generation.providers.replicate_api import Call, ReplicateApi

_FORGET_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Handover:
    """The pictures of one prediction. Inputs and outputs Replicate drops after an hour, uploaded files it does not."""

    def __init__(self, api: ReplicateApi, wire: Call) -> None:
        self._api = api
        self._wire = wire
        self._file_ids: list[str] = []

    async def address(self, picture: SourcePicture) -> str:
        """What an input says for ``picture``: a data address where it is small, else that of an uploaded file.

        Raises:
            ProviderError: it could not be uploaded; nothing was bought.
        """
        content = await picture.read()
        if len(content) <= PICTURE_BYTES_MAX:
            return f"data:{picture.media_type};base64,{base64.b64encode(content).decode('ascii')}"
        file = await self._api.upload(self._wire, content, name=picture.file_name, media_type=picture.media_type)
        self._file_ids.append(file.id)
        return file.address

    async def forget(self) -> None:
        """Remove what was uploaded. Best effort; nobody waits for it long."""
        for file_id in self._file_ids:
            try:
                async with asyncio.timeout(_FORGET_SECONDS):
                    await self._api.delete_file(self._wire, file_id)
            except (httpx2.HTTPError, TimeoutError) as error:
                log.warning("uploaded_file_not_removed", file_id=file_id, error=repr(error))
        self._file_ids.clear()
