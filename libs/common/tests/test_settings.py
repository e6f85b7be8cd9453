import subprocess
import sys

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from common.settings import CommonSettings, SettingsError, describe, load_settings

SECRET = "x" * 32


class BillingSettings(CommonSettings):
    model_config = SettingsConfigDict(env_prefix="BILLING_")

    port: int = 8001
    audit_seconds: float


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in (
        "DATABASE_URL",
        "REDIS_URL",
        "IDENTITY_SECRET",
        "ACCESS_TOKEN_SECRET",
        "PUBLIC_URL",
        "ATELIER_ENV",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:6379/0")


def production(monkeypatch, **values):
    monkeypatch.setenv("ATELIER_ENV", "production")
    for name, value in ({"IDENTITY_SECRET": SECRET, "PUBLIC_URL": "https://atelier.example"} | values).items():
        monkeypatch.setenv(name, value)
    return CommonSettings()


def test_shared_fields_keep_their_names_beside_prefixed_ones(monkeypatch):
    monkeypatch.setenv("BILLING_PORT", "9001")
    monkeypatch.setenv("BILLING_AUDIT_SECONDS", "60")
    monkeypatch.setenv("BILLING_REDIS_URL", "redis://elsewhere/0")
    settings = load_settings(BillingSettings)
    assert (settings.port, settings.audit_seconds) == (9001, 60)
    assert settings.redis_url.get_secret_value() == "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("postgresql://u:p@db:5432/", "postgresql+asyncpg://u:p@db:5432/atelier_billing"),
        ("postgres://u:p%40@db/postgres", "postgresql+asyncpg://u:p%40@db/atelier_billing"),
        ("postgresql://u@db/?sslmode=require", "postgresql+asyncpg://u@db/atelier_billing?ssl=require"),
        ("postgresql:///?host=/run/pg", "postgresql+asyncpg:///atelier_billing?host=/run/pg"),
        ("postgresql+asyncpg://u@db/", "postgresql+asyncpg://u@db/atelier_billing"),
    ],
)
def test_adds_the_service_database_to_the_server_address(monkeypatch, server, expected):
    monkeypatch.setenv("DATABASE_URL", server)
    assert CommonSettings().database_url_for("billing") == expected


def test_service_database_address_wins(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@shared/")
    monkeypatch.setenv("BILLING_DATABASE_URL", "postgresql://u@own/ledger")
    settings = CommonSettings()
    assert settings.database_url_for("billing") == "postgresql+asyncpg://u@own/ledger"
    assert settings.database_url_for("gateway") == "postgresql+asyncpg://u@shared/atelier_gateway"


@pytest.mark.parametrize("url", [None, "mysql://u@db/", "garbage"])
def test_refuses_a_missing_or_foreign_database_address(monkeypatch, url):
    if url:
        monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        CommonSettings().database_url_for("billing")


def test_several_secrets_may_be_given_for_rotation(monkeypatch):
    monkeypatch.setenv("IDENTITY_SECRET", f"{SECRET}, {'y' * 40}")
    assert [s.get_secret_value() for s in CommonSettings().identity_secrets] == [SECRET, "y" * 40]


def test_development_has_secrets_of_its_own():
    settings = CommonSettings()
    assert settings.identity_secrets
    assert settings.access_token_secrets
    assert settings.identity_secrets != settings.access_token_secrets


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"IDENTITY_SECRET": ""}, "IDENTITY_SECRET must be set"),
        ({"IDENTITY_SECRET": "short"}, "at least 32 bytes"),
        ({"IDENTITY_SECRET": "development-identity-secret-never-for-production"}, "development values"),
        ({"ACCESS_TOKEN_SECRET": SECRET}, "must differ"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL must be set"),
    ],
)
def test_production_refuses_unsafe_values(monkeypatch, values, complaint):
    with pytest.raises(ValidationError, match=complaint):
        production(monkeypatch, **values)


def test_production_accepts_safe_values_and_needs_access_tokens_only_where_used(monkeypatch):
    settings = production(monkeypatch)
    assert settings.production
    assert settings.access_token_secrets == ()

    class Gateway(CommonSettings):
        requires_access_tokens = True

    with pytest.raises(ValidationError, match="ACCESS_TOKEN_SECRET must be set"):
        Gateway()


def test_names_every_problem_by_its_variable_and_shows_no_value(monkeypatch):
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setenv("TRACE_SAMPLE_RATIO", "7")
    monkeypatch.setenv("IDENTITY_SECRET", "hunter2")
    monkeypatch.setenv("BILLING_PORT", "eighty")
    with pytest.raises(ValidationError) as caught:
        BillingSettings()
    line = describe(BillingSettings, caught.value)
    for name in (
        "REDIS_URL is missing",
        "BILLING_AUDIT_SECONDS is missing",
        "TRACE_SAMPLE_RATIO",
        "BILLING_PORT",
    ):
        assert name in line
    assert "hunter2" not in line
    assert "\n" not in line


def test_a_bad_configuration_ends_the_process_with_one_line_and_code_2():
    code = "from common.settings import *; load_settings(CommonSettings)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"LOG_LEVEL": "loud"},
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "REDIS_URL is missing" in done.stderr
    assert "LOG_LEVEL" in done.stderr
