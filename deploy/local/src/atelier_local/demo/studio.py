"""Owns the customer's side: the public REST API and event streams, nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx2

from atelier_local.demo.http import open_client, send_expecting
from atelier_local.demo.sse import ServerEvent, follow


class Studio:
    """One customer's client of the gateway; answers are the API's JSON."""

    def __init__(self, base_url: str) -> None:
        self._http = open_client(base_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sign_up(self, email: str, password: str) -> dict[str, Any]:
        """A new user, who is signed in from here on."""
        body = {"email": email, "password": password, "locale": "en"}
        session = send_expecting(self._http, 201, "POST", "/v1/users", json=body).json()
        self._http.headers["Authorization"] = f"Bearer {session['access_token']}"
        return dict(session)

    def get(self, path: str) -> dict[str, Any]:
        """What is at `path`."""
        return dict(send_expecting(self._http, 200, "GET", path).json())

    def post(self, path: str, body: Mapping[str, Any], key: str, expected: int) -> httpx2.Response:
        """Ask for something that costs, under an idempotency key."""
        return send_expecting(self._http, expected, "POST", path, json=body, headers={"Idempotency-Key": key})

    def events(self, path: str, after: str, seconds_max: float) -> Iterator[ServerEvent]:
        """A stream of events after the resume point; see `follow`."""
        return follow(self._http, path, after=after, seconds_max=seconds_max)

    def picture(self, url: str) -> bytes:
        """The bytes behind a result's link, fetched as a stranger would: the link alone must do."""
        with open_client() as stranger:
            return send_expecting(stranger, 200, "GET", url, follow_redirects=True).content
