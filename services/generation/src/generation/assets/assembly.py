"""Puts the parts for pictures together: what the service needs to take them in, and workers to bring them to kinds."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from common.db.database import Database
from common.http.outbound import GuardedFetcher
from generation.assets.keeping import AssetKeeping
from generation.assets.pictures import Pictures
from generation.assets.uploading import AssetUploads
from generation.engine.input_images import InputImages
from generation.local.pool import LocalPool
from generation.providers.cloudinary_account import CloudinaryAccount, parse_account
from generation.providers.imaging import Imaging
from generation.providers.ports import ArtefactStore
from generation.providers.retry_policy import RetryPolicy
from generation.providers.settings import StorageSettings
from generation.settings import GenerationSettings

FETCHES_MAX = 8
"""Of addresses that customers name, at the same time."""


@dataclass(frozen=True, slots=True)
class AssetParts:
    """What takes pictures in and lets them go."""

    uploads: AssetUploads
    keeping: AssetKeeping
    store: ArtefactStore


def build_assets(
    settings: GenerationSettings,
    storage: StorageSettings,
    database: Database,
    pool: LocalPool,
    closing: AsyncExitStack,
) -> AssetParts:
    """The service's part.

    Raises:
        ConfigurationError: `CLOUDINARY_URL` does not say where pictures are kept.
    """
    from generation.providers.cloudinary_download import CloudinaryDownloads
    from generation.providers.cloudinary_store import CloudinaryStore
    from generation.providers.cloudinary_ticket import sign_upload

    account, policy = _account(storage), _policy(storage)
    imaging = Imaging(threads_max=1)
    closing.callback(imaging.close)
    store = CloudinaryStore(account, imaging=imaging, policy=policy)
    closing.push_async_callback(store.aclose)
    downloads = CloudinaryDownloads(account, policy=policy)
    closing.push_async_callback(downloads.aclose)
    uploads = AssetUploads(
        database,
        pictures=Pictures(pool, pixels_max=settings.picture_pixels_max),
        store=store,
        downloads=downloads,
        sign_upload=partial(sign_upload, account),
    )
    return AssetParts(uploads, AssetKeeping(database, store), store)


def build_input_images(
    settings: GenerationSettings,
    storage: StorageSettings,
    database: Database,
    pool: LocalPool,
    closing: AsyncExitStack,
) -> InputImages:
    """A worker's part.

    Raises:
        ConfigurationError: `CLOUDINARY_URL` does not say where pictures are kept.
    """
    from generation.providers.cloudinary_download import CloudinaryDownloads

    downloads = CloudinaryDownloads(_account(storage), policy=_policy(storage))
    closing.push_async_callback(downloads.aclose)
    fetcher = GuardedFetcher(
        allow_http=True, allow_hosts=settings.image_hosts, connections_max=FETCHES_MAX, user_agent="Atelier/1 (images)"
    )
    closing.push_async_exit(fetcher)
    pictures = Pictures(pool, pixels_max=settings.picture_pixels_max)
    return InputImages(database, pictures=pictures, downloads=downloads, fetcher=fetcher)


def _account(storage: StorageSettings) -> CloudinaryAccount:
    return parse_account(storage.cloudinary_url.get_secret_value())


def _policy(storage: StorageSettings) -> RetryPolicy:
    return RetryPolicy(
        tries_max=storage.generation_tries_max,
        backoff_base_seconds=storage.generation_retry_base_seconds,
        wait_max_seconds=storage.generation_retry_wait_max_seconds,
        call_timeout_seconds=storage.generation_store_timeout_seconds,
    )
