"""Brings the pictures that customers name into private files of a run: from storage, or from anywhere on the net.

What kinds get is never the file as it came, but one that was decoded whole and written anew by a child process:
upright, eight bits, sRGB, without metadata.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from common.db.database import Database
from common.http.outbound import FetchFailed, GuardedFetcher, OutboundError
from common.ids import InvalidId, from_text
from common.telemetry.tracing import span
from generation.assets import storage
from generation.assets.pictures import Pictures
from generation.assets.rules import ASSET_PREFIX, IMAGE_TOO_LARGE, PICTURE_BYTES_MAX, PictureRefused
from generation.engine.failures import JobFailed
from generation.engine.run_folder import RunFolder
from generation.providers.transfers import Downloads, NothingStored

FETCH_SECONDS_MAX = 20.0
"""For everything: names, connections, redirects, the body."""
IMAGE_UNREACHABLE = "IMAGE_UNREACHABLE"
ASSET_NOT_FOUND = "ASSET_NOT_FOUND"


class NamesImage(Protocol):
    """What `ImageInput` says of its picture."""

    @property
    def asset_id(self) -> str | None:
        """An uploaded asset."""
        ...

    @property
    def image_url(self) -> str | None:
        """An address."""
        ...


@dataclass(frozen=True, slots=True)
class InputImage:
    """A customer's picture in a private file that goes with the run: JPEG, PNG or WebP, upright, 8 bits, sRGB.

    `sha256` (hex) is of the file as it stands here, so the same picture is the same text.
    """

    path: Path
    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str


class InputImages:
    """The ways a worker has to bring pictures; shared by all its runs.

    Args:
        folder: where files are kept while runs need them; the system's own place if not given.
    """

    def __init__(
        self,
        database: Database,
        *,
        pictures: Pictures,
        downloads: Downloads,
        fetcher: GuardedFetcher,
        folder: Path | None = None,
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._downloads = downloads
        self._fetcher = fetcher
        self._folder = folder

    def for_run(self, account_id: UUID) -> "RunImages":
        """The pictures of one run; close it when the run ends."""
        return RunImages(self, account_id)

    async def bring(self, request: NamesImage, account_id: UUID, folder: Path) -> InputImage:
        """Bring one picture into `folder`; see `RunImages.bring`."""
        raw, clean = folder / "raw", folder / "clean"
        with span("input image", attributes={"atelier.image_from": "asset" if request.asset_id else "url"}):
            try:
                if request.asset_id is not None:
                    await self._from_storage(request.asset_id, account_id, raw)
                elif request.image_url is not None:
                    await self._from_address(request.image_url, raw)
                else:
                    raise ValueError("the input names no picture")
                facts = await self._pictures.clean(raw, clean)
            except PictureRefused as error:
                raise JobFailed(error.code, error.detail) from error
            finally:
                await asyncio.to_thread(raw.unlink, missing_ok=True)
        return InputImage(clean, facts.media_type, facts.width, facts.height, facts.size_bytes, facts.sha256)

    async def _from_storage(self, asset_id: str, account_id: UUID, to: Path) -> None:
        try:
            wanted = from_text(ASSET_PREFIX, asset_id)
        except InvalidId:
            wanted = None
        asset = None if wanted is None else await storage.use(self._database, account_id, wanted)
        if asset is None:
            raise JobFailed(ASSET_NOT_FOUND, "There is no such asset.")
        try:
            await self._downloads.fetch(asset.public_id, asset.version, to=to, bytes_max=asset.size_bytes)
        except NothingStored as error:
            raise JobFailed(ASSET_NOT_FOUND, "The asset is not in storage any more.") from error

    async def _from_address(self, url: str, to: Path) -> None:
        try:
            await self._fetcher.get(url, max_bytes=PICTURE_BYTES_MAX, deadline=FETCH_SECONDS_MAX, to=to)
        except OutboundError as error:
            too_large = isinstance(error, FetchFailed) and error.reason == "too_large"
            raise JobFailed(IMAGE_TOO_LARGE if too_large else IMAGE_UNREACHABLE, str(error)) from error


class RunImages:
    """The pictures of one run, in a folder of its own that nobody else can read and that ends with the run."""

    def __init__(self, images: InputImages, account_id: UUID) -> None:
        self._images = images
        self._account_id = account_id
        self._folder = RunFolder(images._folder)
        self._count = 0

    async def bring(self, request: NamesImage) -> InputImage:
        """Fetch a picture and make it a file of the run.

        Raises:
            JobFailed: `ASSET_NOT_FOUND`, `IMAGE_UNREACHABLE`, `IMAGE_TOO_LARGE` or `UNSUPPORTED_IMAGE`.
            ProviderError: storage does not answer.
        """
        self._count += 1
        name = str(self._count)
        folder = (await self._folder.path()) / name
        await asyncio.to_thread(folder.mkdir, 0o700)
        return await self._images.bring(request, self._account_id, folder)

    async def aclose(self) -> None:
        """Remove the files."""
        await self._folder.aclose()
