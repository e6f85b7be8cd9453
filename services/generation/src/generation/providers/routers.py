"""Builds the router of each capability from its chain; what a provider has, all of them share."""

from collections.abc import Callable, Mapping
from typing import Protocol

from redis.asyncio import Redis

from generation.local import models
from generation.providers.attempt import GRACE_SECONDS
from generation.providers.breaker import SharedBreaker
from generation.providers.budget import Budget, DailyBudget, SpentFn, Unlimited
from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.chain import CapabilityFn, ChainEntry, Q, R, parse_chain
from generation.providers.circuit import CircuitRules
from generation.providers.errors import ConfigurationError
from generation.providers.keys import KeyRing
from generation.providers.metrics import begin_at_nought
from generation.providers.picture_ports import (
    IMAGE_CUT_OUT,
    IMAGE_EDIT,
    IMAGE_UPSCALE,
    CutOutRequest,
    EnlargedFile,
    ImageEditRequest,
    SourcePicture,
    UpscaleRequest,
)
from generation.providers.ports import (
    IMAGE_MAKE,
    ImageRequest,
    ProviderImage,
    ProviderText,
    TextRequest,
)
from generation.providers.prices import image_microusd, text_microusd
from generation.providers.retry_policy import RetryPolicy
from generation.providers.router import Router
from generation.providers.settings import ProviderSettings
from generation.providers.vendors import Vendor


def policy_of(settings: ProviderSettings, call_timeout_seconds: float) -> RetryPolicy:
    """How often and how patiently something is tried that may take so long each time."""
    return RetryPolicy(
        tries_max=settings.generation_tries_max,
        backoff_base_seconds=settings.generation_retry_base_seconds,
        wait_max_seconds=settings.generation_retry_wait_max_seconds,
        call_timeout_seconds=call_timeout_seconds,
        key_rest_seconds=settings.generation_key_rest_seconds,
    )


class _OfPicture(Protocol):
    @property
    def picture(self) -> SourcePicture: ...


def _takes_all(card: ModelCard) -> Callable[[object], bool]:
    return lambda _: True


def _takes_picture(card: ModelCard) -> Callable[[_OfPicture], bool]:
    limit = card.input_pixels_max
    return lambda request: limit is None or request.picture.pixels <= limit


class Routers:
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

    def cut_outs(self) -> Router[CutOutRequest, ProviderImage]:
        """The router of cut-outs."""
        return self._router(
            IMAGE_CUT_OUT,
            self._settings.generation_cut_out_chain,
            "GENERATION_CUT_OUT_CHAIN",
            card=self._catalogue.cut_out_card,
            invoke=lambda vendor: vendor.cut_outs().cut_out,
            reserve=self._image_reserve,
            takes=_takes_picture,
        )

    def upscales(self) -> Router[UpscaleRequest, EnlargedFile]:
        """The router of enlarged pictures."""
        return self._router(
            IMAGE_UPSCALE,
            self._settings.generation_upscale_chain,
            "GENERATION_UPSCALE_CHAIN",
            card=self._catalogue.edit_card,
            invoke=lambda vendor: vendor.upscales().upscale,
            reserve=self._image_reserve,
            takes=_takes_picture,
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
        takes: Callable[[ModelCard], Callable[[Q], bool]] = _takes_all,
    ) -> Router[Q, R]:
        pairs = parse_chain(chain, variable)
        for provider, model in pairs:
            self._check(provider, model, variable)
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
                takes(found),
            )
            for (provider, model), found in zip(pairs, cards, strict=True)
        ]
        for provider in breakers:
            begin_at_nought(provider, capability)
        return Router(capability, entries, policy_of(self._settings, self._settings.generation_call_timeout_seconds))

    def _invoked(
        self, provider: str, variable: str, invoke: Callable[[Vendor], CapabilityFn[Q, R]]
    ) -> CapabilityFn[Q, R]:
        try:
            return invoke(self._vendors[provider])
        except ConfigurationError as error:
            raise ConfigurationError(f"{variable}: {error}") from error

    def _check(self, provider: str, model: str, variable: str) -> None:
        vendor = self._vendors.get(provider)
        if vendor is None:
            raise ConfigurationError(f"{variable}: {provider!r} is not one of {', '.join(sorted(self._vendors))}")
        if not vendor.secrets:
            raise ConfigurationError(f"{variable} names {provider}, so {vendor.variable} must be set")
        missing = models.missing(model) if provider == "local" else None
        if missing is not None:
            raise ConfigurationError(f"{variable} names {provider}/{model}, but {missing}")

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
