"""Billing's configuration."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from common.settings import CommonSettings, SecretList


class BillingSettings(CommonSettings):
    """What billing reads from the environment; the shared part is `CommonSettings`."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")

    host: str = "127.0.0.1"
    port: int = Field(8001, ge=1, le=65535)
    pool_size: int = Field(8, ge=2, le=50)
    sign_up_credits: int = Field(10, ge=0, le=1000)
    sign_up_grant: Literal["registration", "verification"] | None = None
    """When they are given: at sign-up, or once for each verified identity. Production gives to the verified alone."""
    checkout_return_origins: tuple[str, ...] = ()
    """Origins besides PUBLIC_URL that Stripe may send a buyer back to."""
    reconciliation_days: int = Field(3, ge=1, le=28)
    """How far back at least Stripe is compared with the ledger, each day and at start."""
    payment_grace_days: int = Field(7, ge=0, le=60)
    """How long a plan stays after the period that was paid for, while the next payment is owed."""
    catalogue_sync_seconds: int = Field(600, ge=10, le=86_400)
    """How often packs, plans and prices are brought to Stripe; a changed price is in force that much later."""
    order_buyer_days: int = Field(90, ge=1, le=3650)
    """How long after the end of an order its buyer's address, and what they typed, are kept."""
    stripe_api_key: SecretStr = Field(validation_alias="STRIPE_API_KEY")
    stripe_api_base: str = Field("https://api.stripe.com", validation_alias="STRIPE_API_BASE")
    stripe_webhook_secrets: SecretList = Field(validation_alias="STRIPE_WEBHOOK_SECRETS")
    """One or two, comma separated: while a secret is being rotated both are accepted."""

    @property
    def greets_on(self) -> Literal["registration", "verification"]:
        """When credits are given to who is new: an address nobody has proved is as good as any number of them."""
        return self.sign_up_grant or ("verification" if self.environment == "production" else "registration")

    @field_validator("stripe_webhook_secrets", mode="before")
    @classmethod
    def _split_webhook_secrets(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("stripe_webhook_secrets")
    @classmethod
    def _one_or_two(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not 1 <= len(value) <= 2 or any(not secret.get_secret_value() for secret in value):
            raise ValueError("must be one or two secrets, none of them empty")
        return value
