"""Owns which e-mail addresses are one person's: the spellings that well-known providers deliver to one mailbox."""

import hashlib

_GOOGLE = frozenset({"gmail.com", "googlemail.com"})
_PLUS_TAGS = _GOOGLE | {
    "fastmail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "me.com",
    "msn.com",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
}
_SAME_DOMAIN = {
    "googlemail.com": "gmail.com",
    "mac.com": "icloud.com",
    "me.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
}
"""Domains under which one mailbox has several addresses, as the providers document it."""


def identity_of(email: str) -> str:
    """The one spelling of a mailbox: lower case, without tags and, at Google, without dots. Never mailed to."""
    local, _, domain = email.lower().rpartition("@")
    if domain in _PLUS_TAGS:
        local = local.partition("+")[0] or local
    if domain in _GOOGLE:
        local = local.replace(".", "")
    return f"{local}@{_SAME_DOMAIN.get(domain, domain)}"


def identity_hash(email: str) -> str:
    """The identity as others may know it: SHA-256 in hex. It hides an address from readers, not from guessing."""
    return hashlib.sha256(identity_of(email).encode()).hexdigest()
