"""The providers there are: which keys pay for each, and how its adapters are built, each on demand and once.

Vendors' SDKs are imported when an adapter is built. A new provider is a line in ``known_vendors``.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from generation.local.pool import LocalPool
from generation.providers.catalogue import Catalogue
from generation.providers.cloudinary_account import parse_account
from generation.providers.enlargements import Enlargements
from generation.providers.errors import ConfigurationError
from generation.providers.imaging import Imaging
from generation.providers.picture_ports import (
    IMAGE_CUT_OUT,
    IMAGE_EDIT,
    IMAGE_UPSCALE,
    ImageCutter,
    ImageEditor,
    ImageEnlarger,
)
from generation.providers.ports import IMAGE_MAKE, TEXT_WRITE, ImageMaker, TextWriter
from generation.providers.settings import CompatibleEndpoint, ProviderSettings, split_keys

CloseLater = Callable[[Callable[[], Awaitable[None]]], object]
"""Registers what is to be awaited when the providers are closed."""


class _Closable(Protocol):
    async def aclose(self) -> None: ...


class _ImageVendor(ImageMaker, ImageEditor, ImageCutter, _Closable, Protocol):
    pass


class _PictureVendor(ImageCutter, ImageEnlarger, _Closable, Protocol):
    pass


class _ImageAndPictureVendor(_ImageVendor, _PictureVendor, Protocol):
    pass


class _TextVendor(TextWriter, _Closable, Protocol):
    pass


A = TypeVar("A", bound=_Closable)


class Vendor:
    """One provider: its API keys, the variable that holds them, and its adapters; None where it has not that one."""

    def __init__(
        self,
        name: str,
        secrets: tuple[str, ...],
        variable: str,
        *,
        images: Callable[[], _ImageVendor] | None = None,
        edits: Callable[[], _ImageVendor] | None = None,
        cut_outs: "Callable[[], _ImageVendor] | Callable[[], _PictureVendor] | None" = None,
        upscales: Callable[[], _PictureVendor] | None = None,
        texts: Callable[[], _TextVendor] | None = None,
        close_later: CloseLater,
    ) -> None:
        self.name = name
        self.secrets = secrets
        self.variable = variable
        self._images = images
        self._edits = edits
        self._cut_outs = cut_outs
        self._upscales = upscales
        self._texts = texts
        self._close_later = close_later
        self._built: dict[Callable[[], object], object] = {}

    def images(self) -> ImageMaker:
        """Its maker of images.

        Raises:
            ConfigurationError: as for all below, it has none.
        """
        return self._once(self._images, IMAGE_MAKE)

    def edits(self) -> ImageEditor:
        """Its editor of images."""
        return self._once(self._edits, IMAGE_EDIT)

    def cut_outs(self) -> ImageCutter:
        """What tells its main thing from a picture's background."""
        build: Callable[[], _ImageVendor | _PictureVendor] | None = self._cut_outs
        return self._once(build, IMAGE_CUT_OUT)

    def upscales(self) -> ImageEnlarger:
        """What enlarges pictures."""
        return self._once(self._upscales, IMAGE_UPSCALE)

    def texts(self) -> TextWriter:
        """Its writer of texts, one for all that is written or looked at."""
        return self._once(self._texts, TEXT_WRITE)

    def _once(self, build: Callable[[], A] | None, capability: str) -> A:
        if build is None:
            raise ConfigurationError(f"{self.name} does not offer {capability}")
        if build not in self._built:
            adapter = build()
            self._close_later(adapter.aclose)
            self._built[build] = adapter
        return self._built[build]  # type: ignore[return-value]  # what this function has built


def known_vendors(
    settings: ProviderSettings, catalogue: Catalogue, imaging: Imaging, pool: LocalPool, close_later: CloseLater
) -> Mapping[str, Vendor]:
    """Every provider by the name chains know it under.

    Raises:
        ConfigurationError: a compatible endpoint has the name of a built-in provider.
    """
    vendors = {
        "openai": _openai(settings, catalogue, imaging, close_later),
        "replicate": _replicate(settings, catalogue, imaging, pool, close_later),
        "cloudinary": _cloudinary(settings, catalogue, imaging, pool, close_later),
        "local": _local(catalogue, imaging, pool, close_later),
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
    return Vendor(
        provider,
        split_keys(keys),
        variable,
        images=images,
        edits=images if endpoint is None or endpoint.edits else None,
        cut_outs=images if endpoint is None or endpoint.edits else None,
        texts=texts,
        close_later=close_later,
    )


def _replicate(
    settings: ProviderSettings, catalogue: Catalogue, imaging: Imaging, pool: LocalPool, close_later: CloseLater
) -> Vendor:
    def images() -> _ImageAndPictureVendor:
        from generation.providers.replicate_api import ReplicateApi
        from generation.providers.replicate_images import ReplicateImages

        connections_max = settings.generation_provider_connections_max
        api = ReplicateApi(settings.replicate_base_url, connections_max=connections_max, provider="replicate")
        return ReplicateImages(api, catalogue=catalogue, imaging=imaging, enlargements=Enlargements(pool))

    def texts() -> _TextVendor:
        from generation.providers.replicate_api import ReplicateApi
        from generation.providers.replicate_text import ReplicateText

        connections_max = settings.generation_provider_connections_max
        api = ReplicateApi(settings.replicate_base_url, connections_max=connections_max, provider="replicate")
        return ReplicateText(api, catalogue=catalogue)

    keys = split_keys(settings.replicate_api_token)
    return Vendor(
        "replicate",
        keys,
        "REPLICATE_API_TOKEN",
        images=images,
        edits=images,
        cut_outs=images,
        upscales=images,
        texts=texts,
        close_later=close_later,
    )


def _cloudinary(
    settings: ProviderSettings, catalogue: Catalogue, imaging: Imaging, pool: LocalPool, close_later: CloseLater
) -> Vendor:
    def pictures() -> _PictureVendor:
        from generation.providers.cloudinary_derived import Derivations
        from generation.providers.cloudinary_pictures import CloudinaryPictures

        account = parse_account(settings.cloudinary_url.get_secret_value())
        derivations = Derivations(account, connections_max=settings.generation_provider_connections_max)
        return CloudinaryPictures(derivations, catalogue=catalogue, imaging=imaging, enlargements=Enlargements(pool))

    # One secret: the address is not a list, and a comma in it is part of it.
    secrets = tuple(filter(None, [settings.cloudinary_url.get_secret_value()]))
    return Vendor(
        "cloudinary", secrets, "CLOUDINARY_URL", cut_outs=pictures, upscales=pictures, close_later=close_later
    )


def _local(catalogue: Catalogue, imaging: Imaging, pool: LocalPool, close_later: CloseLater) -> Vendor:
    def pictures() -> _PictureVendor:
        from generation.providers.local_pictures import LocalPictures

        return LocalPictures(pool, catalogue=catalogue, imaging=imaging)

    return Vendor("local", ("none",), "", cut_outs=pictures, upscales=pictures, close_later=close_later)
