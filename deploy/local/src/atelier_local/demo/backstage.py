"""Owns the look behind the vendors' stand-ins: paying, mails, calls received, faults, traces."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import httpx2

from atelier_local.demo.http import open_client, send, send_expecting

Fault = Mapping[str, Any]


class Backstage:
    """The sandbox's own API."""

    def __init__(self, base_url: str) -> None:
        self._http = open_client(base_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def pay(self, url: str) -> str:
        """Press the button of Stripe's payment page; answers where the customer is sent then."""
        return send_expecting(self._http, 303, "POST", url).headers["location"]

    def mails(self, to: str, about: str = "") -> list[dict[str, Any]]:
        """The mails to an address whose text mentions `about`, newest first."""
        return [mail for mail in self._list("/sandbox/inbox", to=to) if about in mail["text"]]

    def calls(self, vendor: str, operation: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """The calls a vendor received after the one numbered `after`, oldest first."""
        filters = {"vendor": vendor} | ({"operation": operation} if operation else {})
        return [call for call in self._list("/sandbox/requests", **filters) if call["id"] > after]

    def last_call(self) -> int:
        """The number of the latest call of any vendor."""
        return max((call["id"] for call in self._list("/sandbox/requests")), default=0)

    def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """The spans of a trace that have arrived, none when it is not known yet."""
        answer = send(self._http, "GET", f"/sandbox/traces/{trace_id}")
        return list(answer.json()) if answer.status_code == httpx2.codes.OK else []

    @contextmanager
    def failing(self, faults: Sequence[Fault]) -> Iterator[None]:
        """Faults in force for as long as the block lasts, however it ends."""
        ids: list[str] = []
        try:
            for fault in faults:
                ids.append(send_expecting(self._http, 201, "POST", "/sandbox/faults", json=dict(fault)).json()["id"])
            yield
        finally:
            for fault_id in ids:
                send_expecting(self._http, 204, "DELETE", f"/sandbox/faults/{fault_id}")

    def clear_leftovers(self) -> int:
        """Remove faults that an interrupted demonstration left behind and that would still strike; how many."""
        waiting = [
            fault
            for fault in self._list("/sandbox/faults")
            if fault["times"] is None or fault["applied"] < fault["times"]
        ]
        for fault in waiting:
            send_expecting(self._http, 204, "DELETE", f"/sandbox/faults/{fault['id']}")
        return len(waiting)

    def _list(self, path: str, **filters: str) -> list[dict[str, Any]]:
        return list(send_expecting(self._http, 200, "GET", path, params=filters).json())
