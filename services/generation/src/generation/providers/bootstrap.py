"""The one place where the providers are put together: a router for each capability, and the artefact store.

A new capability is a port, its adapters in ``vendors``, and a router built here beside the others.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

from redis.asyncio import Redis

from generation.providers.attempt import GRACE_SECONDS
from generation.providers.breaker import SharedBreaker
from generation.providers.budget import Budget, DailyBudget, SpentFn, Unlimited
from generation.providers.catalogue import Catalogue, ModelCard, load_catalogue
from generation.providers.chain import CapabilityFn, ChainEntry, Q, R, parse_chain
from generation.providers.circuit import CircuitRules
from generation.providers.cloudinary_account import parse_account
from generation.providers.errors import ConfigurationError
from generation.providers.imaging import Imaging
from generation.providers.keys import KeyRing
from generation.providers.picture_ports import IMAGE_EDIT, ImageEditRequest
from generation.providers.ports import (
    IMAGE_LOOK,
    IMAGE_MAKE,
    TEXT_WRITE,
    ArtefactStore,
    ImageRequest,
    ProviderImage,
    ProviderText,
    TextRequest,
)
from generation.providers.prices import image_microusd, text_microusd
from generation.providers.retry_policy import RetryPolicy
from generation.providers.router import Router
from generation.providers.settings import ProviderSettings
from generation.providers.vendors import Vendor, known_vendors

_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Providers:
    """Everything of the outside world that generation uses."""

    images: Router[ImageRequest, ProviderImage]
    edits: Router[ImageEditRequest, ProviderImage]
    texts: Router[TextRequest, ProviderText]
    looks: Router[TextRequest, ProviderText]
    artefacts: ArtefactStore
    imaging: Imaging
    _closing: AsyncExitStack

    async def aclose(self) -> None:
        """Close all connections and threads."""
        async with asyncio.timeout(_CLOSE_SECONDS):
            await self._closing.aclose()


async def _nothing_spent(provider: str, since: datetime) -> int | None:
    """For callers that record no attempts."""
    return 0


def build_providers(settings: ProviderSettings, redis: "Redis | None", spent: SpentFn = _nothing_spent) -> Providers:
    """Put the providers together; nothing is sent anywhere.

    ``redis`` shares circuits, resting keys and budgets among workers; None keeps them in this process. ``spent``
    tells what the recorded attempts have cost.

    Raises:
        ConfigurationError: a chain names a provider without key, an unknown one, or a model without price.
    """
    catalogue = load_catalogue(settings.generation_catalogue_file)
    imaging = Imaging()
    closing = AsyncExitStack()
    closing.callback(imaging.close)
    vendors = known_vendors(settings, catalogue, imaging, closing.push_async_callback)
    routers = _Routers(settings, redis, catalogue, vendors, spent)
    return Providers(
        images=routers.images(),
        edits=routers.edits(),
        texts=routers.texts(TEXT_WRITE, settings.generation_text_chain, "GENERATION_TEXT_CHAIN"),
        looks=routers.texts(IMAGE_LOOK, settings.generation_look_chain, "GENERATION_LOOK_CHAIN"),
        artefacts=_store(settings, imaging, closing),
        imaging=imaging,
        _closing=closing,
    )


class _Routers:
    """Builds routers whose entries share the keys and the budget of their provider, whatever the capability."""

    def __init__(
        self,
        settings: ProviderSettings,
        redis: "Redis | None",
        catalogue: Catalogue,
        vendors: Mapping[str, Vendor],
        spent: SpentFn,
    ) -> None:
        self._settings = settings
        self._redis = redis
        self._catalogue = catalogue
        self._vendors = vendors
        self._spent = spent
        self._keys: dict[str, KeyRing] = {}
        self._budgets: dict[str, Budget] = {}
        unknown = set(settings.generation_daily_budget_microusd) - set(vendors)
        if unknown:
            raise ConfigurationError(
                f"GENERATION_DAILY_BUDGET_MICROUSD: {', '.join(sorted(unknown))} is not one of {', '.join(vendors)}"
            )

    def images(self) -> Router[ImageRequest, ProviderImage]:
        """The router of images made from text."""
        return self._router(
            IMAGE_MAKE,
            self._settings.generation_image_chain,
            "GENERATION_IMAGE_CHAIN",
            card=self._catalogue.card,
            invoke=lambda vendor: vendor.images().make_image,
            reserve=self._image_reserve,
        )

    def edits(self) -> Router[ImageEditRequest, ProviderImage]:
        """The router of images made from a picture and a text."""
        return self._router(
            IMAGE_EDIT,
            self._settings.generation_edit_chain,
            "GENERATION_EDIT_CHAIN",
            card=self._catalogue.edit_card,
            invoke=lambda vendor: vendor.edits().edit_image,
            reserve=self._image_reserve,
        )

    def _image_reserve(self, card: ModelCard) -> int:
        return image_microusd(card, quality=self._settings.openai_image_quality)

    def texts(self, capability: str, chain: str, variable: str) -> Router[TextRequest, ProviderText]:
        """A router of texts; what is looked at has a chain of its own, for not every model sees."""
        return self._router(
            capability,
            chain,
            variable,
            card=self._catalogue.text_card,
            invoke=lambda vendor: vendor.texts().write_text,
            reserve=text_microusd,
        )

    def _router(
        self,
        capability: str,
        chain: str,
        variable: str,
        *,
        card: Callable[[str, str], ModelCard],
        invoke: Callable[[Vendor], CapabilityFn[Q, R]],
        reserve: Callable[[ModelCard], int],
    ) -> Router[Q, R]:
        pairs = parse_chain(chain, variable)
        for provider, _ in pairs:
            self._check(provider, variable)
        cards = [card(provider, model) for provider, model in pairs]
        rules = self._rules()
        breakers = {provider: SharedBreaker(provider, capability, rules, self._redis) for provider in dict(pairs)}
        entries = [
            ChainEntry(
                provider,
                model,
                self._invoked(provider, variable, invoke),
                self._key_ring(provider),
                breakers[provider],
                self._budget(provider),
                reserve(found),
            )
            for (provider, model), found in zip(pairs, cards, strict=True)
        ]
        return Router(capability, entries, _policy(self._settings, self._settings.generation_call_timeout_seconds))

    def _invoked(
        self, provider: str, variable: str, invoke: Callable[[Vendor], CapabilityFn[Q, R]]
    ) -> CapabilityFn[Q, R]:
        try:
            return invoke(self._vendors[provider])
        except ConfigurationError as error:
            raise ConfigurationError(f"{variable}: {error}") from error

    def _check(self, provider: str, variable: str) -> None:
        vendor = self._vendors.get(provider)
        if vendor is None:
            raise ConfigurationError(f"{variable}: {provider!r} is not one of {', '.join(sorted(self._vendors))}")
        if not vendor.secrets:
            raise ConfigurationError(f"{variable} names {provider}, so {vendor.variable} must be set")

    def _key_ring(self, provider: str) -> KeyRing:
        if provider not in self._keys:
            self._keys[provider] = KeyRing(provider, self._vendors[provider].secrets, self._redis)
        return self._keys[provider]

    def _budget(self, provider: str) -> Budget:
        limit = self._settings.generation_daily_budget_microusd.get(provider)
        if limit is None:
            return Unlimited()
        if provider not in self._budgets:
            self._budgets[provider] = DailyBudget(provider, limit, spent=self._spent, redis=self._redis)
        return self._budgets[provider]

    def _rules(self) -> CircuitRules:
        settings = self._settings
        return CircuitRules(
            window_seconds=settings.generation_breaker_window_seconds,
            calls_min=settings.generation_breaker_calls_min,
            failure_rate=settings.generation_breaker_failure_rate,
            open_seconds=settings.generation_breaker_open_seconds,
            probe_lease_seconds=settings.generation_call_timeout_seconds + 2 * GRACE_SECONDS,
        )


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
