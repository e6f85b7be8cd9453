"""The page of an invoice for whoever pays it: leads on to the payment, or tells that it is paid or not ready yet.

Its address is printed on the invoice, so it stays while the place where money is taken may not exist yet or change.
"""

import base64
import hashlib
from html import escape

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from common.db.database import Database
from generation.documents import storage
from generation.documents.desk import PAY_PATH
from generation.documents.wording import money

TOKEN_CHARACTERS_MAX = 64
AGAIN_SECONDS = 5
_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;"
    "color-scheme:light dark}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
_WORDS = {
    "en": {
        "paid": "Invoice {number} is paid. Thank you.",
        "soon": "Invoice {number}, {amount}: the payment page is being prepared. This page looks again by itself.",
    },
    "fr": {
        "paid": "La facture {number} est payée. Merci.",
        "soon": "Facture {number}, {amount} : la page de paiement se prépare. Cette page se recharge d’elle-même.",
    },
}
_UNKNOWN = "There is no such invoice. · Cette facture n’existe pas."


def build_router(database: Database) -> APIRouter:
    """The page; anybody who has its address may see it."""
    router = APIRouter(include_in_schema=False)

    @router.api_route(f"{PAY_PATH}{{token}}", methods=["GET", "HEAD"])
    async def pay(token: str) -> Response:
        invoice = None
        if len(token) <= TOKEN_CHARACTERS_MAX and token.isascii() and token.isprintable():
            invoice = await database.transact(storage.invoice_to_pay, token)
        if invoice is None or not invoice.payable:
            return _page(_UNKNOWN, "en", status_code=404)
        words, language = _WORDS[invoice.offer.language], invoice.offer.language
        if invoice.paid_at is not None:
            return _page(words["paid"].format(number=invoice.number), language)
        if invoice.payment_url is not None:
            return RedirectResponse(invoice.payment_url, 303, headers={"cache-control": "no-store"})
        amount = money(invoice.offer.gross_minor, invoice.offer.currency, language)
        return _page(words["soon"].format(number=invoice.number, amount=amount), language, again=True)

    return router


def _page(text: str, language: str, *, status_code: int = 200, again: bool = False) -> Response:
    refresh = f'<meta http-equiv="refresh" content="{AGAIN_SECONDS}">' if again else ""
    body = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}'
        f"<title>Atelier</title><style>{_STYLE}</style></head><body><p>{escape(text)}</p></body></html>"
    )
    return HTMLResponse(body, status_code, headers=_HEADERS)
