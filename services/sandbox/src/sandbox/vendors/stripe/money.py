"""Amounts as people read them."""

_NO_MINOR_UNIT = frozenset({"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd"})
_SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥"}


def money(amount: int, currency: str) -> str:
    """An amount in minor units as people read it."""
    size = abs(amount)
    digits = f"{size:,}" if currency in _NO_MINOR_UNIT else f"{size / 100:,.2f}"
    symbol = _SYMBOLS.get(currency)
    return ("−" if amount < 0 else "") + (f"{symbol}{digits}" if symbol else f"{digits} {currency.upper()}")
