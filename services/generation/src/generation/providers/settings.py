"""Settings of the providers: vendors' own names for credentials, ``GENERATION_…`` for how we call them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]


class CompatibleEndpoint(BaseModel):
    """One more endpoint that speaks OpenAI's protocol, known in chains by the name it is listed under."""

    model_config = ConfigDict(extra="forbid")

    base_url: str
    api_keys: SecretStr
    edits: bool = False
    """Whether it answers ``/images/edits``."""
    responses: bool = False
    """Whether it answers ``/responses``; texts go to ``/chat/completions`` where it does not."""


class StorageSettings(BaseSettings):
    """Where artefacts and customers' pictures are kept, and how patiently that place is asked."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    cloudinary_url: SecretStr = SecretStr("")

    generation_store_timeout_seconds: Seconds = 30.0
    """Total time of one upload to storage; there are up to three."""
    generation_link_seconds: Annotated[float, Field(ge=60, le=31_622_400)] = 604_800.0
    """How long a signed address of a result works; it can be signed again as long as the file is kept."""
    generation_tries_max: Annotated[int, Field(ge=1, le=10)] = 3
    generation_retry_base_seconds: Seconds = 1.0
    generation_retry_wait_max_seconds: Seconds = 60.0
    """A provider that asks for a longer pause than this is left for the next of the chain."""


class ProviderSettings(StorageSettings):
    """Read from the environment once, at start. API keys may be several, separated by commas."""

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"
    openai_image_quality: Literal["low", "medium", "high", "xhigh", "max", "auto"] = "medium"
    openai_image_partials: Annotated[int, Field(ge=0, le=3)] = 0
    """Previews shown while an image is made; each adds about 100 output tokens to its cost."""

    generation_openai_compatible: dict[str, CompatibleEndpoint] = Field(default_factory=dict)
    """JSON: ``{"gemini": {"base_url": "https://…", "api_keys": "…"}}``."""

    replicate_api_token: SecretStr = SecretStr("")
    replicate_base_url: str = "https://api.replicate.com"
    """Without ``/v1``."""

    generation_image_chain: str = "openai/gpt-image-2.5-flare,replicate/black-forest-labs/flux-schnell"
    generation_edit_chain: str = "openai/gpt-image-2.5-sunburst,replicate/black-forest-labs/flux-kontext-pro"
    """Models that change a picture."""
    generation_cut_out_chain: str = (
        "openai/gpt-image-2.5-sunburst,"
        "replicate/lucataco/remove-bg:95fcc2a26d3899cd6c2691c900465aaeff466285a65c14638cc5f36f34befaf1,"
        "cloudinary/background_removal"
    )
    generation_upscale_chain: str = (
        "replicate/nightmareai/real-esrgan:f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa,"
        "cloudinary/upscale"
    )
    """Both may end in `local/…`: `u2netp`, `realesr-animevideov3` (requirements/local-models.txt), `lanczos`."""
    generation_text_chain: str = "openai/gpt-5.6-terra,replicate/anthropic/claude-4.5-sonnet"
    generation_look_chain: str = "openai/gpt-5.6-terra,replicate/anthropic/claude-4.5-sonnet"
    """Models that see pictures."""
    generation_daily_budget_microusd: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """JSON: ``{"openai": 50000000}`` lets a provider cost 50 dollars on one day (UTC); others have no limit."""
    generation_catalogue_file: Path | None = None

    generation_call_timeout_seconds: Seconds = 120.0
    """Total time of one call to a provider, whatever the wire does."""
    generation_provider_connections_max: Annotated[int, Field(ge=1, le=256)] = 16

    generation_key_rest_seconds: Seconds = 300.0
    """How long a key rests that was turned down (invalid, out of quota)."""

    generation_breaker_window_seconds: Seconds = 60.0
    generation_breaker_calls_min: Annotated[int, Field(ge=2)] = 6
    """Fewer calls than this never open a circuit: one failure of an idle provider says nothing."""
    generation_breaker_failure_rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    generation_breaker_open_seconds: Seconds = 30.0


def split_keys(value: SecretStr) -> tuple[str, ...]:
    """The keys in a comma separated secret, in order, without duplicates."""
    return tuple(dict.fromkeys(part.strip() for part in value.get_secret_value().split(",") if part.strip()))
