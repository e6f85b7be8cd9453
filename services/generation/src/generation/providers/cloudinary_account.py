"""A Cloudinary account as ``CLOUDINARY_URL`` describes it, free of the package's global configuration."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from generation.providers.errors import ConfigurationError

_TEXT_OPTIONS = frozenset({"upload_prefix", "cname", "secure_distribution", "signature_algorithm"})
_SWITCHES = frozenset({"secure", "private_cdn", "cdn_subdomain", "secure_cdn_subdomain", "long_url_signature"})
_IGNORED = frozenset({"timeout"})  # GENERATION_STORE_TIMEOUT_SECONDS governs; the package ignores it on uploads
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class CloudinaryAccount:
    """Credentials, and where and how addresses are built."""

    cloud_name: str
    api_key: str
    api_secret: str = field(repr=False)
    options: dict[str, str | bool] = field(default_factory=dict)

    def package_options(self) -> dict[str, Any]:
        """Every option the package would otherwise take from its global configuration, given explicitly."""
        return {
            "secure": True,
            "private_cdn": False,
            "cname": None,
            "secure_distribution": None,
            "cdn_subdomain": False,
            "secure_cdn_subdomain": False,
            "upload_prefix": "https://api.cloudinary.com",
            "signature_algorithm": "sha1",
            "signature_version": 2,
            "long_url_signature": False,
            "force_version": True,
            "shorten": False,
            "use_root_path": False,
            "use_fetch_format": False,
            "responsive_width": False,
            "auth_token": False,
            "cloud_name": self.cloud_name,
            "api_key": self.api_key,
            "api_secret": self.api_secret,
        } | self.options


def parse_account(url: str) -> CloudinaryAccount:
    """Read ``cloudinary://key:secret@cloud[/distribution]?secure=false&cname=…``.

    The package reads ``secure=false`` as the text "false", which is true; here a switch is a switch, and an
    option nobody knows is refused instead of ignored.

    Raises:
        ConfigurationError: a part is missing or odd; the message never holds the secret.
    """
    parts = urlsplit(url)
    credentials, _, cloud_name = parts.netloc.rpartition("@")
    api_key, _, api_secret = credentials.partition(":")
    if parts.scheme != "cloudinary" or not (cloud_name and api_key and api_secret):
        raise ConfigurationError("CLOUDINARY_URL is not of the form cloudinary://key:secret@cloud")
    options: dict[str, str | bool] = {}
    if parts.path.strip("/"):
        options |= {"private_cdn": True, "secure_distribution": parts.path.strip("/")}
    for name, value in parse_qsl(parts.query):
        if name in _TEXT_OPTIONS:
            options[name] = value
        elif name in _SWITCHES and value.lower() in _TRUTH:
            options[name] = _TRUTH[value.lower()]
        elif name not in _IGNORED:
            raise ConfigurationError(f"CLOUDINARY_URL: option {name}={value} is not understood")
    return CloudinaryAccount(cloud_name, unquote(api_key), unquote(api_secret), options)
