"""The sandbox's own API from Python: what tests set faults and count calls with."""

from typing import Any

import httpx2

_SECONDS_MAX = 10.0


class SandboxClient:
    """A thin asynchronous client of `/sandbox`; answers are the API's JSON."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx2.AsyncClient(base_url=base_url, timeout=_SECONDS_MAX, trust_env=False)

    async def __aenter__(self) -> "SandboxClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def fault(self, vendor: str, operation: str | None, fault: dict[str, Any], **rule: Any) -> str:
        """Puts a fault in force (`times`, `after` as keywords) and gives its id.

        Raises:
            httpx2.HTTPStatusError: the sandbox refuses the rule.
        """
        body = {"vendor": vendor, "operation": operation, "fault": fault, **rule}
        return str((await self._json("POST", "/sandbox/faults", json=body))["id"])

    async def clear_faults(self) -> None:
        """Takes every fault out of force."""
        await self._send("DELETE", "/sandbox/faults")

    async def requests(self, vendor: str, operation: str | None = None) -> list[dict[str, Any]]:
        """What a vendor was asked, oldest first."""
        params = {"vendor": vendor} | ({"operation": operation} if operation else {})
        return list(await self._json("GET", "/sandbox/requests", params=params))

    async def inbox(self, **filters: str) -> list[dict[str, Any]]:
        """The mails received, newest first; `to` and `subject` filter."""
        return list(await self._json("GET", "/sandbox/inbox", params=filters))

    async def traces(self, **filters: str) -> list[dict[str, Any]]:
        """The traces with a span of this `name` and `attribute` (`key:value`), newest first."""
        return list(await self._json("GET", "/sandbox/traces", params=filters))

    async def order_stripe(self, path: str, **orders: Any) -> dict[str, Any]:
        """What pretended Stripe shall do, below `/sandbox/stripe`, as `subscriptions/{id}/renew` with `outcome`.

        Raises:
            httpx2.HTTPStatusError: it cannot.
        """
        return dict(await self._json("POST", f"/sandbox/stripe/{path}", json=orders))

    async def reset(self) -> None:
        """Forgets everything."""
        await self._send("POST", "/sandbox/reset")

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        return (await self._send(method, path, **options)).json()

    async def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        answer = await self.http.request(method, path, **options)
        answer.raise_for_status()
        return answer
