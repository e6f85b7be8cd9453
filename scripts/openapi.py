"""Writes docs/openapi: one OpenAPI document for each service with an API. With `--check` it only compares."""

import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

import billing.bootstrap
import gateway.bootstrap
import generation.bootstrap
import notifier.bootstrap
from billing.ledger import routes as ledger_routes
from billing.settings import BillingSettings
from billing.statements import routes as statement_routes
from billing.stripe.assembly import build_stripe
from billing.top_ups.assembly import build_top_ups
from common.db.database import Database
from common.http.app import create_app
from common.http.identity import require_identity
from gateway.kinds.catalogue import KindCatalogue
from gateway.openapi_passed_on import with_the_gateways_answers
from gateway.settings import GatewaySettings
from generation.artefacts import routes as artefact_routes
from generation.artefacts.links import ArtefactLinks
from generation.assets import routes as asset_routes
from generation.assets.assembly import build_assets
from generation.documents import routes as document_routes
from generation.documents.desk import DocumentSettings
from generation.kinds.discovery import discover
from generation.local.pool import LocalPool, PoolLimits
from generation.providers.settings import StorageSettings
from generation.questionnaires import routes as questionnaire_routes
from generation.questionnaires.filling import Questionnaires
from generation.settings import GenerationSettings
from notifier.settings import NotifierSettings

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "openapi"
ADDRESSES: Mapping[str, Any] = {
    "redis_url": SecretStr("redis://127.0.0.1/0"),
    "database_server_url": SecretStr("postgresql://nobody@127.0.0.1/"),
    "database_urls": {},
    "environment": "development",
}
"""Nothing connects while a document is made; the settings only want an address."""


def gateway_app() -> FastAPI:
    """The gateway, with the kinds that generation declares."""
    parts = gateway.bootstrap.Parts(GatewaySettings(**ADDRESSES))
    declared = [kind.declaration() for kind in discover().values()]
    parts.catalogue = KindCatalogue(parts.database, declared)
    app = gateway.bootstrap.build_app(parts)
    parts.passwords.close()
    return app


def billing_app() -> FastAPI:
    """Billing's routes, as its bootstrap includes them."""
    settings = BillingSettings(
        **ADDRESSES, stripe_api_key=SecretStr("sk_test_none"), stripe_webhook_secrets=(SecretStr("whsec_none"),)
    )
    database = Database(settings.database_url_for("billing"), application="openapi")
    identify = require_identity(settings.identity_secrets)
    stripe = build_stripe(settings, database, identify)
    return create_app(
        service="billing",
        settings=settings,
        routers=[
            ledger_routes.build_router(database, identify),
            statement_routes.build_router(database, identify),
            *stripe.routers,
            build_top_ups(settings, database, stripe.api, identify).router,
        ],
        readiness={},
        title="Atelier billing",
        version=billing.bootstrap.VERSION,
    )


def notifier_app() -> FastAPI:
    """The notifier."""
    return notifier.bootstrap.build(NotifierSettings(**ADDRESSES)).app


def generation_app() -> FastAPI:
    """Generation's routes, as its bootstrap includes them."""
    settings = GenerationSettings(**ADDRESSES)
    storage = StorageSettings(cloudinary_url=SecretStr("cloudinary://key:secret@cloud"))
    database = Database(settings.database_url_for("generation"), application="openapi")
    assets = build_assets(settings, storage, database, LocalPool(PoolLimits()), AsyncExitStack())
    links = ArtefactLinks(database, assets.store, timedelta(days=7))
    identify = require_identity(settings.identity_secrets)
    return create_app(
        service="generation",
        settings=settings,
        routers=[
            asset_routes.build_router(database, assets.uploads, identify),
            artefact_routes.build_router(links, identify),
            questionnaire_routes.build_router(Questionnaires(database), identify),
            document_routes.build_router(database, DocumentSettings(settings.public_url), links.fresh, identify),
        ],
        readiness={},
        title="Atelier generation",
        version=generation.bootstrap.VERSION,
    )


SERVICES = {"gateway": gateway_app, "billing": billing_app, "notifier": notifier_app, "generation": generation_app}


def render(document: Mapping[str, Any]) -> str:
    """A document as it is kept in the repository."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def expected() -> dict[str, str]:
    """The content of every file of the folder, by its name."""
    documents = {service: build().openapi() for service, build in SERVICES.items()}
    return {
        f"{service}.json": render(document if service == "gateway" else with_the_gateways_answers(document))
        for service, document in documents.items()
    }


def differences(folder: Path = FOLDER) -> list[str]:
    """The names of files that are missing, stale or left over."""
    wanted = expected()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path = FOLDER) -> None:
    """Make the folder what it should be."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = expected()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (folder / name).write_text(content, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write, or with `--check` say what differs; answers the exit code."""
    if arguments == ["--check"]:
        stale = differences()
        for name in stale:
            print(f"docs/openapi/{name} is not what the code says; run scripts/openapi.py")
        return 1 if stale else 0
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
