"""The providers there are: which keys pay for each, and how its adapters are built, each on demand and once.

Vendors' SDKs are imported when an adapter is built. A new provider is a line in ``known_vendors``.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from generation.providers.catalogue import Catalogue
from generation.providers.errors import ConfigurationError
from generation.providers.imaging import Imaging
from generation.providers.ports import ImageMaker, TextWriter
from generation.providers.settings import CompatibleEndpoint, ProviderSettings, split_keys

CloseLater = Callable[[Callable[[], Awaitable[None]]], object]
"""Registers what is to be awaited when the providers are closed."""


class _Closable(Protocol):
    async def aclose(self) -> None: ...


class _ImageVendor(ImageMaker, _Closable, Protocol):
    pass


class _TextVendor(TextWriter, _Closable, Protocol):
    pass


A = TypeVar("A", bound=_Closable)


class Vendor:
    """One provider: its API keys, the variable that holds them, and its adapters."""

    def __init__(
        self,
        secrets: tuple[str, ...],
        variable: str,
        *,
        images: Callable[[], _ImageVendor],
        texts: Callable[[], _TextVendor],
        close_later: CloseLater,
    ) -> None:
        self.secrets = secrets
        self.variable = variable
        self._images = images
        self._texts = texts
        self._close_later = close_later
        self._built: dict[str, object] = {}

    def images(self) -> ImageMaker:
        """Its maker of images."""
        return self._once("images", self._images)

    def texts(self) -> TextWriter:
        """Its writer of texts, one for all that is written or looked at."""
        return self._once("texts", self._texts)

    def _once(self, name: str, build: Callable[[], A]) -> A:
        if name not in self._built:
            adapter = build()
            self._close_later(adapter.aclose)
            self._built[name] = adapter
        return self._built[name]  # type: ignore[return-value]  # what was built under this name


def known_vendors(
    settings: ProviderSettings, catalogue: Catalogue, imaging: Imaging, close_later: CloseLater
) -> Mapping[str, Vendor]:
    """Every provider by the name chains know it under.

    Raises:
        ConfigurationError: a compatible endpoint has the name of a built-in provider.
    """
    vendors = {
        "openai": _openai(settings, catalogue, imaging, close_later),
        "replicate": _replicate(settings, catalogue, imaging, close_later),
    }
    for name, endpoint in settings.generation_openai_compatible.items():
        if name in vendors:
            raise ConfigurationError(f"GENERATION_OPENAI_COMPATIBLE: {name!r} is the name of a built-in provider")
        vendors[name] = _openai(settings, catalogue, imaging, close_later, name, endpoint)
    return vendors


def _openai(
    settings: ProviderSettings,
    catalogue: Catalogue,
    imaging: Imaging,
    close_later: CloseLater,
    provider: str = "openai",
    endpoint: CompatibleEndpoint | None = None,
) -> Vendor:
    """OpenAI itself, or with ``endpoint`` another that speaks its protocol."""
    base_url = settings.openai_base_url if endpoint is None else endpoint.base_url

    def images() -> _ImageVendor:
        from generation.providers.openai_images import OpenAIImages

        return OpenAIImages(
            base_url=base_url,
            catalogue=catalogue,
            imaging=imaging,
            provider=provider,
            native=endpoint is None,
            quality=settings.openai_image_quality,
            partial_images=settings.openai_image_partials,
            read_timeout_seconds=settings.generation_call_timeout_seconds,
            connections_max=settings.generation_provider_connections_max,
        )

    def texts() -> _TextVendor:
        from generation.providers.openai_text import OpenAIText

        return OpenAIText(
            base_url=base_url,
            catalogue=catalogue,
            provider=provider,
            native=endpoint is None,
            responses=endpoint is None or endpoint.responses,
            read_timeout_seconds=settings.generation_call_timeout_seconds,
            connections_max=settings.generation_provider_connections_max,
        )

    keys = settings.openai_api_key if endpoint is None else endpoint.api_keys
    variable = "OPENAI_API_KEY" if endpoint is None else "GENERATION_OPENAI_COMPATIBLE"
    return Vendor(split_keys(keys), variable, images=images, texts=texts, close_later=close_later)


def _replicate(settings: ProviderSettings, catalogue: Catalogue, imaging: Imaging, close_later: CloseLater) -> Vendor:
    def images() -> _ImageVendor:
        from generation.providers.replicate_api import ReplicateApi
        from generation.providers.replicate_images import ReplicateImages

        connections_max = settings.generation_provider_connections_max
        api = ReplicateApi(settings.replicate_base_url, connections_max=connections_max, provider="replicate")
        return ReplicateImages(api, catalogue=catalogue, imaging=imaging)

    def texts() -> _TextVendor:
        from generation.providers.replicate_api import ReplicateApi
        from generation.providers.replicate_text import ReplicateText

        connections_max = settings.generation_provider_connections_max
        api = ReplicateApi(settings.replicate_base_url, connections_max=connections_max, provider="replicate")
        return ReplicateText(api, catalogue=catalogue)

    keys = split_keys(settings.replicate_api_token)
    return Vendor(keys, "REPLICATE_API_TOKEN", images=images, texts=texts, close_later=close_later)
