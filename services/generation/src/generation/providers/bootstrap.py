"""The one place where the providers are put together: a router for each capability, and the artefact store.

A new capability is a port, its adapters in ``vendors``, and a router built here beside the others.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.asyncio import Redis

from generation.local.pool import LocalPool, PoolLimits
from generation.providers.budget import SpentFn
from generation.providers.catalogue import Catalogue, load_catalogue
from generation.providers.cloudinary_account import parse_account
from generation.providers.imaging import Imaging
from generation.providers.keys import ApiKey
from generation.providers.picture_ports import (
    CutOutRequest,
    EnlargedFile,
    ImageEditRequest,
    UpscaleRequest,
)
from generation.providers.ports import (
    IMAGE_LOOK,
    TEXT_WRITE,
    ArtefactStore,
    ImageRequest,
    LateCosts,
    ProviderImage,
    ProviderText,
    TextRequest,
)
from generation.providers.router import Router
from generation.providers.routers import Routers, policy_of
from generation.providers.settings import ProviderSettings, split_keys
from generation.providers.transfers import Downloads
from generation.providers.vendors import known_vendors

_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Providers:
    """Everything of the outside world that generation uses."""

    images: Router[ImageRequest, ProviderImage]
    edits: Router[ImageEditRequest, ProviderImage]
    cut_outs: Router[CutOutRequest, ProviderImage]
    upscales: Router[UpscaleRequest, EnlargedFile]
    texts: Router[TextRequest, ProviderText]
    looks: Router[TextRequest, ProviderText]
    artefacts: ArtefactStore
    downloads: Downloads
    imaging: Imaging
    late_costs: Mapping[str, LateCosts]
    """Providers that know afterwards what a purchase has cost."""
    link_lasts: timedelta
    """How long the signed addresses of artefacts work."""
    _closing: AsyncExitStack

    async def aclose(self) -> None:
        """Close all connections and threads."""
        async with asyncio.timeout(_CLOSE_SECONDS):
            await self._closing.aclose()


async def _nothing_spent(provider: str, since: datetime) -> int | None:
    """For callers that record no attempts."""
    return 0


def build_providers(
    settings: ProviderSettings,
    redis: "Redis | None",
    spent: SpentFn = _nothing_spent,
    pool: LocalPool | None = None,
) -> Providers:
    """Put the providers together; nothing is sent anywhere.

    ``redis`` shares circuits, resting keys and budgets among workers; None keeps them in this process. ``spent``
    tells what the recorded attempts have cost. ``pool`` does the work of the processor; without one the providers have
    a pool of their own.

    Raises:
        ConfigurationError: a chain names a provider without key, an unknown one, or a model without price.
    """
    catalogue = load_catalogue(settings.generation_catalogue_file)
    imaging = Imaging()
    closing = AsyncExitStack()
    closing.callback(imaging.close)
    if pool is None:
        pool = LocalPool(PoolLimits())
        closing.push_async_callback(pool.drain)
    vendors = known_vendors(settings, catalogue, imaging, pool, closing.push_async_callback)
    routers = Routers(settings, redis, catalogue, vendors, spent)
    return Providers(
        images=routers.images(),
        edits=routers.edits(),
        cut_outs=routers.cut_outs(),
        upscales=routers.upscales(),
        texts=routers.texts(TEXT_WRITE, settings.generation_text_chain, "GENERATION_TEXT_CHAIN"),
        looks=routers.texts(IMAGE_LOOK, settings.generation_look_chain, "GENERATION_LOOK_CHAIN"),
        artefacts=_store(settings, imaging, closing),
        downloads=_downloads(settings, closing),
        imaging=imaging,
        late_costs=_late_costs(settings, catalogue, closing),
        link_lasts=timedelta(seconds=settings.generation_link_seconds),
        _closing=closing,
    )


def _late_costs(settings: ProviderSettings, catalogue: Catalogue, closing: AsyncExitStack) -> Mapping[str, LateCosts]:
    keys = [ApiKey(secret) for secret in split_keys(settings.replicate_api_token)]
    if not keys:
        return {}
    from generation.providers.replicate_api import ReplicateApi
    from generation.providers.replicate_late import LateReplicate

    api = ReplicateApi(settings.replicate_base_url, connections_max=2, provider="replicate")
    closing.push_async_callback(api.aclose)
    return {"replicate": LateReplicate(api, catalogue, keys)}


def _store(settings: ProviderSettings, imaging: Imaging, closing: AsyncExitStack) -> ArtefactStore:
    account = parse_account(settings.cloudinary_url.get_secret_value())
    from generation.providers.cloudinary_store import CloudinaryStore

    store = CloudinaryStore(
        account,
        imaging=imaging,
        policy=policy_of(settings, settings.generation_store_timeout_seconds),
        connections_max=settings.generation_provider_connections_max,
    )
    closing.push_async_callback(store.aclose)
    return store


def _downloads(settings: ProviderSettings, closing: AsyncExitStack) -> Downloads:
    from generation.providers.cloudinary_download import CloudinaryDownloads

    downloads = CloudinaryDownloads(
        parse_account(settings.cloudinary_url.get_secret_value()),
        policy=policy_of(settings, settings.generation_store_timeout_seconds),
    )
    closing.push_async_callback(downloads.aclose)
    return downloads
