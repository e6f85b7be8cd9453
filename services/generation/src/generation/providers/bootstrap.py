"""The one place where the providers are put together; vendors' SDKs are imported here, on demand.

A new provider is a function in ``_VENDORS``; a new capability is a port, its adapters and a builder beside
``_image_router``.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis

from generation.providers.attempt import GRACE_SECONDS
from generation.providers.breaker import SharedBreaker
from generation.providers.catalogue import Catalogue, load_catalogue
from generation.providers.chain import ChainEntry, parse_chain
from generation.providers.circuit import CircuitRules
from generation.providers.cloudinary_account import parse_account
from generation.providers.errors import ConfigurationError
from generation.providers.imaging import Imaging
from generation.providers.keys import KeyRing
from generation.providers.ports import IMAGE_MAKE, ArtefactStore, ImageMaker, ImageRequest, ProviderImage
from generation.providers.retry_policy import RetryPolicy
from generation.providers.router import Router
from generation.providers.settings import ProviderSettings, split_keys

_CLOSE_SECONDS = 5.0


class _ImageVendor(ImageMaker, Protocol):
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Vendor:
    """How one provider is built, which keys pay for it, and the variable that holds them."""

    secrets: tuple[str, ...]
    variable: str
    build: Callable[[], _ImageVendor]


@dataclass(frozen=True, slots=True)
class Providers:
    """Everything of the outside world that generation uses."""

    images: Router[ImageRequest, ProviderImage]
    artefacts: ArtefactStore
    imaging: Imaging
    _closing: AsyncExitStack

    async def aclose(self) -> None:
        """Close all connections and threads."""
        async with asyncio.timeout(_CLOSE_SECONDS):
            await self._closing.aclose()


def build_providers(settings: ProviderSettings, redis: "Redis | None") -> Providers:
    """Put the providers together; nothing is sent anywhere.

    ``redis`` shares circuits and resting keys among workers; None keeps them in this process.

    Raises:
        ConfigurationError: a chain names a provider without key, an unknown one, or a model without price.
    """
    catalogue = load_catalogue(settings.generation_catalogue_file)
    imaging = Imaging()
    closing = AsyncExitStack()
    closing.callback(imaging.close)
    images = _image_router(settings, redis, catalogue, imaging, closing)
    return Providers(images, _store(settings, imaging, closing), imaging, closing)


def _image_router(
    settings: ProviderSettings,
    redis: "Redis | None",
    catalogue: Catalogue,
    imaging: Imaging,
    closing: AsyncExitStack,
) -> Router[ImageRequest, ProviderImage]:
    variable = "GENERATION_IMAGE_CHAIN"
    vendors = _vendors(settings, catalogue, imaging)
    rules = CircuitRules(
        window_seconds=settings.generation_breaker_window_seconds,
        calls_min=settings.generation_breaker_calls_min,
        failure_rate=settings.generation_breaker_failure_rate,
        open_seconds=settings.generation_breaker_open_seconds,
        probe_lease_seconds=settings.generation_call_timeout_seconds + 2 * GRACE_SECONDS,
    )
    pairs = parse_chain(settings.generation_image_chain, variable)
    for provider, model in pairs:
        _check(vendors, provider, variable)
        catalogue.card(provider, model)
    built: dict[str, tuple[_ImageVendor, KeyRing, SharedBreaker]] = {}
    for provider, _ in pairs:
        if provider not in built:
            vendor = vendors[provider].build()
            closing.push_async_callback(vendor.aclose)
            keys = KeyRing(provider, vendors[provider].secrets, redis)
            built[provider] = (vendor, keys, SharedBreaker(provider, IMAGE_MAKE, rules, redis))
    chain = []
    for provider, model in pairs:
        vendor, keys, breaker = built[provider]
        chain.append(ChainEntry(provider, model, vendor.make_image, keys, breaker))
    return Router(IMAGE_MAKE, chain, _policy(settings, settings.generation_call_timeout_seconds))


def _check(vendors: Mapping[str, _Vendor], provider: str, variable: str) -> None:
    vendor = vendors.get(provider)
    if vendor is None:
        raise ConfigurationError(f"{variable}: {provider!r} is not one of {', '.join(sorted(vendors))}")
    if not vendor.secrets:
        raise ConfigurationError(f"{variable} names {provider}, so {vendor.variable} must be set")


def _vendors(settings: ProviderSettings, catalogue: Catalogue, imaging: Imaging) -> dict[str, _Vendor]:
    vendors = {
        "openai": _openai_like(
            settings, catalogue, imaging, "openai", settings.openai_base_url, "OPENAI_API_KEY",
            split_keys(settings.openai_api_key),
        ),
        "replicate": _replicate(settings, catalogue, imaging),
    }  # fmt: skip
    for name, endpoint in settings.generation_openai_compatible.items():
        if name in vendors:
            raise ConfigurationError(f"GENERATION_OPENAI_COMPATIBLE: {name!r} is the name of a built-in provider")
        vendors[name] = _openai_like(
            settings, catalogue, imaging, name, endpoint.base_url, "GENERATION_OPENAI_COMPATIBLE",
            split_keys(endpoint.api_keys),
        )  # fmt: skip
    return vendors


def _openai_like(
    settings: ProviderSettings,
    catalogue: Catalogue,
    imaging: Imaging,
    provider: str,
    base_url: str,
    variable: str,
    secrets: tuple[str, ...],
) -> _Vendor:
    def build() -> _ImageVendor:
        from generation.providers.openai_images import OpenAIImages

        return OpenAIImages(
            base_url=base_url,
            catalogue=catalogue,
            imaging=imaging,
            provider=provider,
            native=provider == "openai",
            quality=settings.openai_image_quality,
            partial_images=settings.openai_image_partials,
            read_timeout_seconds=settings.generation_call_timeout_seconds,
            connections_max=settings.generation_provider_connections_max,
        )

    return _Vendor(secrets, variable, build)


def _replicate(settings: ProviderSettings, catalogue: Catalogue, imaging: Imaging) -> _Vendor:
    def build() -> _ImageVendor:
        from generation.providers.replicate_api import ReplicateApi
        from generation.providers.replicate_images import ReplicateImages

        api = ReplicateApi(
            settings.replicate_base_url,
            connections_max=settings.generation_provider_connections_max,
            provider="replicate",
        )
        return ReplicateImages(api, catalogue=catalogue, imaging=imaging)

    return _Vendor(split_keys(settings.replicate_api_token), "REPLICATE_API_TOKEN", build)


def _store(settings: ProviderSettings, imaging: Imaging, closing: AsyncExitStack) -> ArtefactStore:
    account = parse_account(settings.cloudinary_url.get_secret_value())
    from generation.providers.cloudinary_store import CloudinaryStore

    store = CloudinaryStore(
        account,
        imaging=imaging,
        policy=_policy(settings, settings.generation_store_timeout_seconds),
        connections_max=settings.generation_provider_connections_max,
    )
    closing.push_async_callback(store.aclose)
    return store


def _policy(settings: ProviderSettings, call_timeout_seconds: float) -> RetryPolicy:
    return RetryPolicy(
        tries_max=settings.generation_tries_max,
        backoff_base_seconds=settings.generation_retry_base_seconds,
        wait_max_seconds=settings.generation_retry_wait_max_seconds,
        call_timeout_seconds=call_timeout_seconds,
        key_rest_seconds=settings.generation_key_rest_seconds,
    )
