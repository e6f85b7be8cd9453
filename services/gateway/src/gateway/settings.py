"""The gateway's configuration."""

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import CommonSettings
from gateway.requests.rules import RULES, Policy, RequestRule
from gateway.sessions.attempt_rules import AttemptRule


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
    reads_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    """Of one account, in place of what `request_limits` says of dashboards, reads, changes and estimates."""
    anonymous_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    """Requests without valid credentials from one network address, in place of what `request_limits` says."""
    purchases_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    """Pages of payment that an account or a stranger may open, in place of what `request_limits` says."""
    held_submissions_max: int = Field(2000, ge=0, le=1_000_000)
    """How many submissions Redis may hold while the database is away, with 2 KiB for each on average."""
    last_known_mebibytes_max: int = Field(2, ge=0, le=1024)
    """How much Redis keeps of what accounts were last shown, for the time when it cannot be looked up."""

    @property
    def request_rules(self) -> dict[Policy, RequestRule]:
        """The request limits that this environment fixes."""
        fixed: dict[Policy, RequestRule] = {}
        if self.reads_per_minute is not None:
            policies: tuple[Policy, ...] = ("dashboards", "reads", "changes", "estimates")
            fixed |= dict.fromkeys(policies, RequestRule(account=self.reads_per_minute))
        if self.anonymous_per_minute is not None:
            fixed["anonymous"] = RequestRule(network=self.anonymous_per_minute)
        if self.purchases_per_minute is not None:
            fixed["purchases"] = RequestRule(account=self.purchases_per_minute)
            fixed["orders"] = RequestRule(network=self.purchases_per_minute)
        return fixed

    @property
    def purchase_rule(self) -> AttemptRule:
        """How many pages of payment an account or a stranger may open in the end: five minutes' worth an hour."""
        per_minute = self.purchases_per_minute or RULES["purchases"].account or 1
        return AttemptRule(2 * per_minute, 5 * per_minute)
