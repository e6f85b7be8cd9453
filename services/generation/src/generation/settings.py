"""Generation's configuration. The providers' part is `generation.providers.settings`."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from common.settings import CommonSettings
from generation.kinds.kind import JOB_CLASSES

Names = Annotated[tuple[str, ...], NoDecode]


class GenerationSettings(CommonSettings):
    """What generation reads from the environment; the shared part is `CommonSettings`."""

    model_config = SettingsConfigDict(env_prefix="GENERATION_")

    host: str = "127.0.0.1"
    port: int = Field(8003, ge=1, le=65535)
    worker_port: int = Field(8004, ge=1, le=65535)
    pool_size: int = Field(8, ge=2, le=50)
    classes: Names = JOB_CLASSES
    """The classes a worker serves."""
    slots: dict[str, int] = Field(default_factory=lambda: {"local": 2, "image": 8, "text": 8, "document": 2})
    """How many runs of a class one worker carries out at once."""
    memory_mb: int = Field(200, ge=16, le=1_000_000)
    """What the runs of one worker may take together; a run that does not fit waits in line."""
    stuck_seconds: float = Field(20.0, ge=1.0, le=600.0)
    """A worker whose event loop is blocked for so long ends itself; others take its runs."""
    workers: int = Field(1, ge=1, le=1000)
    """How many workers of each class there are, for the estimates of waiting."""
    lease_seconds: float = Field(6.0, ge=1.0, le=600.0)
    provider_seconds_max: float = Field(180.0, ge=1.0, le=3600.0)
    """The longest a step may spend on all tries at all providers."""
    picture_pixels_max: int = Field(40_000_000, ge=1_000_000, le=100_000_000)
    """Of a customer's picture; opening one takes 4 bytes a pixel and more, in a child process."""
    image_hosts: Names = ()
    """Hosts from which customers' pictures are fetched although they are not public; for development only."""
    local_processes: int = Field(2, ge=1, le=64)
    """How many child processes do work of the processor at once."""
    local_memory_mb: int = Field(512, ge=128, le=16384)
    """Address space of one child process, libraries included."""
    local_idle_seconds: float = Field(15.0, ge=0.1, le=3600.0)
    """A child process without work ends after this and gives its memory back."""
    client_mails_a_day: int = Field(20, ge=0, le=10_000)
    """How many mails with quotes and invoices an account may have sent to its clients on a day (UTC)."""
    kind_modules: Names = ()
    """Modules besides `generation.kinds` that declare a kind."""

    @field_validator("classes", "kind_modules", "image_hosts", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(value) - set(JOB_CLASSES)
        if unknown or not value:
            raise ValueError(f"must name some of {', '.join(JOB_CLASSES)}")
        return value

    @field_validator("slots")
    @classmethod
    def _slots_for_all(cls, value: dict[str, int]) -> dict[str, int]:
        if set(value) != set(JOB_CLASSES) or any(not 1 <= count <= 256 for count in value.values()):
            raise ValueError(f"must give 1 to 256 slots for each of {', '.join(JOB_CLASSES)}")
        return value

    @model_validator(mode="after")
    def _no_exempt_hosts_in_production(self) -> Self:
        if self.production and self.image_hosts:
            raise ValueError("GENERATION_IMAGE_HOSTS opens our own network to customers; leave it empty")
        return self
