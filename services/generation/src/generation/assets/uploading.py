"""How pictures come in: through us or straight into storage, each counted first and clean before anybody can use it."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog
from starlette.exceptions import HTTPException

from common.clock import now
from common.db.database import Database, is_transient
from common.db.unit_of_work import UnitOfWork
from common.errors import (
    Conflict,
    DependencyUnavailable,
    Forbidden,
    IdempotencyMismatch,
    NotFound,
    OperationInProgress,
    PayloadTooLarge,
    QuotaExceeded,
    TooManyInFlight,
    UnsupportedImage,
)
from common.http.identity import Caller
from common.ids import new_id
from generation.assets import storage
from generation.assets.pictures import PictureFacts, Pictures
from generation.assets.receiving import receive_file
from generation.assets.rules import (
    IMAGE_TOO_LARGE,
    PICTURE_BYTES_MAX,
    UPLOAD_TIME,
    PictureRefused,
    Reservation,
    picture_key,
    upload_key,
)
from generation.assets.storage import Asset, Found
from generation.local.failures import LocalWorkFailed
from generation.providers.errors import ProviderError
from generation.providers.ports import ArtefactStore, StoredArtefact
from generation.providers.transfers import Downloads, NothingStored, SignUpload, TooLong, UploadTicket

log = structlog.get_logger(__name__)

RECEIVE_SECONDS_MAX = 60.0
HANDLE_SECONDS_MAX = 180.0
"""For everything after the last byte: the decoder's turn, storage's tries."""
AT_ONCE_MAX = 16
"""Uploads one process has in hands; each is a file on disk of up to 15 MB and a wait for the decoder."""
OPEN_PER_ACCOUNT_MAX = 4
AWAITING_PER_ACCOUNT_MAX = 20
FOLDER_PREFIX = "atelier-upload-"
_SLACK = timedelta(minutes=1)
"""Clocks differ: nothing is taken from a place a minute after the last upload there could have begun."""


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A direct upload that may come until `expires_at`."""

    asset_id: UUID
    ticket: UploadTicket
    expires_at: datetime


class AssetUploads:
    """The ways in."""

    def __init__(
        self,
        database: Database,
        *,
        pictures: Pictures,
        store: ArtefactStore,
        downloads: Downloads,
        sign_upload: SignUpload,
        folder: Path | None = None,
        receive_seconds_max: float = RECEIVE_SECONDS_MAX,
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._store = store
        self._downloads = downloads
        self._sign_upload = sign_upload
        self._folder = folder
        self._receive_seconds_max = receive_seconds_max
        self._places = asyncio.Semaphore(AT_ONCE_MAX)

    async def receive(
        self, caller: Caller, key: str | None, chunks: AsyncIterator[bytes], boundary: bytes
    ) -> tuple[Asset, bool]:
        """Take an uploaded picture; with True when an earlier request with this key has brought it already.

        Raises:
            UnsupportedImage, PayloadTooLarge, ValidationFailed: it is no picture we take.
            QuotaExceeded, TooManyInFlight: the account has brought enough for now.
            IdempotencyMismatch, OperationInProgress: the key stands for another file, or is in use right now.
            DependencyUnavailable: this process or storage has too much to do.
            HTTPException: 408, the sender is too slow.
        """
        async with self._place(), _private_folder(self._folder) as folder:
            asset_id = new_id()
            seconds = self._receive_seconds_max + HANDLE_SECONDS_MAX
            known = await self._reserve(caller, Reservation(asset_id, caller.account_id, False, key, seconds))
            if known is not None:
                return await self._again(known, chunks, boundary, folder), True
            async with self._given_up_on_failure(caller.account_id, asset_id):
                received = await self._receive(chunks, boundary, folder / "raw")
                return await self._keep(caller, asset_id, folder, received), False

    async def open(self, caller: Caller, key: str | None) -> OpenUpload:
        """Permit one direct upload.

        Raises:
            QuotaExceeded, TooManyInFlight: the account has brought enough for now.
            IdempotencyMismatch: the key stands for another upload.
        """
        seconds = (UPLOAD_TIME + _SLACK).total_seconds()
        reservation = Reservation(new_id(), caller.account_id, True, key, seconds)
        asset_id, expires_at = reservation.asset_id, now() + UPLOAD_TIME
        known = await self._reserve(caller, reservation)
        if known is not None:
            if known.upload_key is None or known.state != "awaiting":
                raise IdempotencyMismatch
            asset_id, expires_at = known.asset_id, known.upload_until - _SLACK
        lasts = expires_at - now()
        if lasts <= timedelta(seconds=1):
            raise Conflict("The upload under this Idempotency-Key has expired.")
        place = upload_key(caller.account_id.hex, asset_id.hex)
        return OpenUpload(asset_id, self._sign_upload(place, lasts), expires_at)

    async def complete(self, caller: Caller, asset_id: UUID) -> Asset:
        """Fetch what a direct upload has brought, clean it, and make it an asset. Again gives the asset again.

        Raises:
            NotFound: no such upload, or it has expired.
            Conflict: nothing has arrived.
            OperationInProgress: it is being completed.
            UnsupportedImage, PayloadTooLarge: it is no picture we take; the upload is over.
            QuotaExceeded: there is no room for it.
        """
        async with self._place(), _private_folder(self._folder) as folder:
            arrived_at = await self._database.transact(storage.take_upload, caller.account_id, asset_id)
            if arrived_at is None:
                return await self._completed_before(caller.account_id, asset_id)
            async with self._given_up_on_failure(caller.account_id, asset_id):
                try:
                    await self._downloads.fetch(arrived_at, None, to=folder / "raw", bytes_max=PICTURE_BYTES_MAX)
                except NothingStored:
                    await self._database.transact(storage.wait_again, asset_id)
                    raise Conflict("Nothing has arrived under this upload yet.") from None
                except TooLong as error:
                    detail = f"A picture has at most {PICTURE_BYTES_MAX // 1024**2} MB."
                    raise PictureRefused(IMAGE_TOO_LARGE, detail) from error
                received = await asyncio.to_thread(_sha256, folder / "raw")
                return await self._keep(caller, asset_id, folder, received)

    async def delete(self, account_id: UUID, asset_id: UUID) -> None:
        """Give an asset up; storage forgets it shortly after.

        Raises:
            NotFound: there is none.
        """
        states = ("ready", "awaiting", "failed")
        if not await self._database.transact(_end, account_id, asset_id, "deleting", states):
            raise NotFound

    def link(self, asset: Asset, expires_in: timedelta) -> str:
        """A signed address of the picture that lapses."""
        stored = StoredArtefact(
            asset.public_id, asset.version, asset.size_bytes, asset.media_type, asset.width, asset.height, None
        )
        extension = {"image/jpeg": "jpg"}.get(asset.media_type, asset.media_type.removeprefix("image/"))
        return self._store.signed_url(stored, expires_in=expires_in, format=extension)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._places.locked():
            raise DependencyUnavailable("Too many uploads at once; try again shortly.", retry_after_seconds=2)
        async with self._places:
            yield

    async def _reserve(self, caller: Caller, reservation: Reservation) -> Found | None:
        return await self._database.transact(_reserve, caller.plan, reservation)

    async def _again(self, known: Found, chunks: AsyncIterator[bytes], boundary: bytes, folder: Path) -> Asset:
        """The first answer to a key that was used before, if the file is the same."""
        if known.state == "open":
            raise OperationInProgress(retry_after_seconds=2)
        if known.asset is None or known.upload_key is not None:
            raise IdempotencyMismatch
        if await self._receive(chunks, boundary, folder / "raw") != known.received_sha256:
            raise IdempotencyMismatch
        return known.asset

    async def _receive(self, chunks: AsyncIterator[bytes], boundary: bytes, to: Path) -> str:
        deadline = asyncio.timeout(self._receive_seconds_max)
        try:
            async with deadline:
                return await receive_file(chunks, boundary, to)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise HTTPException(408, "The upload took too long.", headers={"Connection": "close"}) from None
        except PictureRefused as error:
            raise _as_answer(error) from error

    async def _keep(self, caller: Caller, asset_id: UUID, folder: Path, received_sha256: str) -> Asset:
        clean = folder / "clean"
        try:
            async with asyncio.timeout(HANDLE_SECONDS_MAX):
                facts = await self._pictures.clean(folder / "raw", clean)
                await asyncio.to_thread((folder / "raw").unlink)
                stored = await self._store.put(
                    await asyncio.to_thread(clean.read_bytes),
                    key=picture_key(caller.account_id.hex, asset_id.hex),
                    media_type=facts.media_type,
                )
        except (ProviderError, LocalWorkFailed, TimeoutError) as error:
            log.warning("asset_not_stored", error=repr(error)[:300])
            raise DependencyUnavailable(retry_after_seconds=5) from error
        asset = await self._database.transact(_finish, caller, asset_id, facts, stored.version, received_sha256)
        if asset is None:
            raise NotFound("The upload was given up meanwhile.")
        return asset

    @asynccontextmanager
    async def _given_up_on_failure(self, account_id: UUID, asset_id: UUID) -> AsyncIterator[None]:
        """Where an upload comes to nothing, whatever of it is in storage is deleted and its key is free again."""
        try:
            yield
        except BaseException as error:  # a sender who goes away is a cancellation
            refused = isinstance(error, PictureRefused | UnsupportedImage | PayloadTooLarge)
            state = "failed" if refused else "deleting"
            if not isinstance(error, Conflict):  # nothing has arrived yet: it goes on waiting
                await asyncio.shield(self._give_up(account_id, asset_id, state))
            if isinstance(error, PictureRefused):
                raise _as_answer(error) from error
            raise

    async def _give_up(self, account_id: UUID, asset_id: UUID, state: str) -> None:
        try:
            await self._database.transact(_end, account_id, asset_id, state, ("open",))
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("upload_not_given_up", error=repr(error)[:200])  # it lapses by itself

    async def _completed_before(self, account_id: UUID, asset_id: UUID) -> Asset:
        found = await storage.find(self._database, account_id, asset_id)
        if found is None or found.state in ("awaiting", "failed", "deleting"):
            raise NotFound
        if found.asset is None:
            raise OperationInProgress(retry_after_seconds=2)
        return found.asset


async def _reserve(uow: UnitOfWork, plan: str, reservation: Reservation) -> Found | None:
    """Count the asset before it comes. What an earlier request with the same key made is answered instead."""
    account_id, key = reservation.account_id, reservation.idempotency_key
    await storage.lock_account(uow, account_id)
    if key is not None:
        known = await storage.by_key(uow, account_id, key)
        if known is not None and known.asset_id != reservation.asset_id:
            if not (known.lapsed and known.state in ("open", "awaiting")):
                return known
            await storage.end(uow, account_id, known.asset_id, "deleting", of=("open", "awaiting"))
    has = await storage.holdings(uow, account_id, plan)
    if has.closed:
        raise Forbidden("The account is being deleted.")
    if has.today >= has.allowance.assets_per_day:
        raise QuotaExceeded(
            f"The plan allows {has.allowance.assets_per_day} assets a day.", retry_after_seconds=has.next_seconds
        )
    if has.bytes >= has.allowance.bytes_max:
        raise QuotaExceeded(_FULL.format(megabytes=has.allowance.bytes_max // 1024**2))
    if has.open >= OPEN_PER_ACCOUNT_MAX or has.awaiting >= AWAITING_PER_ACCOUNT_MAX:
        raise TooManyInFlight("Too many uploads are under way; finish some first.", retry_after_seconds=5)
    await storage.insert(uow, reservation)
    return None


async def _finish(
    uow: UnitOfWork, caller: Caller, asset_id: UUID, facts: PictureFacts, version: int, received_sha256: str
) -> Asset | None:
    await storage.lock_account(uow, caller.account_id)
    has = await storage.holdings(uow, caller.account_id, caller.plan)
    if has.closed:
        raise Forbidden("The account is being deleted.")
    if has.bytes + facts.size_bytes > has.allowance.bytes_max:
        raise QuotaExceeded(_FULL.format(megabytes=has.allowance.bytes_max // 1024**2))
    return await storage.finish(uow, asset_id, facts, version=version, received_sha256=received_sha256)


async def _end(uow: UnitOfWork, account_id: UUID, asset_id: UUID, state: str, states: tuple[str, ...]) -> bool:
    return await storage.end(uow, account_id, asset_id, state, of=states)


def _as_answer(error: PictureRefused) -> UnsupportedImage | PayloadTooLarge:
    return PayloadTooLarge(error.detail) if error.code == IMAGE_TOO_LARGE else UnsupportedImage(error.detail)


@asynccontextmanager
async def _private_folder(where: Path | None) -> AsyncIterator[Path]:
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=FOLDER_PREFIX, dir=where))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_FULL = "The plan keeps {megabytes} MB of assets; delete some first."
