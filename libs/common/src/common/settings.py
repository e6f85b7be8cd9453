"""Owns the configuration all services share: environment names, unsafe defaults refused, odd values named.

A service adds its own fields under its own prefix; the shared ones keep their names:

    class BillingSettings(CommonSettings):
        model_config = SettingsConfigDict(env_prefix="BILLING_")
        port: int = 8001                      # BILLING_PORT; DATABASE_URL and the like stay unprefixed

    settings = load_settings(BillingSettings)
"""

import os
import re
import sys
from typing import Annotated, Any, ClassVar, Literal, Never, Self, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import (
    AnyHttpUrl,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SECRET_LENGTH_MIN = 32  # bytes; RFC 7518 §3.2 for HS256
_DEVELOPMENT_IDENTITY = SecretStr("development-identity-secret-never-for-production")
_DEVELOPMENT_ACCESS = SecretStr("development-access-token-secret-never-for-production")
_DATABASE_OVERRIDE = re.compile(r"([A-Z][A-Z0-9]*)_DATABASE_URL")
_HTTP_URL = TypeAdapter(AnyHttpUrl)

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")

SecretList = Annotated[tuple[SecretStr, ...], NoDecode]
TextList = Annotated[tuple[str, ...], NoDecode]


class SettingsError(ValueError):
    """The configuration does not permit a start; the message is one line for the operator."""


def _database_overrides() -> dict[str, SecretStr]:
    found = ((_DATABASE_OVERRIDE.fullmatch(name), value) for name, value in os.environ.items())
    return {match.group(1).lower(): SecretStr(value) for match, value in found if match and value}


class CommonSettings(BaseSettings):
    """What all processes read. Fields can be given by keyword in tests, by environment variable in life."""

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    requires_access_tokens: ClassVar[bool] = False
    """True in services that sign or verify users' access tokens: production then insists on the secret."""

    environment: Literal["development", "production"] = Field("development", validation_alias="ATELIER_ENV")
    database_server_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    database_urls: dict[str, SecretStr] = Field(
        default_factory=_database_overrides, validation_alias="ATELIER_DATABASE_URLS"
    )
    redis_url: SecretStr = Field(validation_alias="REDIS_URL")
    identity_secrets: SecretList = Field((), validation_alias="IDENTITY_SECRET")
    access_token_secrets: SecretList = Field((), validation_alias="ACCESS_TOKEN_SECRET")
    otlp_endpoint: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    trace_sample_ratio: float = Field(0.1, ge=0, le=1, validation_alias="TRACE_SAMPLE_RATIO")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", validation_alias="LOG_LEVEL")
    public_url: str = Field("http://127.0.0.1:8000", validation_alias="PUBLIC_URL")
    allowed_origins: TextList = Field((), validation_alias="ALLOWED_ORIGINS")
    """Origins whose pages may call us from a browser, separated by commas; each by name, as browsers write it."""
    drain_seconds: float = Field(10, gt=0, le=600, validation_alias="DRAIN_SECONDS")
    """The whole time from SIGTERM to exit."""
    drain_delay_seconds: float = Field(0, ge=0, le=60, validation_alias="DRAIN_DELAY_SECONDS")
    """How long to go on answering after readiness turned false, while load balancers notice."""

    @property
    def production(self) -> bool:
        """Whether unsafe conveniences must be off."""
        return self.environment == "production"

    @field_validator("environment", "log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("identity_secrets", "access_token_secrets", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("identity_secrets", "access_token_secrets")
    @classmethod
    def _long_enough(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(secret.get_secret_value().encode()) < SECRET_LENGTH_MIN for secret in value):
            raise ValueError(f"every secret needs at least {SECRET_LENGTH_MIN} bytes")
        return value

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if value) if isinstance(value, str) else value

    @field_validator("allowed_origins")
    @classmethod
    def _named_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin such as https://studio.example; `*` is refused")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        if urlsplit(value.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must look like redis://host:port/0")
        return value

    @field_validator("public_url", "otlp_endpoint")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        _HTTP_URL.validate_python(value)
        return value.rstrip("/")

    @model_validator(mode="after")
    def _no_unsafe_defaults(self) -> Self:
        if self.production:
            self._refuse_development_values()
        else:
            if not self.identity_secrets:
                object.__setattr__(self, "identity_secrets", (_DEVELOPMENT_IDENTITY,))
            if not self.access_token_secrets:
                object.__setattr__(self, "access_token_secrets", (_DEVELOPMENT_ACCESS,))
        return self

    def _refuse_development_values(self) -> None:
        if not self.identity_secrets:
            raise ValueError("IDENTITY_SECRET must be set in production")
        if self.requires_access_tokens and not self.access_token_secrets:
            raise ValueError("ACCESS_TOKEN_SECRET must be set in production")
        if {_DEVELOPMENT_IDENTITY, _DEVELOPMENT_ACCESS} & {
            *self.identity_secrets,
            *self.access_token_secrets,
        }:
            raise ValueError("IDENTITY_SECRET and ACCESS_TOKEN_SECRET must not be the development values")
        if set(self.identity_secrets) & set(self.access_token_secrets):
            raise ValueError("IDENTITY_SECRET and ACCESS_TOKEN_SECRET must differ")
        if "public_url" not in self.model_fields_set:
            raise ValueError("PUBLIC_URL must be set in production")

    def database_url_for(self, service: str) -> str:
        """The SQLAlchemy address of a service's database: `postgresql+asyncpg://…/atelier_<service>`.

        `<SERVICE>_DATABASE_URL` wins; else `DATABASE_URL` with its path replaced. libpq's `sslmode` becomes
        asyncpg's `ssl`.

        Raises:
            SettingsError: neither is set, or it is not a PostgreSQL address.
        """
        override = self.database_urls.get(service)
        chosen = override or self.database_server_url
        name = f"{service.upper()}_DATABASE_URL" if override else "DATABASE_URL"
        if chosen is None:
            raise SettingsError(f"DATABASE_URL (or {service.upper()}_DATABASE_URL) is missing")
        parts = urlsplit(chosen.get_secret_value())
        if parts.scheme.partition("+")[0] not in {"postgresql", "postgres"}:
            raise SettingsError(f"{name} must look like postgresql://user:password@host:port/")
        path = parts.path if override else f"/atelier_{service}"
        if len(path) < 2:
            raise SettingsError(f"{name} must name a database")
        query = urlencode(
            [("ssl" if key == "sslmode" else key, value) for key, value in parse_qsl(parts.query)], safe="/"
        )
        # urlunsplit drops the empty authority of a socket address (postgresql:///name?host=/run/postgresql).
        return f"postgresql+asyncpg://{parts.netloc}{urlunsplit(('', '', path, query, ''))}"


SettingsT = TypeVar("SettingsT", bound=CommonSettings)


def load_settings(cls: type[SettingsT]) -> SettingsT:
    """Read settings from the environment, or end the process with code 2 and one readable line on stderr."""
    try:
        return cls()
    except ValidationError as error:
        exit_misconfigured(describe(cls, error))


def exit_misconfigured(problem: str) -> Never:
    """Say what is wrong with the configuration in one line and exit with code 2 (no stack trace)."""
    sys.stderr.write(f"configuration error: {problem}\n")
    raise SystemExit(2)


def describe(cls: type[CommonSettings], error: ValidationError) -> str:
    """Every problem of a failed load by the environment variable's name, on one line, without the values."""
    prefix = cls.model_config.get("env_prefix", "")
    problems = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        where = str(item["loc"][0]) if item["loc"] else ""
        field = cls.model_fields.get(where)
        if field is not None:
            where = str(field.validation_alias or f"{prefix}{where}").upper()
        message = "is missing" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        problems.append(f"{where} {message}".strip().replace("\n", " "))
    return "; ".join(problems)
