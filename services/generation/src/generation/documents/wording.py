"""How quotes and invoices read: their words in English and French, and how money, figures and days are written."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

_NARROW = "\u202f"
_FIXED = "\xa0"
_ENGLISH = "January February March April May June July August September October November December"
_FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_MONTHS = {"en": _ENGLISH.split(" "), "fr": _FRENCH.split(" ")}

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "quote": "Quote",
            "invoice": "Invoice",
            "from": "From",
            "to": "For",
            "date": "Date",
            "due": "Payable by",
            "of_quote": "Quote",
            "description": "Description",
            "quantity": "Quantity",
            "unit_price": "Unit price",
            "total": "Total",
            "net": "Net",
            "tax": "Tax {rate} %",
            "gross": "Total to pay",
            "valid": "This quote is valid for 30 days from its date.",
            "pay": "Pay this invoice online",
        },
        "fr": {
            "quote": "Devis",
            "invoice": "Facture",
            "from": "De",
            "to": "Pour",
            "date": "Date",
            "due": "À payer avant le",
            "of_quote": "Devis",
            "description": "Désignation",
            "quantity": "Quantité",
            "unit_price": "Prix unitaire",
            "total": "Total",
            "net": "Total HT",
            "tax": "TVA {rate} %",
            "gross": "Total TTC",
            "valid": "Ce devis est valable 30 jours à compter de sa date.",
            "pay": "Payer cette facture en ligne",
        },
    }
)


def money(amount_minor: int, currency: str, language: str) -> str:
    """An amount in a currency with two decimals: `1,234.50 EUR`, in French `1 234,50 EUR`."""
    whole, cents = divmod(abs(amount_minor), 100)
    grouped = f"{whole:,}"
    figure = f"{grouped.replace(',', _NARROW)},{cents:02d}" if language == "fr" else f"{grouped}.{cents:02d}"
    return f"{'-' if amount_minor < 0 else ''}{figure}{_FIXED}{currency}"


def decimal(text: str, language: str) -> str:
    """A decimal number as it is written in the language."""
    return text.replace(".", ",") if language == "fr" else text


def day(value: date, language: str) -> str:
    """A day: `30 November 2026`, `30 novembre 2026`, `1er mai 2026`."""
    number = "1er" if language == "fr" and value.day == 1 else str(value.day)
    return f"{number} {_MONTHS[language][value.month - 1]} {value.year}"
