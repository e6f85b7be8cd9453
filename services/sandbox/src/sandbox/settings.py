"""What can be configured about the sandbox, by environment variables that begin with `SANDBOX_`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SandboxSettings(BaseSettings):
    """Typed settings; every default is safe on a developer's machine and means nothing elsewhere."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", extra="ignore")

    http_host: str = "127.0.0.1"
    http_port: int = Field(8090, ge=0, le=65535, description="0 takes a free port")
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(8025, ge=0, le=65535, description="0 takes a free port")
    public_url: str | None = Field(None, description="base of every URL in an answer; default from the port")

    latency_scale: float = Field(1.0, ge=0, le=100, description="multiplies the pretended working times")
    drawing_threads: int = Field(2, ge=1, le=16)

    stripe_webhook_url: str | None = None
    stripe_webhook_types: str = "*"
    """Event types that the endpoint subscribes to, separated by commas; a `*` at the end stands for any rest."""
    stripe_webhook_secret: SecretStr = SecretStr("whsec_sandbox")
    webhook_retry_base_seconds: float = Field(0.5, gt=0, le=60)
    webhook_retry_max_seconds: float = Field(30, gt=0, le=3600)
    webhook_attempts_max: int = Field(20, ge=1, le=20)
    webhook_timeout_seconds: float = Field(10, gt=0, le=60)

    cloudinary_cloud: str = "sandbox"
    cloudinary_key: str = "sandbox-key"
    cloudinary_secret: SecretStr = SecretStr("sandbox-secret")

    replicate_models: str = Field("", description="more owner/name pairs, comma separated, that make images")
    replicate_webhook_secret: SecretStr = SecretStr("whsec_c2FuZGJveC1zZWNyZXQtZm9yLXRlc3Rz")
    openai_revised_prompt: bool = Field(True, description="whether images carry a revised_prompt")

    requests_kept_max: int = Field(2_000, ge=1)
    spans_kept_max: int = Field(20_000, ge=1)
    mails_kept_max: int = Field(500, ge=1)
    images_kept_max: int = Field(500, ge=1)
    image_bytes_kept_max: int = Field(256 * 1024 * 1024, ge=1)
    stripe_objects_kept_max: int = Field(5_000, ge=1, description="of each kind")
    body_bytes_max: int = Field(64 * 1024 * 1024, ge=1)
    mail_bytes_max: int = Field(10 * 1024 * 1024, ge=1)
