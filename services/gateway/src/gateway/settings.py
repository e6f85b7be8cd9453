"""The gateway's configuration."""

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import CommonSettings


class GatewaySettings(CommonSettings):
    """What the gateway reads from the environment; the shared part is `CommonSettings`."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    requires_access_tokens: ClassVar[bool] = True

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    pool_size: int = Field(10, ge=2, le=50)
    billing_url: str = Field("http://127.0.0.1:8001", validation_alias="BILLING_URL")
    notifier_url: str = Field("http://127.0.0.1:8002", validation_alias="NOTIFIER_URL")
    generation_url: str = Field("http://127.0.0.1:8003", validation_alias="GENERATION_URL")
    verdict_seconds_max: float = Field(0.3, ge=0, le=30)
    """How long a submission waits for billing's word before it is answered 202 `submitted`."""
    access_token_minutes: int = Field(15, ge=1, le=60)
    refresh_token_days: int = Field(30, ge=1, le=365)
    trusted_proxies: int = Field(0, ge=0, le=10)
    """How many proxies of ours stand in front: the client's address is that many from the right."""
    sign_ups_per_minute: int = Field(10, ge=1, le=100_000)
    """From one network address."""
    sign_ups_per_hour: int = Field(60, ge=1, le=1_000_000)
    reads_per_minute: int = Field(300, ge=1, le=1_000_000)
    """Of one account: credits, jobs, events."""
    anonymous_per_minute: int = Field(120, ge=1, le=1_000_000)
    """Requests without valid credentials, from one network address."""
    purchases_per_minute: int = Field(6, ge=1, le=1_000_000)
    """Pages of payment that an account may open."""
    held_submissions_max: int = Field(2000, ge=0, le=1_000_000)
    """How many submissions Redis may hold while the database is away, with 2 KiB for each on average."""
    last_known_mebibytes_max: int = Field(2, ge=0, le=1024)
    """How much Redis keeps of what accounts were last shown, for the time when it cannot be looked up."""
