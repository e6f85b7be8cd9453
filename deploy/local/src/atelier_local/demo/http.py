"""Owns one HTTP request of the demonstration: bounded in time, and told in plain words when nobody answers."""

from typing import Any

import httpx2

from atelier_local.demo.checks import DemoFailed

_TIMEOUT = httpx2.Timeout(20.0, connect=5.0)


def open_client(base_url: str = "") -> httpx2.Client:
    """A client with time limits that goes straight to its address, whatever proxies the environment names."""
    return httpx2.Client(base_url=base_url, timeout=_TIMEOUT, trust_env=False)


def send(client: httpx2.Client, method: str, url: str, **options: Any) -> httpx2.Response:
    """One request.

    Raises:
        DemoFailed: there was no answer.
    """
    try:
        return client.request(method, url, **options)
    except httpx2.TransportError as error:
        raise DemoFailed(f"{method} {client.base_url.join(url)} got no answer: {error!r}") from error


def send_expecting(client: httpx2.Client, expected: int, method: str, url: str, **options: Any) -> httpx2.Response:
    """One request whose answer's status is known beforehand.

    Raises:
        DemoFailed: there was no answer, or one with another status; told in the words of its problem document.
    """
    answer = send(client, method, url, **options)
    if answer.status_code != expected:
        raise DemoFailed(f"{method} {url} answered {answer.status_code} instead of {expected}{_why(answer)}")
    return answer


def _why(answer: httpx2.Response) -> str:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    problem = answer.json()
    return f": {problem['code']}, {problem['detail']} (trace {problem.get('trace_id') or 'unknown'})"
