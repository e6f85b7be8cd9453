"""Owns the customer's side: the public REST API and event streams, nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx2

from atelier_local.demo.checks import DemoFailed
from atelier_local.demo.sse import ServerEvent, follow

_TIMEOUT = httpx2.Timeout(20.0, connect=5.0)


class Studio:
    """One customer's client of the gateway; answers are the API's JSON."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx2.Client(base_url=base_url, timeout=_TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sign_up(self, email: str, password: str) -> dict[str, Any]:
        """A new user, who is signed in from here on."""
        body = {"email": email, "password": password, "locale": "en"}
        session = self.call("POST", "/v1/users", 201, json=body).json()
        self._http.headers["Authorization"] = f"Bearer {session['access_token']}"
        return dict(session)

    def get(self, path: str) -> dict[str, Any]:
        """What is at `path`."""
        return dict(self.call("GET", path, 200).json())

    def post(self, path: str, body: Mapping[str, Any], key: str, expected: int) -> httpx2.Response:
        """Ask for something that costs, under an idempotency key."""
        return self.call("POST", path, expected, json=body, headers={"Idempotency-Key": key})

    def events(self, path: str, after: str, seconds_max: float) -> Iterator[ServerEvent]:
        """A stream of events after the resume point; see `follow`."""
        return follow(self._http, path, after=after, seconds_max=seconds_max)

    def picture(self, url: str) -> bytes:
        """The bytes behind a result's link, fetched as a stranger would: the link alone must do."""
        with httpx2.Client(timeout=_TIMEOUT, trust_env=False) as stranger:
            answer = stranger.get(url, follow_redirects=True)
        if answer.status_code != httpx2.codes.OK:
            raise DemoFailed(f"the picture's link answered {answer.status_code}")
        return answer.content

    def call(self, method: str, path: str, expected: int, **options: Any) -> httpx2.Response:
        """One request.

        Raises:
            DemoFailed: another status than the expected one, told in the words of the problem document.
        """
        answer = self._http.request(method, path, **options)
        if answer.status_code != expected:
            raise DemoFailed(f"{method} {path} answered {answer.status_code} instead of {expected}{_why(answer)}")
        return answer


def _why(answer: httpx2.Response) -> str:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    problem = answer.json()
    return f": {problem['code']}, {problem['detail']} (trace {problem.get('trace_id') or 'unknown'})"
