"""Owns what can be configured about the notifier: addresses, the mail server, limits of streams and log."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from common.settings import CommonSettings
from notifier.mail.rendering import parse_address
from notifier.mail.smtp import parse_smtp_url


class NotifierSettings(CommonSettings):
    """By environment: `NOTIFIER_…`, beside the shared names and `SMTP_URL`, `MAIL_FROM`."""

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_")

    requires_access_tokens: ClassVar[bool] = True

    host: str = "127.0.0.1"
    port: int = Field(8002, ge=0, le=65535)
    database_pool_size: int = Field(12, ge=4, le=100)
    """Consumers, relay and senders use it, and a third of it may serve the readers of streams at the same time."""

    smtp_url: SecretStr = Field(SecretStr("smtp://127.0.0.1:8025?tls=off"), validation_alias="SMTP_URL")
    mail_from: str = Field("Atelier <studio@atelier.example>", validation_alias="MAIL_FROM")
    mail_connections: int = Field(2, ge=1, le=20)
    attachment_bytes_max: int = Field(5_000_000, ge=0, le=20_000_000)
    """A finished file goes along with the mail about it up to this size; 0 for links alone. Sending it takes eight
    times as much memory for a moment, once in a process."""
    file_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts from which such files are fetched although they are not public; for development only."""
    job_path: str = "/jobs/{job}"
    """The page of a job under `PUBLIC_URL`, for links in mails."""

    heartbeat_seconds: float = Field(15, gt=0, le=55)
    """Below every usual idle limit of proxies, of which 60 s is the shortest."""
    stream_life_seconds: float = Field(1800, gt=0)
    stream_send_seconds_max: float = Field(10, gt=0, le=60)
    streams_per_account_max: int = Field(20, ge=1)
    streams_max: int = Field(5000, ge=1)

    log_keep_days: int = Field(7, ge=1, le=365)
    log_keep_events: int = Field(1000, ge=100)
    """Of each account; up to a hundred more are kept for a while."""

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr) -> SecretStr:
        parse_smtp_url(value.get_secret_value())
        return value

    @field_validator("file_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        parse_address(value)
        return value

    @field_validator("job_path")
    @classmethod
    def _path(cls, value: str) -> str:
        if not value.startswith("/") or value.count("{job}") != 1 or value.count("{") != 1:
            raise ValueError("must look like /jobs/{job}")
        return value

    @model_validator(mode="after")
    def _mail_in_production(self) -> Self:
        missing = {"smtp_url": "SMTP_URL", "mail_from": "MAIL_FROM"}
        absent = [name for field, name in missing.items() if field not in self.model_fields_set]
        if self.production and absent:
            raise ValueError(f"{' and '.join(absent)} must be set in production")
        if self.production and self.file_hosts:
            raise ValueError("NOTIFIER_FILE_HOSTS opens our own network; leave it empty")
        return self
