"""Cloudinary's signatures: of API parameters and of delivery URLs, by SHA-1 or SHA-256."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

_UNSIGNED = frozenset({"file", "api_key", "signature", "resource_type", "cloud_name"})
_SHORT, _LONG = 8, 32


def _to_sign(params: Mapping[str, str], *, escape: bool) -> str:
    pairs = [f"{name}={value}" for name, value in params.items() if value and name not in _UNSIGNED]
    return "&".join(sorted(pair.replace("&", "%26") if escape else pair for pair in pairs))


def sign_parameters(params: Mapping[str, str], secret: str) -> str:
    """The signature an API answer carries: SHA-1, version 1 (no escaping)."""
    return hashlib.sha1((_to_sign(params, escape=False) + secret).encode()).hexdigest()  # noqa: S324


def parameters_are_signed(params: Mapping[str, str], signature: str, secret: str) -> bool:
    """Whether the signature is one the SDK makes: version 1 or 2, SHA-1 or SHA-256."""
    valid = False
    for escape in (True, False):
        text = (_to_sign(params, escape=escape) + secret).encode()
        for algorithm in ("sha1", "sha256"):
            expected = hashlib.new(algorithm, text).hexdigest()
            valid |= hmac.compare_digest(expected.encode(), signature.encode())
    return valid


def url_signature(to_sign: str, secret: str, *, algorithm: str = "sha1", length: int = _SHORT) -> str:
    """The part between `s--` and `--` of a delivery URL; `to_sign` is transformation and source."""
    digest = hashlib.new(algorithm, (to_sign + secret).encode()).digest()
    return base64.urlsafe_b64encode(digest)[:length].decode("ascii")


def url_is_signed(to_sign: str, signature: str, secret: str) -> bool:
    """Whether a delivery URL's signature is right: 8 characters of either hash, or 32 of SHA-256."""
    candidates = (("sha1", _SHORT), ("sha256", _SHORT), ("sha256", _LONG))
    expected = [url_signature(to_sign, secret, algorithm=name, length=length) for name, length in candidates]
    return any(hmac.compare_digest(one.encode(), signature.encode()) for one in expected)
