"""Owns what the tests know of the environment: which process reads which variables, read off the settings classes."""

import json
from dataclasses import dataclass

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode

from billing.settings import BillingSettings
from gateway.settings import GatewaySettings
from generation.providers.settings import ProviderSettings, StorageSettings
from generation.settings import GenerationSettings
from notifier.settings import NotifierSettings

SettingsClass = type[BaseSettings]

SERVICES: dict[str, SettingsClass] = {
    "gateway": GatewaySettings,
    "billing": BillingSettings,
    "generation": GenerationSettings,
    "notifier": NotifierSettings,
}
DATABASE_OVERRIDES = {service: f"{service.upper()}_DATABASE_URL" for service in SERVICES}
INSTANCE = "INSTANCE"  # read by common.bus.runner
INTERNAL = {"ATELIER_DATABASE_URLS"}  # filled from <SERVICE>_DATABASE_URL; nobody is meant to set it

ADDRESSES = {"database": "postgresql://atelier:secret@database.internal:5432/", "redis": "redis://queue.internal/0"}
SAMPLE_SECRETS = {
    **{name: f"{ADDRESSES['database']}atelier_{service}" for service, name in DATABASE_OVERRIDES.items()},
    "REDIS_URL": ADDRESSES["redis"],
    "IDENTITY_SECRET": "i" * 32,
    "ACCESS_TOKEN_SECRET": "a" * 32,
    "STRIPE_API_KEY": "sk_test_sample",
    "STRIPE_WEBHOOK_SECRETS": "whsec_sample",
    "OPENAI_API_KEY": "sk-sample",
    "REPLICATE_API_TOKEN": "r8_sample",
    "CLOUDINARY_URL": "cloudinary://key:secret@cloud",
    "SMTP_URL": "smtp://user:password@mail.example:587?tls=starttls",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: its field, and the default as a person would write it (None: it must be given)."""

    name: str
    field: FieldInfo
    default: str | None


def settings_of(args: list[str]) -> list[SettingsClass]:
    """The classes that a process with these arguments reads."""
    classes = [SERVICES[args[0]]]
    if args == ["generation", "worker"]:
        return [*classes, ProviderSettings]
    return [*classes, StorageSettings] if args in (["generation"], ["generation", "service"]) else classes


def variables_of(cls: SettingsClass) -> dict[str, Variable]:
    """Every variable of a class by name."""
    prefix = cls.model_config.get("env_prefix", "")
    found = {}
    for field_name, field in cls.model_fields.items():
        name = str(field.validation_alias or f"{prefix}{field_name}").upper()
        if name not in INTERNAL:
            found[name] = Variable(name, field, _written(field))
    return found


def names_read_by(args: list[str]) -> set[str]:
    """Every name that means something to a process with these arguments."""
    names = {name for cls in settings_of(args) for name in variables_of(cls)}
    return names | {DATABASE_OVERRIDES[args[0]], INSTANCE}


def _written(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(value) if NoDecode in field.metadata else json.dumps(list(value))
    return json.dumps(value) if isinstance(value, dict) else str(value)
