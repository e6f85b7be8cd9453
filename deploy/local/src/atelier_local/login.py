"""Owns the demonstration account: made through the public API, with a password of this home's own."""

import http.client
import json
from contextlib import closing
from urllib.parse import urlsplit

from atelier_local.credentials import load_credentials
from atelier_local.home import Home

EMAIL = "demo@atelier.example"
_REQUEST_SECONDS_MAX = 15.0
_CREATED = range(200, 300)
_EXISTS = 409


def ensure_demo_login(home: Home, gateway_url: str) -> tuple[str, str] | None:
    """Sign the account up unless it exists; answers e-mail and password, or None when sign-up is not offered.

    Raises:
        OSError: the gateway does not answer.
    """
    password = load_credentials(home).demo_password
    body = json.dumps({"email": EMAIL, "password": password, "locale": "en"})
    address = urlsplit(gateway_url)
    with closing(
        http.client.HTTPConnection(address.hostname or "", address.port, timeout=_REQUEST_SECONDS_MAX)
    ) as connection:
        connection.request("POST", "/v1/users", body, {"Content-Type": "application/json"})
        status = connection.getresponse().status
    return (EMAIL, password) if status in _CREATED or status == _EXISTS else None
